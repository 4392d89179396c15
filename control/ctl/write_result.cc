#include "control/ctl/write_result.h"

#include <fmt/format.h>

#include "control/cli/terminal.h"
#include "control/ctl/printable_text.h"

namespace mosaic::ctl {

std::string ResultText(const v1::ApplyResult& result) {
  const uint64_t flows = result.live_flows_touched();
  const std::string_view noun = flows == 1 ? "flow" : "flows";
  if (result.validated_only()) {
    return fmt::format(
        "dry run: nothing was changed, {} live {} would be attached anew",
        Grouped(flows), noun);
  }
  return fmt::format("revision {} on {} {} in {}, {} live {} attached anew",
                     result.revision(), result.cores_applied(),
                     result.cores_applied() == 1 ? "worker" : "workers",
                     HumanDuration(Seconds(result.quiesce_duration())),
                     Grouped(flows), noun);
}

std::string ChangeText(std::string_view name, std::string_view verb,
                       const v1::ApplyResult& result) {
  return fmt::format("{} {}{}", Printable(name), verb,
                     result.validated_only() ? " (dry run)" : "");
}

}  // namespace mosaic::ctl
