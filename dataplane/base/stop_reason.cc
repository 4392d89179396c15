#include "dataplane/base/stop_reason.h"

namespace mosaic {

std::string_view Name(StopReason reason) {
  static constexpr std::string_view kNames[kStopReasons] = {
      "payload_bytes", "packets",     "age",
      "tcp_state",     "immediately", "function"};
  return kNames[static_cast<size_t>(reason)];
}

}  // namespace mosaic
