// Why the monitoring of one side of a flow was stopped. One closed set for
// metrics and the API.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mosaic {

enum class StopReason : uint8_t {
  kPayloadBytes,  // A stop policy's number of in-order bytes was reached,
  kPackets,       // its number of packets,
  kAge,           // its age of the flow,
  kTcpState,      // or its state of the side.
  kImmediately,   // A stop policy that leaves the side out from the start.
  kFunction,      // A network function asked for it.
};

inline constexpr size_t kStopReasons = 6;

// The reason in lower case, "payload_bytes" for instance. Static storage.
std::string_view Name(StopReason reason);

}  // namespace mosaic
