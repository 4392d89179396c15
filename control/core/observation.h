// Observation is what an EventHub tells a subscriber: that it has begun, an
// event, how many events are missing here, or that all is quiet.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "control/core/monitor_directory.h"
#include "dataplane/command/event_tap.h"

namespace mosaic {

// The first observation of every subscription: whatever happens after it is
// told.
struct ObserverStarted {};

struct ObservedEvent {
  EventRecord record;
  std::shared_ptr<const MonitorNames> names;  // Of its revision; may be null.

  std::vector<std::string> monitors() const {
    return names == nullptr ? std::vector<std::string>()
                            : Select(*names, record.monitors);
  }
};

// Where events were lost.
enum class LossPoint : uint8_t {
  kCoreRing,         // Between a worker and the hub: all subscribers together
                     // ask for more than it can take. Ask for fewer kinds.
  kSubscriberQueue,  // In this subscriber's queue: it reads too slowly.
};

// Precedes the next event of that place.
struct LostEvents {
  LossPoint point = LossPoint::kCoreRing;
  uint32_t core = 0;  // kCoreRing only.
  uint64_t count = 0;
};

struct ObserverHeartbeat {
  uint64_t events_delivered = 0;  // Given out so far.
  uint64_t events_lost = 0;       // At both points, so far.
};

struct Observation {
  uint64_t sequence = 0;  // From 1, without gaps.
  std::variant<ObserverStarted, ObservedEvent, LostEvents, ObserverHeartbeat>
      what;
};

}  // namespace mosaic
