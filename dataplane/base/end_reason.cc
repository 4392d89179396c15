#include "dataplane/base/end_reason.h"

namespace mosaic {

std::string_view Name(EndReason reason) {
  static constexpr std::string_view kNames[kEndReasons] = {
      "fin",     "reset",   "refused", "timeout",
      "evicted", "stopped", "drained", "shutdown"};
  return kNames[static_cast<size_t>(reason)];
}

}  // namespace mosaic
