#include "dataplane/base/tcp_state.h"

namespace mosaic {

std::string_view Name(TcpState state) {
  static constexpr std::string_view kNames[kTcpStates] = {
      "closed",      "listen",     "syn_sent",   "syn_received",
      "established", "fin_wait_1", "fin_wait_2", "close_wait",
      "closing",     "last_ack",   "time_wait"};
  return kNames[static_cast<size_t>(state)];
}

}  // namespace mosaic
