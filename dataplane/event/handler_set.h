// HandlerSet is who handles what: an immutable set of (event, hook, handler).
// Sets are found by content, so that all flows with the same handlers share
// one, and a flow that changes its own gets another one.
//
// For each built-in event and hook a set lists the nodes of the forest on a
// path to a handler, in the order of the walk; no other node is looked at.
//
// Ownership   HandlerSetTable owns them and counts who refers to each.
// Memory      Reserved by the constructor, resident as it is used.
// Threading   Owner worker only; before its first round who builds it.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/api/user_event.h"
#include "dataplane/base/counter.h"
#include "dataplane/base/lazy_array.h"
#include "dataplane/event/event_forest.h"

namespace mosaic {

class HandlerSet {
 public:
  static constexpr size_t kMaxHandlers = 64;
  // Nodes on paths to handlers, counted at each hook that has one.
  static constexpr size_t kMaxVisits = 192;

  // The built-in events it has to be told of, on both sides.
  EventMask mask() const { return mask_; }
  size_t size() const { return handler_count_; }

  // Null if nothing is registered there.
  EventHandler Find(EventId event, Hook hook) const;

 private:
  friend class EventWalk;
  friend class HandlerSetTable;

  struct Registration {
    EventId event;
    EventHandler handler;
    Hook hook;

    bool IsAt(EventId e, Hook h) const { return event == e && hook == h; }
    friend bool operator==(const Registration&, const Registration&) = default;
  };
  static constexpr uint8_t kNoHandler = 0xff;
  struct Visit {
    EventForest::Node node;
    uint8_t handler;       // In `handlers_`; kNoHandler: only on the way.
    bool raised_only;      // Not part of a walk that begins above it.
    uint16_t subtree_end;  // Index of the next visit that is not below it.
  };
  struct Range {
    uint8_t begin = 0;
    uint8_t end = 0;
  };
  static_assert(kMaxVisits < 256);

  std::array<Registration, kMaxHandlers> handlers_;  // In any order.
  std::array<Visit, kMaxVisits> visits_;
  std::array<std::array<Range, kHooks>, kEventKinds> ranges_;
  EventMask mask_;
  uint64_t hash_ = 0;  // Of the registrations, whatever their order.
  uint8_t handler_count_ = 0;

  // HandlerSetTable's own.
  uint32_t references_ = 0;
  uint32_t generation_ = 0;  // Of this place in the table.
  uint16_t older_unused_ = 0;
  uint16_t newer_unused_ = 0;
};

// Bounds   kMaxSets different sets at once. When they are used up, the one that
//          nobody refers to for longest gives way; if all are referred to,
//          With() refuses and `refused()` moves.
class HandlerSetTable {
 public:
  static constexpr size_t kMaxSets = 8192;

  // `forest` outlives the table.
  explicit HandlerSetTable(const EventForest& forest);

  HandlerSetTable(const HandlerSetTable&) = delete;
  HandlerSetTable& operator=(const HandlerSetTable&) = delete;

  struct Result {
    const HandlerSet* set = nullptr;  // Null unless error is kNone.
    RegisterError error = RegisterError::kNone;
  };

  // The set without handlers. It needs no reference.
  const HandlerSet* Empty() const { return &sets_[0]; }

  // `set` with `handler` at (event, hook), instead of what was there; without
  // any there if `handler` is null. The caller has a reference to the result.
  // O(1) amortised: the same change to the same set is remembered.
  [[nodiscard]] Result With(const HandlerSet& set, EventId event, Hook hook,
                            EventHandler handler);

  void Refer(const HandlerSet& set);
  // Gives one reference back.
  void Release(const HandlerSet& set);

  // Walks the tree of `event` with the handlers of `set`; returns the severest
  // verdict. `flow` is null for a packet without a flow; `caller` comes as
  // EventCall::caller. The set may be released meanwhile.
  Verdict Run(const HandlerSet& set, const Event& event, FlowView* flow,
              void* caller);

  size_t size() const { return kMaxSets - free_count_; }
  const Counter& refused() const { return refused_; }

 private:
  using Registration = HandlerSet::Registration;
  using Visit = HandlerSet::Visit;
  using Number = uint16_t;  // Place in sets_; as Entry: + 1, 0: none.

  static constexpr size_t kHashSlots = 2 * kMaxSets;
  static constexpr size_t kMemoEntries = 4096;
  // What With() answered lately.
  struct Memo {
    Registration change;
    Number from;
    Number to;
    uint32_t from_generation;
    uint32_t to_generation;
    bool used;
  };

  Number NumberOf(const HandlerSet& set) const {
    return static_cast<Number>(&set - sets_.data());
  }
  Memo& MemoOf(const HandlerSet& set, const Registration& change) const;
  Result Change(const HandlerSet& set, const Registration& change);
  HandlerSet* FindSame(const HandlerSet& wanted) const;
  HandlerSet* Take();
  bool Plan(HandlerSet& set) const;
  bool PlanBelow(HandlerSet& set, std::span<const EventForest::Node> paths,
                 EventForest::Node node, Hook hook, size_t& next) const;
  void Index(const HandlerSet& set);
  void Forget(const HandlerSet& set);
  void AddUnused(HandlerSet& set);
  void RemoveUnused(HandlerSet& set);

  const EventForest& forest_;
  LazyArray<HandlerSet> sets_;
  LazyArray<Memo> memo_;
  std::array<Number, kMaxSets> free_;
  std::array<Number, kHashSlots> index_ = {};  // Number + 1; 0: empty.
  size_t free_count_ = 0;
  Number oldest_unused_ = 0;  // Number + 1.
  Number newest_unused_ = 0;
  HandlerSet draft_;  // What Change() builds, before it is known to be new.
  Counter refused_;
};

// One walk, of one event or of one Raise().
class EventWalk {
 public:
  EventWalk(const EventForest& forest, const HandlerSet& set,
            const Event& event, FlowView* flow, void* caller)
      : forest_(forest),
        set_(set),
        event_(event),
        flow_(flow),
        caller_(caller) {}

  // Visits [begin, end) and returns the severest verdict.
  Verdict Run(size_t begin, size_t end);
  RaiseResult Raise(EventId child);

 private:
  bool Enter(size_t visit);

  const EventForest& forest_;
  const HandlerSet& set_;
  const Event& event_;
  FlowView* const flow_;
  void* const caller_;
  size_t current_ = 0;  // The visit whose filter or handler runs.
  Verdict severest_ = Verdict::kForward;
};

}  // namespace mosaic
