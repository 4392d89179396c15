// EventForest is what one worker has of events: the built-in ones as roots, and
// below them those that its functions defined. Definitions are never taken
// back, so an EventId stays good as long as the worker.
//
// Memory      All of it is reserved by the constructor and resident as it is
//             used; Define() and Alloc() allocate nothing.
// Bounds      kMaxEvents definitions, kMaxArgBytes of arguments together,
//             kMaxDepth above each other. Beyond them Define() answers with an
//             error and `refused()` moves.
// Threading   Owner worker only; before its first round who builds it.
// Cost        Define() is O(1): definitions are found by hash.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/api/user_event.h"
#include "dataplane/base/counter.h"
#include "dataplane/base/lazy_array.h"

namespace mosaic {

class EventForest {
 public:
  static constexpr size_t kMaxEvents = 4096;
  static constexpr size_t kMaxArgBytes = size_t{1} << 20;
  static constexpr size_t kMaxDepth = 32;

  EventForest();

  EventForest(const EventForest&) = delete;
  EventForest& operator=(const EventForest&) = delete;

  // The event below `base` with this filter and these bytes, found or made.
  Definition Define(EventId base, UserEventFilter filter,
                    std::span<const uint8_t> arg);

  // A new event below `parent` that no walk reaches: EventCall::Raise() raises
  // it. Each call makes another one.
  Definition Alloc(EventId parent);

  bool Has(EventId event) const { return NodeOf(event) != kNone; }

  // The built-in event that `event` goes back to. REQUIRES: Has(event).
  EventKind RootOf(EventId event) const;

  // True if `event` is known and its root is raised at `hook`.
  bool IsLegal(EventId event, Hook hook) const;

  size_t size() const { return count_ - kEventKinds; }  // Definitions.
  const Counter& refused() const { return refused_; }

  // --- Nodes, for HandlerSet. The roots are numbered by EventKind, definitions
  // follow in their order.
  using Node = uint16_t;
  static constexpr Node kNone = 0xffff;

  Node NodeOf(EventId event) const;
  EventId IdOf(Node node) const;
  Node ParentOf(Node node) const { return nodes_[node].parent; }
  EventKind RootOfNode(Node node) const { return nodes_[node].root; }
  bool IsRaisedOnly(Node node) const { return nodes_[node].raised_only; }
  const UserEventFilter& FilterOf(Node node) const {
    return nodes_[node].filter;
  }
  std::span<const uint8_t> ArgOf(Node node) const {
    return {args_.data() + nodes_[node].arg_offset, nodes_[node].arg_bytes};
  }

 private:
  struct Entry {
    UserEventFilter filter;
    uint32_t arg_offset;
    uint32_t arg_bytes;
    Node parent;
    uint8_t depth;
    EventKind root;
    bool raised_only;
  };
  static constexpr size_t kHashSlots = 2 * kMaxEvents;

  size_t HashSlotOf(Node base, const UserEventFilter& filter,
                    std::span<const uint8_t> arg) const;
  Definition Add(Node parent, const UserEventFilter& filter,
                 std::span<const uint8_t> arg, bool raised_only);
  Definition Refuse(DefineError error);

  LazyArray<Entry> nodes_;
  LazyArray<uint8_t> args_;
  LazyArray<Node> index_;  // Node + 1 by content; 0: empty.
  size_t count_ = 0;
  size_t arg_bytes_ = 0;
  Counter refused_;
};

}  // namespace mosaic
