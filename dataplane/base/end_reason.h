// Why a flow's record went. One closed set for events, logs, metrics and the
// API.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mosaic {

enum class EndReason : uint8_t {
  kFin,       // Both ends closed.
  kReset,     // An acceptable RST.
  kRefused,   // A RST answered the SYN.
  kTimeout,   // Idle longer than its state allows.
  kEvicted,   // Gave way to another flow; raise limits.flows_per_worker.
  kStopped,   // A stop policy asked to forget the flow.
  kDrained,   // Still open when a drain ran out of time.
  kShutdown,  // Still open when the engine stopped or the capture ended.
};

inline constexpr size_t kEndReasons = 8;

// The reason in lower case. Static storage.
std::string_view Name(EndReason reason);

}  // namespace mosaic
