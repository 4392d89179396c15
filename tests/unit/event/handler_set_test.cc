#include "dataplane/event/handler_set.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace mosaic {
namespace {

constexpr EventId kPacket = EventIdOf(EventKind::kPacketIn);
constexpr EventId kData = EventIdOf(EventKind::kNewData);

// What filters and handlers do is written to a journal; a filter lets pass what
// is not in `refuses`.
struct Journal {
  std::vector<std::string> lines;
  std::set<EventId> refuses;
  std::map<EventId, EventId> filter_raises;
  std::map<EventId, EventId> handler_raises;
  RaiseResult last_raise = RaiseResult::kRaised;
};

std::string Number(EventId event) {
  return std::to_string(event >> kUserEventShift);
}

bool Filter(void*, const EventCall& call) {
  auto& journal = *static_cast<Journal*>(call.caller);
  journal.lines.push_back("filter " + Number(call.id));
  if (const auto it = journal.filter_raises.find(call.id);
      it != journal.filter_raises.end()) {
    journal.last_raise = call.Raise(it->second);
  }
  return journal.refuses.count(call.id) == 0;
}

Verdict Handle(void* opaque, const EventCall& call) {
  auto& journal = *static_cast<Journal*>(call.caller);
  journal.lines.push_back("handle " + Number(call.id) +
                          (opaque == nullptr ? "" : " again"));
  if (const auto it = journal.handler_raises.find(call.id);
      it != journal.handler_raises.end()) {
    journal.last_raise = call.Raise(it->second);
  }
  return Verdict::kForward;
}

constexpr UserEventFilter kFilter{Filter, nullptr};
constexpr EventHandler kHandler{Handle, nullptr};

Verdict Drop(void*, const EventCall&) { return Verdict::kDrop; }

class HandlerSetTest : public ::testing::Test {
 protected:
  EventId Define(EventId base) { return forest_.Define(base, kFilter, {}).id; }

  // Registers on `set_`.
  RegisterError Register(EventId event, Hook hook, EventHandler handler) {
    const HandlerSetTable::Result result =
        table_.With(*set_, event, hook, handler);
    if (result.error == RegisterError::kNone) {
      table_.Release(*set_);
      set_ = result.set;
    }
    return result.error;
  }

  std::vector<std::string> Raise(EventKind kind, Hook hook) {
    journal_.lines.clear();
    Event event;
    event.kind = kind;
    event.hook = hook;
    static_cast<void>(table_.Run(*set_, event, nullptr, &journal_));
    return journal_.lines;
  }
  std::vector<std::string> RaisePacket() {
    return Raise(EventKind::kPacketIn, Hook::kSender);
  }

  EventForest forest_;
  HandlerSetTable table_{forest_};
  const HandlerSet* set_ = table_.Empty();
  Journal journal_;
};

using Lines = std::vector<std::string>;

TEST_F(HandlerSetTest, EmptySetWantsAndRunsNothing) {
  EXPECT_TRUE(set_->mask().empty());
  EXPECT_EQ(RaisePacket(), Lines{});
}

TEST_F(HandlerSetTest, HandlerOfABuiltInEventRunsAtItsHookOnly) {
  Register(kPacket, Hook::kSender, kHandler);
  EXPECT_EQ(set_->mask(), EventMask::Of(EventKind::kPacketIn, Hook::kSender));
  EXPECT_EQ(RaisePacket(), Lines{"handle 0"});
  EXPECT_EQ(Raise(EventKind::kPacketIn, Hook::kReceiver), Lines{});
  EXPECT_EQ(Raise(EventKind::kStateChange, Hook::kSender), Lines{});
}

// Repair: unregister and re-register work.
TEST_F(HandlerSetTest, UnregisterAndReRegisterWork) {
  int again = 0;
  Register(kPacket, Hook::kSender, kHandler);
  Register(kPacket, Hook::kSender, {Handle, &again});
  EXPECT_EQ(RaisePacket(), Lines{"handle 0 again"}) << "replaced";
  Register(kPacket, Hook::kSender, {});
  EXPECT_EQ(RaisePacket(), Lines{});
  EXPECT_EQ(set_, table_.Empty());
  Register(kPacket, Hook::kSender, {});
  EXPECT_EQ(set_, table_.Empty()) << "nothing to unregister is no error";
  Register(kPacket, Hook::kSender, kHandler);
  EXPECT_EQ(RaisePacket(), Lines{"handle 0"});
}

// Repair: a filter runs once per raise.
TEST_F(HandlerSetTest, FilterRunsOncePerRaise) {
  const EventId parent = Define(kPacket);                               // 1
  const EventId left = Define(parent);                                  // 2
  const EventId right = forest_.Define(parent, {Filter, this}, {}).id;  // 3
  for (const EventId event : {parent, left, right}) {
    Register(event, Hook::kSender, kHandler);
  }
  EXPECT_EQ(RaisePacket(), (Lines{"filter 1", "handle 1", "filter 2",
                                  "handle 2", "filter 3", "handle 3"}));
  EXPECT_EQ(RaisePacket().size(), 6u);
}

TEST_F(HandlerSetTest, WalkIsDepthFirstInTheOrderOfDefinition) {
  const EventId a = Define(kPacket);                                 // 1
  const EventId b = forest_.Define(kPacket, {Filter, this}, {}).id;  // 2
  const EventId a1 = Define(a);                                      // 3
  const EventId b1 = Define(b);                                      // 4
  const EventId a2 = forest_.Define(a, {Filter, this}, {}).id;       // 5
  for (const EventId event : {b1, a2, kPacket, a1}) {
    Register(event, Hook::kSender, kHandler);
  }
  EXPECT_EQ(RaisePacket(),
            (Lines{"handle 0", "filter 1", "filter 3", "handle 3", "filter 5",
                   "handle 5", "filter 2", "filter 4", "handle 4"}));
}

TEST_F(HandlerSetTest, FalseEndsTheWalkBelowItOnly) {
  const EventId a = Define(kPacket);
  const EventId a1 = Define(a);
  const EventId b = forest_.Define(kPacket, {Filter, this}, {}).id;
  Register(a, Hook::kSender, kHandler);
  Register(a1, Hook::kSender, kHandler);
  Register(b, Hook::kSender, kHandler);
  journal_.refuses = {a};
  EXPECT_EQ(RaisePacket(), (Lines{"filter 1", "filter 3", "handle 3"}));
}

TEST_F(HandlerSetTest, NodesNotOnAPathToAHandlerAreNotVisited) {
  const EventId a = Define(kPacket);
  Define(a);
  const EventId b = forest_.Define(kPacket, {Filter, this}, {}).id;
  const EventId b1 = Define(b);
  Register(b1, Hook::kSender, kHandler);
  EXPECT_EQ(RaisePacket(), (Lines{"filter 3", "filter 4", "handle 4"}));
}

// Repair: raise_event works.
TEST_F(HandlerSetTest, RaiseEventWorksFromHandlerAndFilter) {
  const EventId made = forest_.Alloc(kPacket).id;  // 1
  const EventId below = Define(made);              // 2
  Register(kPacket, Hook::kSender, kHandler);
  Register(made, Hook::kSender, kHandler);
  Register(below, Hook::kSender, kHandler);
  EXPECT_EQ(RaisePacket(), Lines{"handle 0"}) << "nobody raised it";

  journal_.handler_raises[kPacket] = made;
  EXPECT_EQ(RaisePacket(),
            (Lines{"handle 0", "handle 1", "filter 2", "handle 2"}));
  EXPECT_EQ(journal_.last_raise, RaiseResult::kRaised);

  const EventId filtered = Define(kPacket);               // 3
  const EventId made_below = forest_.Alloc(filtered).id;  // 4
  Register(made_below, Hook::kSender, kHandler);
  journal_.handler_raises.clear();
  journal_.filter_raises[filtered] = made_below;
  EXPECT_EQ(RaisePacket(), (Lines{"handle 0", "filter 3", "handle 4"}));
}

TEST_F(HandlerSetTest, OnlyChildrenOfTheEventAtHandCanBeRaised) {
  const EventId child = forest_.Alloc(kPacket).id;
  const EventId grandchild = forest_.Alloc(child).id;
  const EventId foreign = forest_.Alloc(kData).id;
  Register(kPacket, Hook::kSender, kHandler);
  Register(grandchild, Hook::kSender, kHandler);
  for (const EventId bad : {kPacket, grandchild, foreign, kNoEvent}) {
    journal_.handler_raises[kPacket] = bad;
    EXPECT_EQ(RaisePacket(), Lines{"handle 0"});
    EXPECT_EQ(journal_.last_raise, RaiseResult::kNotAChild);
  }
  journal_.handler_raises[kPacket] = child;
  EXPECT_EQ(RaisePacket(), Lines{"handle 0"});
  EXPECT_EQ(journal_.last_raise, RaiseResult::kRaised);
}

TEST_F(HandlerSetTest, SeverestVerdictOfTheWalkCounts) {
  const EventId a = Define(kPacket);
  Register(kPacket, Hook::kSender, kHandler);
  Register(a, Hook::kSender, {Drop, nullptr});
  Event event;
  event.kind = EventKind::kPacketIn;
  event.hook = Hook::kSender;
  EXPECT_EQ(table_.Run(*set_, event, nullptr, &journal_), Verdict::kDrop);
}

TEST_F(HandlerSetTest, RefusesUnknownEventsAndIllegalHooks) {
  EXPECT_EQ(Register(EventId{1} << 40, Hook::kSender, kHandler),
            RegisterError::kUnknownEvent);
  EXPECT_EQ(Register(kData, Hook::kSender, kHandler),
            RegisterError::kIllegalHook);
  EXPECT_EQ(Register(Define(kData), Hook::kReceiver, kHandler),
            RegisterError::kIllegalHook);
  EXPECT_EQ(set_, table_.Empty());
}

// --- Sharing

TEST_F(HandlerSetTest, SetsWithTheSameContentAreOneWhateverTheOrder) {
  const HandlerSetTable::Result a =
      table_.With(*table_.Empty(), kPacket, Hook::kSender, kHandler);
  const HandlerSetTable::Result ab =
      table_.With(*a.set, kData, Hook::kNone, kHandler);
  const HandlerSetTable::Result b =
      table_.With(*table_.Empty(), kData, Hook::kNone, kHandler);
  const HandlerSetTable::Result ba =
      table_.With(*b.set, kPacket, Hook::kSender, kHandler);
  EXPECT_EQ(ab.set, ba.set);
  EXPECT_EQ(table_.With(*ab.set, kData, Hook::kNone, {}).set, a.set);
}

TEST_F(HandlerSetTest, UnusedSetsGiveWayAndUsedOnesStay) {
  std::vector<int> opaque(HandlerSetTable::kMaxSets + 100);
  const HandlerSet* const kept =
      table_.With(*table_.Empty(), kData, Hook::kNone, kHandler).set;
  for (int& each : opaque) {
    const auto made =
        table_.With(*table_.Empty(), kPacket, Hook::kSender, {Handle, &each});
    ASSERT_NE(made.set, nullptr);
    ASSERT_EQ(made.set->Find(kPacket, Hook::kSender).opaque, &each);
    table_.Release(*made.set);
  }
  EXPECT_EQ(table_.size(), HandlerSetTable::kMaxSets);
  EXPECT_EQ(table_.With(*table_.Empty(), kData, Hook::kNone, kHandler).set,
            kept);
}

TEST_F(HandlerSetTest, FullTableRefusesUntilOneIsReleased) {
  std::vector<int> opaque(HandlerSetTable::kMaxSets);
  std::vector<const HandlerSet*> held;
  for (size_t i = 0; i + 1 < HandlerSetTable::kMaxSets; ++i) {
    held.push_back(
        table_
            .With(*table_.Empty(), kPacket, Hook::kSender, {Handle, &opaque[i]})
            .set);
    ASSERT_NE(held.back(), nullptr) << i;
  }
  const EventHandler one_more{Handle, &opaque.back()};
  EXPECT_EQ(
      table_.With(*table_.Empty(), kPacket, Hook::kSender, one_more).error,
      RegisterError::kFull);
  EXPECT_EQ(table_.refused().Read(), 1u);
  table_.Release(*held[7]);
  EXPECT_EQ(
      table_.With(*table_.Empty(), kPacket, Hook::kSender, one_more).error,
      RegisterError::kNone);
}

TEST_F(HandlerSetTest, HandlersAndPathsOfOneSetAreBounded) {
  std::vector<EventId> events;
  for (size_t i = 0; i <= HandlerSet::kMaxHandlers; ++i) {
    events.push_back(forest_.Alloc(kPacket).id);
  }
  for (size_t i = 0; i < HandlerSet::kMaxHandlers; ++i) {
    ASSERT_EQ(Register(events[i], Hook::kSender, kHandler),
              RegisterError::kNone);
  }
  EXPECT_EQ(Register(events.back(), Hook::kSender, kHandler),
            RegisterError::kTooManyHandlers);
  EXPECT_EQ(set_->size(), HandlerSet::kMaxHandlers);

  // Few handlers at the ends of long paths.
  for (const EventId event : events) Register(event, Hook::kSender, {});
  EXPECT_EQ(set_, table_.Empty());
  RegisterError error = RegisterError::kNone;
  size_t registered = 0;
  while (error == RegisterError::kNone) {
    EventId event = kPacket;
    for (size_t depth = 0; depth < EventForest::kMaxDepth; ++depth) {
      event = forest_.Alloc(event).id;
    }
    error = Register(event, Hook::kSender, kHandler);
    ++registered;
  }
  EXPECT_EQ(error, RegisterError::kTooManyHandlers);
  EXPECT_EQ(registered, 6u) << "6 * 32 + the root is more than kMaxVisits";
}

// --- Against a naive model

// Walks the whole forest, asking of each node whether something below it is
// registered.
class NaiveWalk {
 public:
  NaiveWalk(const EventForest& forest,
            const std::map<std::pair<EventId, Hook>, EventHandler>& handlers,
            Hook hook, const Journal& journal)
      : forest_(forest), handlers_(handlers), hook_(hook), journal_(journal) {}

  Lines Run(EventId root) {
    Visit(root);
    return lines_;
  }

 private:
  bool Leads(EventId event) const {
    if (handlers_.count({event, hook_}) > 0) return true;
    const std::vector<EventId> children = ChildrenOf(event);
    return std::ranges::any_of(children,
                               [this](EventId child) { return Leads(child); });
  }
  std::vector<EventId> ChildrenOf(EventId event) const {
    std::vector<EventId> children;
    for (size_t i = 0; i < forest_.size(); ++i) {
      const auto node = static_cast<EventForest::Node>(i + kEventKinds);
      if (forest_.IdOf(forest_.ParentOf(node)) == event) {
        children.push_back(forest_.IdOf(node));
      }
    }
    return children;
  }
  void Visit(EventId event) {
    if (!Leads(event)) return;
    if (event >> kUserEventShift != 0) {
      lines_.push_back("filter " + Number(event));
      if (journal_.refuses.count(event) > 0) return;
    }
    if (handlers_.count({event, hook_}) > 0) {
      lines_.push_back("handle " + Number(event));
    }
    for (const EventId child : ChildrenOf(event)) Visit(child);
  }

  const EventForest& forest_;
  const std::map<std::pair<EventId, Hook>, EventHandler>& handlers_;
  const Hook hook_;
  const Journal& journal_;
  Lines lines_;
};

TEST_F(HandlerSetTest, RandomForestsAndRegistrationsAgreeWithANaiveWalk) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    EventForest forest;
    HandlerSetTable table(forest);
    std::vector<EventId> events = {kPacket, EventIdOf(EventKind::kStateChange)};
    std::map<std::pair<EventId, Hook>, EventHandler> handlers;
    const HandlerSet* set = table.Empty();
    for (int step = 0; step < 60; ++step) {
      const EventId event = events[random() % events.size()];
      const Hook hook = random() % 2 == 0 ? Hook::kSender : Hook::kReceiver;
      switch (random() % 4) {
        case 0: {
          std::vector<uint8_t> arg = {static_cast<uint8_t>(step)};
          const EventId made = forest.Define(event, kFilter, arg).id;
          if (made != kNoEvent) events.push_back(made);
          break;
        }
        case 1:
        case 2: {
          handlers[{event, hook}] = kHandler;
          const auto result = table.With(*set, event, hook, kHandler);
          ASSERT_EQ(result.error, RegisterError::kNone);
          table.Release(*set);
          set = result.set;
          break;
        }
        case 3: {
          handlers.erase({event, hook});
          const auto result = table.With(*set, event, hook, {});
          table.Release(*set);
          set = result.set;
          break;
        }
      }
      Journal journal;
      for (const EventId each : events) {
        if (each >> kUserEventShift != 0 && random() % 3 == 0) {
          journal.refuses.insert(each);
        }
      }
      Event raised;
      raised.kind = forest.RootOf(event);
      raised.hook = hook;
      static_cast<void>(table.Run(*set, raised, nullptr, &journal));
      ASSERT_EQ(journal.lines, NaiveWalk(forest, handlers, hook, journal)
                                   .Run(EventIdOf(raised.kind)));
      ASSERT_EQ(set->size(), handlers.size());
    }
  }
}

}  // namespace
}  // namespace mosaic
