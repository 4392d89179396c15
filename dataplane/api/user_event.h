// User-defined events: conditions on top of the built-in events, and who
// handles them. A definition has a base, so that all of a worker's definitions
// form a forest whose roots are the built-in events; see
// dataplane/event/event_forest.h.
//
// An event is raised by walking the tree below its root, depth first: a node's
// filter runs once, false ends the walk below it, true runs the node's handler
// and then its children in the order of their definition.
//
// Threading   Filters and handlers run on the worker that owns the flow. They
//             must not block, allocate or throw, as NetworkFunction::OnEvent().

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/api/event.h"
#include "dataplane/api/verdict.h"

namespace mosaic {

class EventWalk;
class FlowView;

// A built-in event is one bit below bit 16, those of mOS; a user-defined one is
// a number from bit 16 on. 0 is no event.
using EventId = uint64_t;
inline constexpr EventId kNoEvent = 0;
inline constexpr unsigned kUserEventShift = 16;

// The built-in event of `kind` as an EventId.
constexpr EventId EventIdOf(EventKind kind) {
  switch (kind) {
    case EventKind::kPacketIn:
      return EventId{1} << 0;
    case EventKind::kConnectionStart:
      return EventId{1} << 2;
    case EventKind::kNewData:
      return EventId{1} << 4;
    case EventKind::kError:
      return EventId{1} << 5;
    case EventKind::kStateChange:
      return EventId{1} << 7;
    case EventKind::kOrphan:
      return EventId{1} << 8;
    case EventKind::kRetransmission:
      return EventId{1} << 9;
    case EventKind::kConnectionEnd:
      return EventId{1} << 10;
  }
  return kNoEvent;
}

enum class RaiseResult : uint8_t {
  kRaised,    // Also if nobody handles it.
  kNotAChild  // Of the event that is being handled: nothing is raised.
};

// What a filter or handler is called for. Valid, with all it points to, only
// during the call.
struct EventCall {
  const Event& event;            // The built-in event at the root.
  FlowView* flow;                // Null for a packet without a flow.
  EventId id;                    // The event at hand.
  std::span<const uint8_t> arg;  // Of its definition.
  void* caller;                  // As who raised the built-in event gave it.
  EventWalk& walk;

  // Raises `child`, a child of `id`, now: its filter, if any, handler and
  // children run before this returns, and their verdicts count.
  RaiseResult Raise(EventId child) const;
};

// Two are the same if both members are. `opaque` lets a C function stand behind
// a trampoline.
struct UserEventFilter {
  bool (*run)(void* opaque, const EventCall& call) = nullptr;
  void* opaque = nullptr;
  friend bool operator==(const UserEventFilter&,
                         const UserEventFilter&) = default;
};
struct EventHandler {
  Verdict (*run)(void* opaque, const EventCall& call) = nullptr;
  void* opaque = nullptr;
  explicit operator bool() const { return run != nullptr; }
  friend bool operator==(const EventHandler&, const EventHandler&) = default;
};

enum class DefineError : uint8_t {
  kNone,
  kBadBase,   // No such event.
  kNoFilter,  // The filter is null.
  kTooDeep,   // More than EventForest::kMaxDepth definitions above each other.
  kFull,      // EventForest::kMaxEvents, or kMaxArgBytes in all.
};

struct Definition {
  EventId id = kNoEvent;  // kNoEvent unless error is kNone.
  DefineError error = DefineError::kNone;
};

enum class RegisterError : uint8_t {
  kNone,
  kUnknownEvent,
  kIllegalHook,      // The event's root is not raised at that hook.
  kTooManyHandlers,  // HandlerSet::kMaxHandlers, or kMaxVisits, of one set.
  kFull,             // Too many different sets, or sets of listeners, in use.
  kNoHandlers,       // The function does not use handlers.
};

}  // namespace mosaic
