// The state of one end of a TCP connection (RFC 9293, section 3.3.2), as the
// observer emulates it.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mosaic {

// The order is the C API's, see semantics of MOS_TCP_STATE_CLI.
enum class TcpState : uint8_t {
  kClosed,
  kListen,
  kSynSent,
  kSynReceived,
  kEstablished,
  kFinWait1,
  kFinWait2,
  kCloseWait,
  kClosing,
  kLastAck,
  kTimeWait,
};

inline constexpr size_t kTcpStates = 11;

// The RFC's word in lower case, "syn_sent" for instance. Static storage.
std::string_view Name(TcpState state);

}  // namespace mosaic
