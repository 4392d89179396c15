// Packets that functions hold back, and what becomes of them.

#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/engine_harness.h"
#include "tests/support/fragments.h"
#include "tests/support/packet_builder.h"
#include "tests/support/wire_test.h"

namespace mosaic::testing {
namespace {

using Strings = std::vector<std::string>;

// What a function does is in the payload: "h..." is held, "r..." releases all
// that is held before it, "d..." drops it, "b..." blocks the flow.
class HoldTest : public WireTest {
 protected:
  explicit HoldTest(size_t functions = 1) : WireTest(functions) {
    for (size_t i = 0; i < functions; ++i) ObeyPayload(i, 'h');
  }

  void ObeyPayload(size_t number, char hold) {
    AtData(number, [this, number, hold](PacketView& packet, FlowView& flow) {
      const char first = static_cast<char>(packet.payload()[0]);
      if (first == hold) return Verdict::kHold;
      if (first == 'b') return Verdict::kBlockFlow;
      const auto both = static_cast<char>('0' + number);
      if (first == 'r' || first == both) {
        released_ = flow.Release(HeldFate::kForward);
      } else if (first == 'd') {
        released_ = flow.Release(HeldFate::kDrop);
      } else if (first == '?') {
        released_ = flow.held();
      }
      return Verdict::kForward;
    });
  }

  uint64_t Holds(HoldEnd end) {
    return harness_->Sum([end](const CoreCounters& c) {
      return c.packet_holds[static_cast<size_t>(end)].Read();
    });
  }
  uint64_t Dropped(DropReason reason) {
    return harness_->Sum([reason](const CoreCounters& c) {
      return c.dropped_packets[static_cast<size_t>(reason)].Read();
    });
  }
  uint64_t HeldNow() {
    return harness_->Sum(
        [](const CoreCounters& c) { return c.held_packets.Read(); });
  }
  std::string ReadByServer() {
    return harness_->recorded().data[Index(Side::kServer)];
  }

  size_t released_ = 0;
};

TEST_F(HoldTest, HeldPacketsLeaveInOrderInFrontOfTheOneThatReleasesThem) {
  Start();
  Data(0, "h1");
  Data(2, "h2");
  EXPECT_EQ(AtServer(), Strings());
  EXPECT_EQ(HeldNow(), 2u);
  harness_->ExpectAccountsBalance();
  Data(4, "r3");
  EXPECT_EQ(released_, 2u);
  EXPECT_EQ(AtServer(), (Strings{"0:h1", "2:h2", "4:r3"}));
  EXPECT_EQ(Holds(HoldEnd::kReleased), 2u);
  EXPECT_EQ(HeldNow(), 0u);
  EXPECT_EQ(harness_->slot().held.Read(), 2u);
}

TEST_F(HoldTest, AllElseGoesOnAsIfAHeldPacketHadLeft) {
  Start();
  Data(0, "h1");
  Data(2, "xx");
  EXPECT_EQ(ReadByServer(), "h1xx");
  EXPECT_EQ(AtServer(), Strings{"2:xx"});
  EXPECT_EQ(harness_->flow().end[Index(Side::kClient)].delivered, 4u);
}

TEST_F(HoldTest, AFunctionMayReleaseAFewAndDropTheRest) {
  setup_.functions[0].on_event = [this](const Event& event, FlowView& flow) {
    if (event.kind != EventKind::kNewData || event.side != Side::kServer) {
      return Verdict::kForward;
    }
    if (event.data[0] == 'h') return Verdict::kHold;
    released_ = flow.Release(HeldFate::kForward, 2);
    EXPECT_EQ(flow.held(), 1u);
    EXPECT_EQ(flow.Release(HeldFate::kDrop), 1u);
    return Verdict::kForward;
  };
  Start();
  for (uint32_t i = 0; i < 3; ++i) Data(2 * i, "h" + std::to_string(i));
  Data(6, "xx");
  EXPECT_EQ(released_, 2u);
  EXPECT_EQ(AtServer(), (Strings{"0:h0", "2:h1", "6:xx"}));
  EXPECT_EQ(Holds(HoldEnd::kDropped), 1u);
  EXPECT_EQ(Dropped(DropReason::kNfDrop), 1u);
}

TEST_F(HoldTest, ATimerReleasesToo) {
  setup_.functions[0].on_event = [](const Event& event, FlowView& flow) {
    if (event.kind != EventKind::kPacketIn || event.packet->payload().empty() ||
        event.hook != Hook::kSender) {
      return Verdict::kForward;
    }
    EXPECT_NE(flow.ArmTimer({Duration::Millis(5), Duration(), 1}), kNoTimer);
    return Verdict::kHold;
  };
  setup_.functions[0].on_timer = [this](const TimerEvent&, FlowView* flow) {
    released_ = flow->Release(HeldFate::kForward);
  };
  Start();
  Data(0, "ab");
  harness_->Wait(Duration::Millis(10));
  harness_->RunTimers();
  EXPECT_EQ(released_, 1u);
  EXPECT_EQ(AtServer(), Strings{"0:ab"});
}

TEST_F(HoldTest, WhatIsHeldTooLongGoesOnIfTheFunctionFailsOpen) {
  Start();
  Data(0, "h1");
  harness_->Wait(Duration::Millis(500));
  Data(2, "h2");
  harness_->Wait(Duration::Millis(499));
  harness_->RunTimers();
  EXPECT_EQ(AtServer(), Strings());
  harness_->Wait(Duration::Millis(1));
  harness_->RunTimers();
  EXPECT_EQ(AtServer(), Strings{"0:h1"});
  harness_->Wait(Duration::Millis(500));
  Data(4, "?");
  EXPECT_EQ(released_, 0u) << "found before the packet is told of";
  EXPECT_EQ(AtServer(), (Strings{"2:h2", "4:?"}));
  EXPECT_EQ(Holds(HoldEnd::kTimedOut), 2u);
}

TEST_F(HoldTest, WhatIsHeldTooLongIsDroppedIfTheFunctionFailsClosed) {
  setup_.functions[0].failure_policy = FailurePolicy::kClosed;
  Start();
  Data(0, "h1");
  harness_->Wait(Duration::Seconds(1));
  harness_->RunTimers();
  EXPECT_EQ(AtServer(), Strings());
  EXPECT_EQ(Holds(HoldEnd::kTimedOut), 1u);
  EXPECT_EQ(Dropped(DropReason::kNfDrop), 1u);
}

TEST_F(HoldTest, WithoutRoomAPacketHasTheFateOfTheFailurePolicy) {
  for (const FailurePolicy policy :
       {FailurePolicy::kOpen, FailurePolicy::kClosed}) {
    setup_.pipeline.limits.hold.packets = 2;
    setup_.functions[0].failure_policy = policy;
    Start();
    Data(0, "h1");
    Data(2, "h2");
    Data(4, "h3");
    EXPECT_EQ(AtServer(),
              policy == FailurePolicy::kOpen ? Strings{"4:h3"} : Strings());
    EXPECT_EQ(Holds(HoldEnd::kRefused), 1u);
    Data(6, "rr");
    EXPECT_EQ(AtServer(), (Strings{"0:h1", "2:h2", "6:rr"}));
    Data(8, "h4");
    EXPECT_EQ(HeldNow(), 1u) << "places are used again";
    harness_.reset();
    AtServer();
  }
}

TEST_F(HoldTest, AFlowThatEndsTakesWhatIsHeldWithIt) {
  Start();
  Data(0, "h1");
  harness_->EndAll();
  EXPECT_EQ(AtServer(), Strings{"0:h1"});
  EXPECT_EQ(Holds(HoldEnd::kFlowEnded), 1u);
}

TEST_F(HoldTest, OfABlockedFlowNothingLeaves) {
  Start();
  Data(0, "h1");
  Data(2, "b");
  EXPECT_EQ(AtServer(), Strings());
  EXPECT_EQ(Holds(HoldEnd::kBlocked), 1u);
  EXPECT_EQ(Dropped(DropReason::kFlowBlocked), 2u);
}

TEST_F(HoldTest, OfAFlowThatIsResetOnlyTheResetsLeave) {
  setup_.functions[0].on_event = [](const Event& event, FlowView& flow) {
    if (event.kind != EventKind::kNewData) return Verdict::kForward;
    if (event.data[0] == 'h') return Verdict::kHold;
    EXPECT_EQ(flow.Reset(), SendResult::kQueued);
    return Verdict::kDrop;
  };
  Start();
  Data(0, "h1");
  Data(2, "xx");
  ASSERT_EQ(to_server_.sent.size(), 1u);
  EXPECT_TRUE(Received(to_server_.sent[0]).parsed.Has(tcp_flag::kRst));
  EXPECT_EQ(Holds(HoldEnd::kBlocked), 1u);
}

TEST_F(HoldTest, WhatIsDroppedAtTheSameEventIsNotHeld) {
  setup_.functions[0].on_event = [](const Event& event, FlowView&) {
    if (event.kind == EventKind::kPacketIn && event.hook == Hook::kSender) {
      return Verdict::kHold;
    }
    return event.kind == EventKind::kNewData ? Verdict::kDrop
                                             : Verdict::kForward;
  };
  Start();
  AtServer();
  const uint64_t held = HeldNow();
  Data(0, "ab");
  EXPECT_EQ(HeldNow(), held);
  EXPECT_EQ(Dropped(DropReason::kNfDrop), 1u);
}

TEST_F(HoldTest, OnAReceivingPortOnlyThePlaceIsKept) {
  setup_.sinks.clear();
  Start();
  Data(0, "h1");
  EXPECT_EQ(HeldNow(), 0u);
  EXPECT_EQ(harness_->store().held(), 0u) << "its bytes are given back";
  Data(2, "rr");
  EXPECT_EQ(released_, 1u);
}

TEST_F(HoldTest, ALengthenedSegmentLeavesInPartsWhenItIsReleased) {
  AtData(0, [this](PacketView& packet, FlowView& flow) {
    if (packet.payload()[0] == 'r') {
      released_ = flow.Release(HeldFate::kForward);
      return Verdict::kForward;
    }
    EXPECT_EQ(packet.Insert(PacketRegion::kPayload, 0,
                            BytesOf(std::string(600, 'x'))),
              EditResult::kDone);
    return Verdict::kHold;
  });
  Start();
  Data(0, "ab");
  Data(2, "r");
  EXPECT_EQ(AtServer(),
            (Strings{"0:" + std::string(536, 'x'),
                     "536:" + std::string(64, 'x') + "ab", "602:r"}));
}

TEST_F(HoldTest, APacketWithoutAFlowCannotBeHeld) {
  setup_.monitors = {RawMonitor({0})};
  setup_.functions[0].on_packet = [](const Event&) { return Verdict::kHold; };
  harness_ = std::make_unique<EngineHarness>(setup_);
  Data(0, "ab");
  EXPECT_EQ(AtServer(), Strings{"0:ab"});
  EXPECT_EQ(Holds(HoldEnd::kRefused), 1u);
}

TEST_F(HoldTest, ADatagramMadeOfFragmentsCannotBeHeld) {
  setup_.functions[0].on_event = [](const Event& event, FlowView&) {
    return event.kind == EventKind::kPacketIn ? Verdict::kHold
                                              : Verdict::kForward;
  };
  setup_.functions[0].failure_policy = FailurePolicy::kClosed;
  harness_ = std::make_unique<EngineHarness>(setup_);
  const PacketBuilder syn =
      Frame(Side::kClient).Seq(kClientIsn).Flags(tcp_flag::kSyn);
  for (const PacketBuilder& part : Fragments(syn, 7, {8, 16})) {
    Send(Side::kClient, part);
  }
  EXPECT_EQ(Holds(HoldEnd::kRefused), 1u);
  EXPECT_EQ(Dropped(DropReason::kNfDrop), 1u);
  EXPECT_EQ(HeldNow(), 0u);
}

// Of several functions the first holds "h", the second "i", both "H".
class TwoHoldersTest : public HoldTest {
 protected:
  TwoHoldersTest() : HoldTest(2) {}
};

TEST_F(TwoHoldersTest, APacketThatBothHoldLeavesWhenBothHaveReleasedIt) {
  Start();
  Data(0, "h1");
  Data(2, "0");
  EXPECT_EQ(released_, 1u);
  EXPECT_EQ(AtServer(), Strings{"2:0"});
  Data(3, "1");
  EXPECT_EQ(AtServer(), (Strings{"0:h1", "3:1"}));
}

TEST_F(TwoHoldersTest, OneOfThemDropsItForBoth) {
  Start();
  Data(0, "h1");
  Data(2, "d");
  EXPECT_EQ(AtServer(), Strings{"2:d"});
  EXPECT_EQ(Holds(HoldEnd::kDropped), 1u);
}

TEST_F(TwoHoldersTest, AClosedHolderDecidesForBothWhenTheTimeIsUp) {
  setup_.functions[1].failure_policy = FailurePolicy::kClosed;
  Start();
  Data(0, "h1");
  harness_->Wait(Duration::Seconds(1));
  harness_->RunTimers();
  EXPECT_EQ(AtServer(), Strings());
}

TEST_F(TwoHoldersTest, WhoLeavesTheChainLetsGo) {
  ObeyPayload(1, 'i');
  Start();
  Data(0, "h1");
  Data(2, "i2");
  harness_->Configure({StreamMonitor({1})},
                      EngineHarness::LiveFlows::kReevaluate);
  Data(4, "xx");
  EXPECT_EQ(AtServer(), (Strings{"0:h1", "4:xx"}));
  Data(6, "1");
  EXPECT_EQ(AtServer(), (Strings{"2:i2", "6:1"}))
      << "the other one has another place in the chain now";
}

// Random holds, releases, drops and waits on several flows against a list.
class HoldRandomTest : public HoldTest,
                       public ::testing::WithParamInterface<uint32_t> {
 protected:
  static constexpr size_t kPlaces = 8;
  struct Model {
    uint32_t flow;
    std::string text;
    Timestamp due;
  };

  void SendOn(uint32_t flow, const std::string& text) {
    uint32_t& offset = offset_[flow];
    Send(Side::kClient, Frame(Side::kClient)
                            .Tcp(static_cast<uint16_t>(1000 + flow), 80)
                            .Seq(kClientIsn + 1 + offset)
                            .Ack(kServerIsn + 1)
                            .Payload(text));
    offset += static_cast<uint32_t>(text.size());
  }
  void TakeDue() {
    while (!model_.empty() && model_.front().due <= harness_->time()) {
      expected_.push_back(model_.front().text);
      model_.pop_front();
    }
  }
  void TakeOf(uint32_t flow, bool forwarded) {
    std::deque<Model> rest;
    for (Model& held : model_) {
      if (held.flow != flow) {
        rest.push_back(held);
      } else if (forwarded) {
        expected_.push_back(held.text);
      }
    }
    model_ = std::move(rest);
  }

  std::deque<Model> model_;
  Strings expected_;
  std::map<uint32_t, uint32_t> offset_;
};

TEST_P(HoldRandomTest, EveryPacketLeavesWhenAListSaysSo) {
  std::mt19937 random(GetParam());
  setup_.pipeline.limits.hold.packets = kPlaces;
  setup_.monitors[0].midstream = Midstream::kPickup;
  harness_ = std::make_unique<EngineHarness>(setup_);
  Strings got;
  for (uint32_t i = 0; i < 2000; ++i) {
    const uint32_t flow = random() % 5;
    harness_->Wait(Duration::Millis(static_cast<int64_t>(random() % 100)));
    const std::string text =
        std::string(1, "hhhhrd?x"[random() % 8]) + std::to_string(i);
    SendOn(flow, text);
    TakeDue();
    if (text[0] == 'r' || text[0] == 'd') TakeOf(flow, text[0] == 'r');
    if (text[0] == '?') {
      EXPECT_EQ(released_,
                std::ranges::count_if(model_, [&](const Model& held) {
                  return held.flow == flow;
                }));
    }
    if (text[0] == 'h' && model_.size() < kPlaces) {
      model_.push_back(
          {flow, text, harness_->time() + setup_.pipeline.limits.hold.time});
    } else {
      expected_.push_back(text);
    }
    ASSERT_EQ(HeldNow(), model_.size());
  }
  for (const std::string& frame : AtServer()) {
    got.push_back(frame.substr(frame.find(':') + 1));
  }
  EXPECT_EQ(got, expected_);
  EXPECT_GT(Holds(HoldEnd::kTimedOut), 0u);
  EXPECT_GT(Holds(HoldEnd::kRefused), 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, HoldRandomTest, ::testing::Range(1u, 9u));

}  // namespace
}  // namespace mosaic::testing
