// EventFilter says which events a subscriber wants.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "control/core/flow_filter.h"
#include "dataplane/command/event_tap.h"

namespace mosaic {

// Events of these kinds, of these flows; a packet without a flow counts as one
// of its own, its sender as the client.
struct EventFilter {
  std::vector<EventKind> kinds;  // Empty: all but kPacketIn and kOrphan.
  FlowFilter flow;
};

// What a subscriber asks for: what one of `allow` matches (if there is none,
// all but kPacketIn and kOrphan), and none of `deny`. An entry of `deny`
// without kinds is of every kind.
struct EventSelection {
  std::vector<EventFilter> allow;
  std::vector<EventFilter> deny;
  // Of the flows one in so many is told, whole; 0 and 1: all. Which ones is the
  // same for every subscriber.
  uint32_t sample_one_in = 1;
};

// Decides about records for one subscriber.
//
// Threading   One thread at a time.
class EventMatcher {
 public:
  explicit EventMatcher(EventSelection selection);

  // What the dataplane is to be asked for: the kinds that can pass.
  EventMask wanted() const { return wanted_; }

  enum class Answer : uint8_t { kTell, kFiltered, kSampledOut };
  // `names` are those of the record's revision; may be null.
  Answer Judge(const EventRecord& record,
               const std::shared_ptr<const MonitorNames>& names);

 private:
  struct Entry {
    uint32_t kinds;  // Bits.
    FlowMatcher flow;
  };
  static bool AnyMatches(std::vector<Entry>& entries, const EventRecord& record,
                         const FlowTraits& traits,
                         const std::shared_ptr<const MonitorNames>& names);

  std::vector<Entry> allow_;
  std::vector<Entry> deny_;
  const uint32_t sample_one_in_;
  EventMask wanted_;
};

}  // namespace mosaic
