// ObserverMetrics counts who watches live events, and what became of the
// records on their way from the workers to them.
//
// Threading   Any thread.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace mosaic {

// What became of a record. One that several subscribers want is counted once
// for each.
enum class ObserverResult : uint8_t {
  kSent,            // Given to a subscriber's stream.
  kLostCoreRing,    // A worker's ring was full: control is too slow.
  kLostSubscriber,  // A subscriber's queue was full: it reads too slowly.
  kSampledOut,      // The subscriber asked for a sample.
};
inline constexpr std::array<std::string_view, 4> kObserverResultNames = {
    "sent", "lost_core_ring", "lost_subscriber", "sampled_out"};

struct ObserverMetrics {
  void Count(ObserverResult result, uint64_t records) {
    events[static_cast<size_t>(result)].fetch_add(records,
                                                  std::memory_order_relaxed);
  }

  std::atomic<uint64_t> subscribers{0};  // Open streams, now.
  std::array<std::atomic<uint64_t>, kObserverResultNames.size()> events = {};
};

}  // namespace mosaic
