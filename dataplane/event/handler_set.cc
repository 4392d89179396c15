#include "dataplane/event/handler_set.h"

#include <algorithm>
#include <new>

#include "dataplane/base/check.h"

namespace mosaic {
namespace {

uint64_t HashOf(EventId event, Hook hook, const EventHandler& handler) {
  uint64_t hash = event * 0x9e3779b97f4a7c15 + static_cast<uint64_t>(hook);
  for (const uint64_t part :
       {uint64_t{reinterpret_cast<uintptr_t>(handler.run)},
        uint64_t{reinterpret_cast<uintptr_t>(handler.opaque)}}) {
    hash = (hash ^ part) * 0xff51afd7ed558ccd;
    hash ^= hash >> 32;
  }
  return hash;
}

}  // namespace

RaiseResult EventCall::Raise(EventId child) const { return walk.Raise(child); }

EventHandler HandlerSet::Find(EventId event, Hook hook) const {
  for (size_t i = 0; i < handler_count_; ++i) {
    if (handlers_[i].IsAt(event, hook)) return handlers_[i].handler;
  }
  return {};
}

// --- The walk

bool EventWalk::Enter(size_t visit) {
  const HandlerSet::Visit& at = set_.visits_[visit];
  current_ = visit;
  const EventCall call{.event = event_,
                       .flow = flow_,
                       .id = forest_.IdOf(at.node),
                       .arg = forest_.ArgOf(at.node),
                       .caller = caller_,
                       .walk = *this};
  const UserEventFilter& filter = forest_.FilterOf(at.node);
  if (filter.run != nullptr && !filter.run(filter.opaque, call)) return false;
  if (at.handler != HandlerSet::kNoHandler) {
    const EventHandler& handler = set_.handlers_[at.handler].handler;
    severest_ = std::max(severest_, handler.run(handler.opaque, call));
  }
  return true;
}

Verdict EventWalk::Run(size_t begin, size_t end) {
  const size_t outer = current_;
  for (size_t i = begin; i < end;) {
    const HandlerSet::Visit& at = set_.visits_[i];
    const bool is_for_others = at.raised_only && i != begin;
    i = !is_for_others && Enter(i) ? i + 1 : at.subtree_end;
  }
  current_ = outer;
  return severest_;
}

RaiseResult EventWalk::Raise(EventId child) {
  const HandlerSet::Visit& parent = set_.visits_[current_];
  const EventForest::Node node = forest_.NodeOf(child);
  if (node == EventForest::kNone || forest_.ParentOf(node) != parent.node) {
    return RaiseResult::kNotAChild;
  }
  for (size_t i = current_ + 1; i < parent.subtree_end;
       i = set_.visits_[i].subtree_end) {
    if (set_.visits_[i].node != node) continue;
    Run(i, set_.visits_[i].subtree_end);
    break;
  }
  return RaiseResult::kRaised;
}

Verdict HandlerSetTable::Run(const HandlerSet& set, const Event& event,
                             FlowView* flow, void* caller) {
  const HandlerSet::Range range = set.ranges_[static_cast<size_t>(event.kind)]
                                             [static_cast<size_t>(event.hook)];
  if (range.begin == range.end) return Verdict::kForward;
  // A handler may exchange the flow's set while this one is walked. What one
  // throws is caught by the dispatcher.
  class Reference {
   public:
    Reference(HandlerSetTable& table, const HandlerSet& held)
        : table_(table), held_(held) {
      table_.Refer(held_);
    }
    ~Reference() { table_.Release(held_); }
    Reference(const Reference&) = delete;
    Reference& operator=(const Reference&) = delete;

   private:
    HandlerSetTable& table_;
    const HandlerSet& held_;
  } const reference(*this, set);
  return EventWalk(forest_, set, event, flow, caller)
      .Run(range.begin, range.end);
}

// --- The table

HandlerSetTable::HandlerSetTable(const EventForest& forest)
    : forest_(forest), sets_(kMaxSets), memo_(kMemoEntries) {
  for (size_t i = 0; i < kMaxSets; ++i) {
    free_[i] = static_cast<Number>(kMaxSets - 1 - i);
  }
  free_count_ = kMaxSets - 1;
  new (&sets_[0]) HandlerSet();
}

void HandlerSetTable::Refer(const HandlerSet& set) {
  HandlerSet& held = sets_[NumberOf(set)];
  if (&held == Empty()) return;
  if (held.references_++ == 0) RemoveUnused(held);
}

void HandlerSetTable::Release(const HandlerSet& set) {
  HandlerSet& held = sets_[NumberOf(set)];
  if (&held == Empty()) return;
  MOSAIC_CHECK(held.references_ > 0);
  if (--held.references_ == 0) AddUnused(held);
}

HandlerSetTable::Memo& HandlerSetTable::MemoOf(
    const HandlerSet& set, const Registration& change) const {
  const uint64_t hash = HashOf(change.event, change.hook, change.handler) +
                        NumberOf(set) * uint64_t{0x9e3779b97f4a7c15};
  return memo_[(hash ^ hash >> 29) % kMemoEntries];
}

HandlerSetTable::Result HandlerSetTable::With(const HandlerSet& set,
                                              EventId event, Hook hook,
                                              EventHandler handler) {
  if (!forest_.Has(event)) return {nullptr, RegisterError::kUnknownEvent};
  if (!forest_.IsLegal(event, hook)) {
    return {nullptr, RegisterError::kIllegalHook};
  }
  const Registration change{event, handler, hook};
  Memo& memo = MemoOf(set, change);
  if (memo.used && memo.from == NumberOf(set) && memo.change == change &&
      memo.from_generation == set.generation_ &&
      memo.to_generation == sets_[memo.to].generation_) {
    Refer(sets_[memo.to]);
    return {&sets_[memo.to], RegisterError::kNone};
  }
  const uint32_t from_generation = set.generation_;
  const Number from = NumberOf(set);
  const Result result = Change(set, change);
  if (result.set != nullptr) {
    memo = {change,
            from,
            NumberOf(*result.set),
            from_generation,
            result.set->generation_,
            true};
  }
  return result;
}

HandlerSetTable::Result HandlerSetTable::Change(const HandlerSet& set,
                                                const Registration& change) {
  draft_ = set;
  size_t at = 0;
  while (at < draft_.handler_count_ &&
         !draft_.handlers_[at].IsAt(change.event, change.hook)) {
    ++at;
  }
  const bool had = at < draft_.handler_count_;
  if (had) {
    const Registration& old = draft_.handlers_[at];
    draft_.hash_ ^= HashOf(old.event, old.hook, old.handler);
  }
  if (change.handler) {
    if (at == HandlerSet::kMaxHandlers) {
      refused_.Add(1);
      return {nullptr, RegisterError::kTooManyHandlers};
    }
    draft_.handlers_[at] = change;
    draft_.hash_ ^= HashOf(change.event, change.hook, change.handler);
    if (!had) ++draft_.handler_count_;
  } else if (had) {
    draft_.handlers_[at] = draft_.handlers_[--draft_.handler_count_];
  }
  if (draft_.handler_count_ == 0) return {Empty(), RegisterError::kNone};

  HandlerSet* found = FindSame(draft_);
  if (found == nullptr) {
    if (!Plan(draft_)) {
      refused_.Add(1);
      return {nullptr, RegisterError::kTooManyHandlers};
    }
    // `set` may be the one that gives way: it is not read from here on.
    found = Take();
    if (found == nullptr) {
      refused_.Add(1);
      return {nullptr, RegisterError::kFull};
    }
    const uint32_t generation = found->generation_;
    *found = draft_;
    found->generation_ = generation;
    found->references_ = 1;
    Index(*found);
    return {found, RegisterError::kNone};
  }
  Refer(*found);
  return {found, RegisterError::kNone};
}

HandlerSet* HandlerSetTable::FindSame(const HandlerSet& wanted) const {
  const auto registrations =
      std::span(wanted.handlers_).first(wanted.handler_count_);
  for (size_t slot = wanted.hash_ % kHashSlots; index_[slot] != 0;
       slot = (slot + 1) % kHashSlots) {
    HandlerSet& set = sets_[index_[slot] - 1u];
    if (set.hash_ != wanted.hash_ ||
        set.handler_count_ != wanted.handler_count_) {
      continue;
    }
    const bool same = std::ranges::all_of(
        registrations, [&](const Registration& registration) {
          return set.Find(registration.event, registration.hook) ==
                 registration.handler;
        });
    if (same) return &set;
  }
  return nullptr;
}

// A place for a new set; null if all are in use.
HandlerSet* HandlerSetTable::Take() {
  if (free_count_ == 0) {
    if (oldest_unused_ == 0) return nullptr;
    HandlerSet& oldest = sets_[oldest_unused_ - 1u];
    RemoveUnused(oldest);
    Forget(oldest);
  }
  return &sets_[free_[--free_count_]];
}

// Lays out the walks. False if they need more room than there is.
bool HandlerSetTable::Plan(HandlerSet& set) const {
  set.mask_ = EventMask();
  set.ranges_ = {};
  size_t next = 0;
  std::array<EventForest::Node, HandlerSet::kMaxVisits + 1> paths;
  const auto registrations = std::span(set.handlers_).first(set.handler_count_);
  for (size_t kind = 0; kind < kEventKinds; ++kind) {
    for (const Hook hook : {Hook::kSender, Hook::kReceiver, Hook::kNone}) {
      size_t count = 0;
      for (const Registration& registration : registrations) {
        EventForest::Node node = forest_.NodeOf(registration.event);
        if (registration.hook != hook ||
            static_cast<size_t>(forest_.RootOfNode(node)) != kind) {
          continue;
        }
        for (; node != EventForest::kNone; node = forest_.ParentOf(node)) {
          const auto used = std::span(paths).first(count);
          if (std::ranges::count(used, node) > 0) break;
          if (count == HandlerSet::kMaxVisits) return false;
          paths[count++] = node;
        }
      }
      if (count == 0) continue;
      // A definition's number is above that of what was defined before it.
      const auto path = std::span(paths).first(count);
      std::ranges::sort(path);
      const size_t begin = next;
      if (!PlanBelow(set, path, static_cast<EventForest::Node>(kind), hook,
                     next)) {
        return false;
      }
      set.ranges_[kind][static_cast<size_t>(hook)] = {
          static_cast<uint8_t>(begin), static_cast<uint8_t>(next)};
      set.mask_ = set.mask_ | EventMask::Of(static_cast<EventKind>(kind), hook);
    }
  }
  return true;
}

bool HandlerSetTable::PlanBelow(HandlerSet& set,
                                std::span<const EventForest::Node> paths,
                                EventForest::Node node, Hook hook,
                                size_t& next) const {
  if (next == HandlerSet::kMaxVisits) return false;
  Visit& visit = set.visits_[next++];
  visit.node = node;
  visit.raised_only = forest_.IsRaisedOnly(node);
  visit.handler = HandlerSet::kNoHandler;
  const EventId event = forest_.IdOf(node);
  for (size_t i = 0; i < set.handler_count_; ++i) {
    if (set.handlers_[i].IsAt(event, hook)) {
      visit.handler = static_cast<uint8_t>(i);
    }
  }
  for (const EventForest::Node below : paths) {
    if (forest_.ParentOf(below) == node &&
        !PlanBelow(set, paths, below, hook, next)) {
      return false;
    }
  }
  visit.subtree_end = static_cast<uint16_t>(next);
  return true;
}

void HandlerSetTable::Index(const HandlerSet& set) {
  size_t slot = set.hash_ % kHashSlots;
  while (index_[slot] != 0) slot = (slot + 1) % kHashSlots;
  index_[slot] = static_cast<Number>(NumberOf(set) + 1);
}

// REQUIRES: it is not in the list of unused ones.
void HandlerSetTable::Forget(const HandlerSet& set) {
  const Number entry = static_cast<Number>(NumberOf(set) + 1);
  size_t hole = set.hash_ % kHashSlots;
  while (index_[hole] != entry) hole = (hole + 1) % kHashSlots;
  index_[hole] = 0;
  // Entries behind the hole that would no longer be found move into it.
  for (size_t at = (hole + 1) % kHashSlots; index_[at] != 0;
       at = (at + 1) % kHashSlots) {
    const size_t home = sets_[index_[at] - 1u].hash_ % kHashSlots;
    if ((at - home) % kHashSlots < (at - hole) % kHashSlots) continue;
    index_[hole] = index_[at];
    index_[at] = 0;
    hole = at;
  }
  ++sets_[NumberOf(set)].generation_;
  free_[free_count_++] = NumberOf(set);
}

void HandlerSetTable::AddUnused(HandlerSet& set) {
  const Number entry = static_cast<Number>(NumberOf(set) + 1);
  set.older_unused_ = newest_unused_;
  set.newer_unused_ = 0;
  (newest_unused_ != 0 ? sets_[newest_unused_ - 1u].newer_unused_
                       : oldest_unused_) = entry;
  newest_unused_ = entry;
}

void HandlerSetTable::RemoveUnused(HandlerSet& set) {
  const Number older = set.older_unused_;
  const Number newer = set.newer_unused_;
  (older != 0 ? sets_[older - 1u].newer_unused_ : oldest_unused_) = newer;
  (newer != 0 ? sets_[newer - 1u].older_unused_ : newest_unused_) = older;
}

}  // namespace mosaic
