#include "dataplane/event/dispatcher.h"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/packet.h"
#include "dataplane/parse/parsed_packet.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/recording_nf.h"

namespace mosaic {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Side kClient = Side::kClient;
constexpr Side kServer = Side::kServer;

// A flow with the functions a, b and c in its chain, which want everything.
class DispatcherTest : public ::testing::Test {
 protected:
  DispatcherTest() {
    for (const char* name : {"a", "b", "c"}) {
      auto nf = std::make_unique<RecordingNf>(name, RecordingNf::Behaviour(),
                                              journal_);
      functions_.push_back(nf.get());
      slots_.push_back(std::make_unique<NfSlot>(name, std::move(nf),
                                                FailurePolicy::kOpen, 1));
      ChainLink& link = subscription_.link[subscription_.link_count++];
      link.slot = slots_.back().get();
      link.wants = ~EventMask();
    }
    flow_.subscription = &subscription_;
    flow_.mask = ~EventMask();
  }

  Verdict Raise(EventKind kind, Hook hook, Side side) {
    PacketView view(packet_, parsed_, kClient);
    Event event;
    event.packet = &view;
    event.kind = kind;
    event.hook = hook;
    event.side = side;
    return dispatcher_.Raise(flow_, event);
  }

  Verdict RaiseData(uint64_t offset, std::string_view data) {
    Event event;
    event.kind = EventKind::kNewData;
    event.hook = Hook::kNone;
    event.side = kServer;
    event.offset = offset;
    event.data = {reinterpret_cast<const uint8_t*>(data.data()), data.size()};
    return dispatcher_.Raise(flow_, event);
  }

  // Replaces slot `i` by one with the same function's behaviour and `policy`.
  void SetPolicy(size_t i, FailurePolicy policy) {
    auto nf = std::make_unique<RecordingNf>(
        slots_[i]->name, functions_[i]->behaviour(), journal_);
    functions_[i] = nf.get();
    slots_[i] =
        std::make_unique<NfSlot>(slots_[i]->name, std::move(nf), policy, 1);
    subscription_.link[i].slot = slots_[i].get();
  }

  // What there is to drop.
  const Packet packet_;
  const ParsedPacket parsed_;

  uint64_t Counted(EventKind kind) const {
    return counters_.events[static_cast<size_t>(kind)].Read();
  }

  std::vector<std::string> journal_;
  std::vector<RecordingNf*> functions_;
  std::vector<std::unique_ptr<NfSlot>> slots_;
  Subscription subscription_;
  Flow flow_;
  NoFlowServices services_;
  CoreCounters counters_;
  Dispatcher dispatcher_{services_, counters_};
};

// --- Order
// --------------------------------------------------------------------

TEST_F(DispatcherTest, ChainIsWalkedInOrderForWhatTheClientSends) {
  Raise(EventKind::kPacketIn, Hook::kSender, kClient);
  EXPECT_THAT(journal_, ElementsAre("a", "b", "c"));
  journal_.clear();
  // The same packet, told for its receiver.
  Raise(EventKind::kPacketIn, Hook::kReceiver, kServer);
  EXPECT_THAT(journal_, ElementsAre("a", "b", "c"));
  journal_.clear();
  RaiseData(0, "for the server");
  EXPECT_THAT(journal_, ElementsAre("a", "b", "c"));
}

TEST_F(DispatcherTest, ChainIsWalkedInReverseForWhatTheServerSends) {
  Raise(EventKind::kPacketIn, Hook::kSender, kServer);
  EXPECT_THAT(journal_, ElementsAre("c", "b", "a"));
  journal_.clear();
  Raise(EventKind::kPacketIn, Hook::kReceiver, kClient);
  EXPECT_THAT(journal_, ElementsAre("c", "b", "a"));
}

TEST_F(DispatcherTest, OnlyThoseAreCalledWhoWantTheEvent) {
  subscription_.link[1].wants = EventMask::AllOf(kServer);
  Raise(EventKind::kPacketIn, Hook::kSender, kClient);
  EXPECT_THAT(journal_, ElementsAre("a", "c"));
  EXPECT_EQ(Counted(EventKind::kPacketIn), 1u);
}

// --- Verdicts
// -----------------------------------------------------------------

TEST_F(DispatcherTest, DropEndsTheWalk) {
  functions_[1]->behaviour().verdict = Verdict::kDrop;
  EXPECT_EQ(Raise(EventKind::kPacketIn, Hook::kSender, kClient),
            Verdict::kDrop);
  EXPECT_THAT(journal_, ElementsAre("a", "b"));
  journal_.clear();
  EXPECT_EQ(Raise(EventKind::kPacketIn, Hook::kSender, kServer),
            Verdict::kDrop);
  EXPECT_THAT(journal_, ElementsAre("c", "b"));
}

TEST_F(DispatcherTest, VerdictsOnPacketsAreCountedByFunction) {
  functions_[1]->behaviour().verdict = Verdict::kBlockFlow;
  EXPECT_EQ(Raise(EventKind::kPacketIn, Hook::kSender, kClient),
            Verdict::kBlockFlow);
  EXPECT_EQ(slots_[0]->forwarded.Read(), 1u);
  EXPECT_EQ(slots_[1]->dropped.Read(), 1u);
  EXPECT_EQ(slots_[2]->forwarded.Read(), 0u);
}

// --- Faults
// -------------------------------------------------------------------

TEST_F(DispatcherTest, WhatAnOpenFunctionThrowsIsCountedAndTheWalkGoesOn) {
  functions_[1]->behaviour().throws = true;
  EXPECT_EQ(Raise(EventKind::kPacketIn, Hook::kSender, kClient),
            Verdict::kForward);
  EXPECT_THAT(journal_, ElementsAre("a", "b", "c"));
  EXPECT_EQ(slots_[1]->faults.Read(), 1u);
  EXPECT_EQ(slots_[0]->faults.Read(), 0u);
}

TEST_F(DispatcherTest, WhatAClosedFunctionThrowsDropsThePacket) {
  functions_[1]->behaviour().throws = true;
  SetPolicy(1, FailurePolicy::kClosed);
  EXPECT_EQ(Raise(EventKind::kPacketIn, Hook::kSender, kClient),
            Verdict::kDrop);
  EXPECT_THAT(journal_, ElementsAre("a", "b"));
}

TEST_F(DispatcherTest, FunctionIsDetachedAtTheFaultLimitAndNotBefore) {
  functions_[1]->behaviour().throws = true;
  for (uint64_t i = 0; i < NfSlot::kFaultLimit; ++i) {
    EXPECT_FALSE(slots_[1]->detached());
    Raise(EventKind::kPacketIn, Hook::kSender, kClient);
  }
  EXPECT_TRUE(slots_[1]->detached());
  journal_.clear();

  EXPECT_EQ(Raise(EventKind::kPacketIn, Hook::kSender, kClient),
            Verdict::kForward);
  EXPECT_THAT(journal_, ElementsAre("a", "c"));
  EXPECT_EQ(slots_[1]->faults.Read(), NfSlot::kFaultLimit);
}

TEST_F(DispatcherTest, DetachedClosedFunctionDropsWithoutBeingCalled) {
  SetPolicy(1, FailurePolicy::kClosed);
  slots_[1]->faults.Set(NfSlot::kFaultLimit);
  EXPECT_EQ(Raise(EventKind::kPacketIn, Hook::kSender, kClient),
            Verdict::kDrop);
  EXPECT_THAT(journal_, ElementsAre("a"));
}

// --- Payload limits
// -----------------------------------------------------------

TEST_F(DispatcherTest, DataIsCutAtTheLimitOfALink) {
  subscription_.link[0].payload_limit[Index(kServer)] = 5;
  subscription_.link[1].payload_limit[Index(kServer)] = 6;
  RaiseData(0, "abc");
  RaiseData(3, "def");
  RaiseData(6, "ghi");
  EXPECT_EQ(functions_[0]->data, "abcde");
  EXPECT_EQ(functions_[1]->data, "abcdef");
  EXPECT_EQ(functions_[2]->data, "abcdefghi");
  // Who has had enough is not called for nothing.
  EXPECT_THAT(journal_, ElementsAre("a", "b", "c", "a", "b", "c", "c"));
}

TEST_F(DispatcherTest, LimitOfOneSideDoesNotCutTheOther) {
  subscription_.link[0].payload_limit[Index(kClient)] = 0;
  RaiseData(0, "abc");
  EXPECT_EQ(functions_[0]->data, "abc");
}

// --- Packets without a flow
// ---------------------------------------------------

TEST_F(DispatcherTest, PacketWithoutAFlowGoesThroughTheSlotsInOrder) {
  NfSlot* const slots[] = {slots_[2].get(), slots_[0].get()};
  Event event;
  event.kind = EventKind::kOrphan;

  EXPECT_EQ(dispatcher_.RaiseWithoutFlow(slots, event), Verdict::kForward);
  EXPECT_THAT(journal_, ElementsAre("c", "a"));
  EXPECT_EQ(Counted(EventKind::kOrphan), 1u);

  journal_.clear();
  functions_[2]->behaviour().verdict = Verdict::kDrop;
  EXPECT_EQ(dispatcher_.RaiseWithoutFlow(slots, event), Verdict::kDrop);
  EXPECT_THAT(journal_, ElementsAre("c"));
}

TEST_F(DispatcherTest, FaultOnAPacketWithoutAFlowIsAnsweredByThePolicy) {
  functions_[0]->behaviour().throws = true;
  functions_[1]->behaviour().throws = true;
  SetPolicy(1, FailurePolicy::kClosed);
  NfSlot* const open[] = {slots_[0].get()};
  NfSlot* const closed[] = {slots_[1].get(), slots_[2].get()};
  Event event;
  event.kind = EventKind::kPacketIn;

  EXPECT_EQ(dispatcher_.RaiseWithoutFlow(open, event), Verdict::kForward);
  EXPECT_EQ(dispatcher_.RaiseWithoutFlow(closed, event), Verdict::kDrop);
  EXPECT_EQ(slots_[0]->faults.Read(), 1u);
  EXPECT_EQ(slots_[1]->faults.Read(), 1u);

  slots_[1]->faults.Set(NfSlot::kFaultLimit);
  journal_.clear();
  EXPECT_EQ(dispatcher_.RaiseWithoutFlow(closed, event), Verdict::kDrop);
  EXPECT_THAT(journal_, IsEmpty());
}

}  // namespace
}  // namespace mosaic
