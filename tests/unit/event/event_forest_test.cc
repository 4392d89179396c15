#include "dataplane/event/event_forest.h"

#include <array>
#include <cstdint>
#include <set>
#include <tuple>
#include <vector>

#include "gtest/gtest.h"

namespace mosaic {
namespace {

bool Yes(void*, const EventCall&) { return true; }
bool No(void*, const EventCall&) { return false; }

constexpr UserEventFilter kYes{Yes, nullptr};
constexpr EventId kPacket = EventIdOf(EventKind::kPacketIn);
constexpr EventId kData = EventIdOf(EventKind::kNewData);

std::vector<uint8_t> Bytes(size_t n, uint8_t value = 1) {
  return std::vector<uint8_t>(n, value);
}

TEST(EventForest, BuiltInEventsHaveTheBitsOfMos) {
  EXPECT_EQ(EventIdOf(EventKind::kPacketIn), 1u << 0);
  EXPECT_EQ(EventIdOf(EventKind::kConnectionStart), 1u << 2);
  EXPECT_EQ(EventIdOf(EventKind::kNewData), 1u << 4);
  EXPECT_EQ(EventIdOf(EventKind::kError), 1u << 5);
  EXPECT_EQ(EventIdOf(EventKind::kStateChange), 1u << 7);
  EXPECT_EQ(EventIdOf(EventKind::kOrphan), 1u << 8);
  EXPECT_EQ(EventIdOf(EventKind::kRetransmission), 1u << 9);
  EXPECT_EQ(EventIdOf(EventKind::kConnectionEnd), 1u << 10);
}

TEST(EventForest, SameContentGivesTheSameEventAndAnyOtherAnotherOne) {
  EventForest forest;
  int opaque = 0;
  std::set<EventId> different;
  for (int round = 0; round < 2; ++round) {
    different.insert(forest.Define(kPacket, kYes, {}).id);
    different.insert(forest.Define(kData, kYes, {}).id);
    different.insert(forest.Define(kPacket, {No, nullptr}, {}).id);
    different.insert(forest.Define(kPacket, {Yes, &opaque}, {}).id);
    different.insert(forest.Define(kPacket, kYes, Bytes(1)).id);
    different.insert(forest.Define(kPacket, kYes, Bytes(1, 2)).id);
    different.insert(forest.Define(kPacket, kYes, Bytes(2)).id);
  }
  EXPECT_EQ(different.size(), 7u);
  EXPECT_EQ(different.count(kNoEvent), 0u);
  EXPECT_EQ(forest.size(), 7u);
}

TEST(EventForest, ArgumentBytesAreCopied) {
  EventForest forest;
  std::vector<uint8_t> arg = {1, 2, 3};
  const EventId event = forest.Define(kPacket, kYes, arg).id;
  arg = {9, 9, 9};
  const auto held = forest.ArgOf(forest.NodeOf(event));
  EXPECT_EQ(std::vector<uint8_t>(held.begin(), held.end()),
            (std::vector<uint8_t>{1, 2, 3}));
}

TEST(EventForest, EachAllocatedEventIsItsOwn) {
  EventForest forest;
  const Definition a = forest.Alloc(kPacket);
  const Definition b = forest.Alloc(kPacket);
  EXPECT_EQ(a.error, DefineError::kNone);
  EXPECT_NE(a.id, b.id);
  EXPECT_TRUE(forest.IsRaisedOnly(forest.NodeOf(a.id)));
}

TEST(EventForest, RefusesWhatIsNoBaseOrNoFilter) {
  EventForest forest;
  constexpr EventId kReserved = 1u << 1;  // MOS_ON_PKT_OUT.
  for (const EventId base : {kNoEvent, kReserved, kPacket | kData,
                             EventId{1} << kUserEventShift, EventId{1} << 63}) {
    EXPECT_EQ(forest.Define(base, kYes, {}).error, DefineError::kBadBase);
    EXPECT_EQ(forest.Alloc(base).error, DefineError::kBadBase);
    EXPECT_FALSE(forest.Has(base));
    EXPECT_FALSE(forest.IsLegal(base, Hook::kSender));
  }
  EXPECT_EQ(forest.Define(kPacket, {}, {}).error, DefineError::kNoFilter);
  EXPECT_EQ(forest.size(), 0u);
}

// Repair: nested UDEs check hooks by root.
TEST(EventForest, NestedUserDefinedEventsCheckHooksByRoot) {
  EventForest forest;
  for (const auto& [kind, ends, neither] :
       std::vector<std::tuple<EventKind, bool, bool>>{
           {EventKind::kPacketIn, true, true},
           {EventKind::kConnectionStart, true, false},
           {EventKind::kNewData, false, true},
           {EventKind::kError, false, true},
           {EventKind::kStateChange, true, false},
           {EventKind::kOrphan, false, true},
           {EventKind::kRetransmission, true, false},
           {EventKind::kConnectionEnd, true, false}}) {
    EventId event = EventIdOf(kind);
    for (int depth = 0; depth < 4; ++depth) {
      EXPECT_EQ(forest.IsLegal(event, Hook::kSender), ends);
      EXPECT_EQ(forest.IsLegal(event, Hook::kReceiver), ends);
      EXPECT_EQ(forest.IsLegal(event, Hook::kNone), neither);
      EXPECT_EQ(forest.RootOf(event), kind);
      event = depth % 2 == 0 ? forest.Define(event, kYes, {}).id
                             : forest.Alloc(event).id;
    }
  }
}

TEST(EventForest, DepthIsBounded) {
  EventForest forest;
  EventId event = kPacket;
  for (size_t i = 0; i < EventForest::kMaxDepth; ++i) {
    event = forest.Define(event, kYes, {}).id;
    ASSERT_NE(event, kNoEvent);
  }
  EXPECT_EQ(forest.Define(event, kYes, {}).error, DefineError::kTooDeep);
  EXPECT_EQ(forest.refused().Read(), 1u);
}

TEST(EventForest, NumberOfDefinitionsIsBoundedAndOldOnesAreStillFound) {
  EventForest forest;
  const EventId first = forest.Define(kPacket, kYes, {}).id;
  for (size_t i = 1; i < EventForest::kMaxEvents; ++i) {
    ASSERT_EQ(forest.Alloc(kPacket).error, DefineError::kNone) << i;
  }
  EXPECT_EQ(forest.Alloc(kPacket).error, DefineError::kFull);
  EXPECT_EQ(forest.Define(kPacket, {No, nullptr}, {}).error,
            DefineError::kFull);
  EXPECT_EQ(forest.Define(kPacket, kYes, {}).id, first);
  EXPECT_EQ(forest.refused().Read(), 2u);
}

TEST(EventForest, ArgumentBytesAreBoundedTogether) {
  EventForest forest;
  const auto most = Bytes(EventForest::kMaxArgBytes);
  EXPECT_EQ(forest.Define(kPacket, kYes, most).error, DefineError::kNone);
  EXPECT_EQ(forest.Define(kData, kYes, Bytes(1)).error, DefineError::kFull);
  EXPECT_EQ(forest.Define(kData, kYes, {}).error, DefineError::kNone);
}

}  // namespace
}  // namespace mosaic
