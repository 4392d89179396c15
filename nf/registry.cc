#include "nf/registry.h"

#include <array>
#include <string>

#include "absl/status/status.h"
#include "nf/firewall/firewall.h"
#include "nf/flow_log/flow_log.h"

namespace mosaic {
namespace {

constexpr std::array<std::string_view, 2> kTypes = {"firewall", "flow_log"};

}  // namespace

std::span<const std::string_view> NetworkFunctionTypes() { return kTypes; }

absl::StatusOr<std::unique_ptr<NetworkFunction>> MakeNetworkFunction(
    std::string_view type, const NfServices& services) {
  if (type == "firewall") return std::make_unique<Firewall>();
  if (type == "flow_log") return std::make_unique<FlowLog>(*services.records);
  std::string known;
  for (std::string_view name : kTypes) {
    known.append(known.empty() ? "" : ", ").append(name);
  }
  return absl::NotFoundError("no network function of type \"" +
                             std::string(type) + "\"; there are " + known);
}

}  // namespace mosaic
