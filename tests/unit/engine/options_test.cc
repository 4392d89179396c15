// Options that a function sets on a flow while it runs.

#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/support/connection.h"
#include "tests/support/engine_harness.h"

namespace mosaic::testing {
namespace {

ConnectionOptions FromPort(uint16_t port) {
  ConnectionOptions options;
  options.client_port = port;
  return options;
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Side kServer = Side::kServer;

// Does `next` in the callback of the next packet at the sender.
class Options : public ::testing::Test {
 protected:
  EngineSetup Watching(bool peeks) {
    EngineSetup setup;
    setup.functions[0].wants =
        EventsOf({EventKind::kNewData, EventKind::kError,
                  EventKind::kRetransmission}) |
        EventMask::Of(EventKind::kPacketIn, Hook::kSender);
    setup.functions[0].peeks = peeks;
    setup.functions[0].on_event = [this](const Event& event, FlowView& flow) {
      if (event.kind == EventKind::kPacketIn && next_) {
        auto act = std::move(next_);
        next_ = nullptr;
        act(flow);
      }
      return Verdict::kForward;
    };
    return setup;
  }
  std::vector<std::string> Errors(EngineHarness& harness) {
    return harness.recorded().Only("error");
  }
  static std::string Read(FlowView& flow) {
    std::vector<uint8_t> to(100'000);
    const PeekResult result = flow.Peek(kServer, to);
    if (result.missed > 0) return "missed " + std::to_string(result.missed);
    return {to.begin(), to.begin() + result.bytes};
  }

  std::function<void(FlowView&)> next_;
};

// Repair: buffers resize.
TEST_F(Options, GrowingABufferWithDataInsideLosesNothing) {
  EngineSetup setup = Watching(true);
  setup.monitors[0].side[Index(kServer)].buffer_bytes = 8;
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "abcd");
  c.client().Data(6, "gh");
  next_ = [](FlowView& flow) {
    EXPECT_EQ(flow.buffer_bytes(kServer), 8u);
    EXPECT_TRUE(flow.SetBufferBytes(kServer, 5000));
    EXPECT_EQ(flow.buffer_bytes(kServer), 5000u);
  };
  c.client().Data(8, std::string(3000, 'x'));
  next_ = [](FlowView& flow) { EXPECT_EQ(Read(flow), "abcd"); };
  c.client().Data(4, "ef");
  next_ = [](FlowView& flow) {
    EXPECT_EQ(Read(flow), "efgh" + std::string(3000, 'x'));
  };
  c.server().Ack(2);
  EXPECT_EQ(next_, nullptr);
  EXPECT_THAT(Errors(harness), IsEmpty());
}

TEST_F(Options, ShrinkingABufferTellsTheExactRangeThatIsLost) {
  EngineHarness harness(Watching(false));
  Connection c(harness);
  c.Handshake();
  c.client().Data(100, std::string(50, 'x'));
  c.client().Data(300, std::string(50, 'y'));
  next_ = [](FlowView& flow) { flow.SetBufferBytes(kServer, 320); };
  c.server().Ack(0);
  EXPECT_THAT(Errors(harness), ElementsAre("error server overwritten 320+30"));
}

TEST_F(Options, ShrinkingTellsEachRangeThatIsLostByItself) {
  EngineHarness harness(Watching(false));
  Connection c(harness);
  c.Handshake();
  c.client().Data(100, std::string(50, 'x'));
  c.client().Data(300, std::string(50, 'y'));
  next_ = [](FlowView& flow) { flow.SetBufferBytes(kServer, 120); };
  c.server().Ack(0);
  EXPECT_THAT(Errors(harness), ElementsAre("error server overwritten 120+30",
                                           "error server overwritten 300+50"));
}

TEST_F(Options, ShrinkingWhereTheOldestGoTellsTheOldest) {
  EngineSetup setup = Watching(true);
  setup.monitors[0].side[Index(kServer)].full = FullBuffer::kDropOldest;
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "abcdefgh");
  next_ = [](FlowView& flow) { flow.SetBufferBytes(kServer, 3); };
  c.server().Ack(0);
  EXPECT_THAT(Errors(harness), ElementsAre("error server overwritten 0+5"));
  next_ = [](FlowView& flow) {
    EXPECT_EQ(Read(flow), "missed 5");
    EXPECT_EQ(Read(flow), "fgh");
  };
  c.server().Ack(0);
  EXPECT_EQ(next_, nullptr);
}

TEST_F(Options, BufferOfNothingKeepsNothingAndComesBackLater) {
  EngineHarness harness(Watching(true));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "abc");
  next_ = [](FlowView& flow) {
    flow.SetBufferBytes(kServer, 0);
    EXPECT_EQ(Read(flow), "") << "at once";
  };
  c.client().Data(3, "def");
  EXPECT_EQ(harness.tracker().stream_states().lent(), 0u);
  c.client().Data(6, "ghi");
  EXPECT_EQ(harness.recorded().Only("data").size(), 1u);
  next_ = [](FlowView& flow) { flow.SetBufferBytes(kServer, 1000); };
  c.client().Data(9, "jkl");
  next_ = [](FlowView& flow) {
    EXPECT_EQ(Read(flow), "missed 9");
    EXPECT_EQ(Read(flow), "jkl");
  };
  c.server().Ack(0);
  EXPECT_EQ(next_, nullptr);
}

TEST_F(Options, OneFunctionsSmallerBufferDoesNotHurtAnother) {
  EngineSetup setup = Watching(true);
  setup.functions.push_back(setup.functions[0]);
  std::string read;
  setup.functions[1].on_event = [&](const Event& event, FlowView& flow) {
    if (event.kind == EventKind::kNewData) read += Read(flow);
    return Verdict::kForward;
  };
  setup.monitors = {StreamMonitor({0}), StreamMonitor({1})};
  setup.monitors[1].name = "monitors/b";
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Handshake();
  next_ = [](FlowView& flow) { flow.SetBufferBytes(kServer, 0); };
  c.client().Data(0, "abc");
  c.client().Data(3, "def");
  EXPECT_EQ(read, "abcdef");
  EXPECT_THAT(harness.recorded(0).Only("data"), IsEmpty());
}

TEST_F(Options, BufferBeyondTheLargestIsRefused) {
  EngineHarness harness(Watching(true));
  Connection c(harness);
  next_ = [](FlowView& flow) {
    EXPECT_FALSE(
        flow.SetBufferBytes(kServer, ReassemblyBuffer::kMaxCapacityBytes + 1));
    EXPECT_EQ(flow.buffer_bytes(kServer), 256u * 1024);
  };
  c.Syn();
  EXPECT_EQ(next_, nullptr);
}

// Repair: overlap policy may be set before data.
TEST_F(Options, OverlapPolicyMayBeSetBeforeTheFirstByte) {
  EngineHarness harness(Watching(false));
  Connection c(harness);
  next_ = [](FlowView& flow) {
    EXPECT_EQ(flow.overlap_policy(kServer), OverlapPolicy::kFirst);
    flow.SetOverlapPolicy(kServer, OverlapPolicy::kLast);
    EXPECT_EQ(flow.overlap_policy(kServer), OverlapPolicy::kLast);
  };
  c.Syn();
  c.SynAck();
  c.HandshakeAck();
  c.client().Data(1, "old");
  c.client().Data(1, "new");
  c.client().Data(0, "-");
  EXPECT_EQ(harness.recorded().data[Index(kServer)], "-new");
}

TEST_F(Options, OverlapPolicyOfOneSideChangesWithDataInside) {
  EngineHarness harness(Watching(false));
  Connection c(harness);
  c.Handshake();
  c.client().Data(1, "abc");
  c.client().Data(1, "xxx");
  c.server().Data(1, "abc");
  next_ = [](FlowView& flow) {
    flow.SetOverlapPolicy(kServer, OverlapPolicy::kLast);
  };
  c.client().Data(2, "YZ");
  c.server().Data(1, "xxx");
  c.client().Data(0, "-");
  c.server().Data(0, "-");
  EXPECT_EQ(harness.recorded().data[Index(kServer)], "-aYZ");
  EXPECT_EQ(harness.recorded().data[Index(Side::kClient)], "-abc");
}

TEST_F(Options, StopFreesTheSidesBufferAndLeavesTheOther) {
  EngineHarness harness(Watching(true));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "abc");
  c.server().Data(0, "abc");
  EXPECT_EQ(harness.tracker().stream_states().lent(), 2u);
  next_ = [](FlowView& flow) {
    flow.StopMonitoring(kServer);
    EXPECT_EQ(Read(flow), "") << "at once";
  };
  c.server().Ack(3);
  EXPECT_EQ(harness.tracker().stream_states().lent(), 1u);
}

TEST_F(Options, UserPointerIsReadableToTheLastEvent) {
  int mine = 0;
  std::vector<void*> seen;
  EngineSetup setup;
  setup.functions[0].wants =
      EventsOf({EventKind::kConnectionStart, EventKind::kConnectionEnd});
  setup.functions[0].on_event = [&](const Event& event, FlowView& flow) {
    if (event.kind == EventKind::kConnectionStart) {
      flow.set_user(&mine);
    } else {
      seen.push_back(flow.user());
    }
    return Verdict::kForward;
  };
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Handshake();
  harness.EndAll();
  EXPECT_THAT(seen, ElementsAre(&mine, &mine, &mine, &mine));
}

TEST_F(Options, TypedContextLivesFromAttachmentToBehindTheEnd) {
  static int alive;
  static int made;
  struct Slot {
    Slot() : number(++made) { ++alive; }
    ~Slot() { --alive; }
    int number;
  };
  alive = 0;
  made = 0;
  std::vector<int> at_end;
  EngineSetup setup;
  setup.functions[0].context = ContextLayout::Of<Slot>();
  setup.functions[0].on_event = [&](const Event& event, FlowView& flow) {
    if (event.kind == EventKind::kConnectionEnd) {
      EXPECT_GT(alive, 0);
      at_end.push_back(flow.Context<Slot>().number);
    }
    return Verdict::kForward;
  };
  EngineHarness harness(std::move(setup));
  Connection a(harness);
  Connection b(harness, FromPort(2000));
  a.Syn();
  b.Syn();
  EXPECT_EQ(alive, 2);
  harness.Configure({}, EngineHarness::LiveFlows::kReevaluate);
  b.SynAck();
  EXPECT_EQ(alive, 1) << "no longer attached to b";
  harness.EndAll();
  EXPECT_EQ(alive, 0);
  EXPECT_THAT(at_end, ElementsAre(1, 1, 1, 1));
}

TEST_F(Options, FlowIsVisitedByItsNameUntilItEnds) {
  WorkerView worker;
  FlowHandle handle;
  EngineSetup setup = Watching(true);
  setup.functions[0].on_start = [&](const WorkerView& view) { worker = view; };
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  next_ = [&](FlowView& flow) { handle = flow.handle(); };
  c.Syn();
  c.SynAck();
  c.client().Data(0, "abc");
  std::string read;
  EXPECT_TRUE(
      worker.VisitFlow(handle, [&](FlowView& flow) { read = Read(flow); }));
  EXPECT_EQ(read, "abc");
  EXPECT_TRUE(worker.VisitFlow(
      handle, [&](FlowView& flow) { flow.StopMonitoring(kServer); }));
  harness.Wait(Duration::Millis(2));
  harness.RunTimers();
  EXPECT_EQ(harness.tracker().stream_states().lent(), 0u);
  harness.EndAll();
  EXPECT_FALSE(worker.VisitFlow(handle, [](FlowView&) { FAIL(); }));
}

TEST_F(Options, ResetOfAVisitedFlowIsCarriedOutWithTheNextTimers) {
  WorkerView worker;
  FlowHandle handle;
  EngineSetup setup = Watching(true);
  setup.functions[0].on_start = [&](const WorkerView& view) { worker = view; };
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  next_ = [&](FlowView& flow) { handle = flow.handle(); };
  c.Handshake();
  ASSERT_TRUE(worker.VisitFlow(handle, [](FlowView& flow) {
    EXPECT_EQ(flow.Reset(), SendResult::kNoPath) << "a port that only receives";
    EXPECT_EQ(flow.state(kServer), TcpState::kEstablished);
  }));
  harness.Wait(Duration::Millis(2));
  harness.RunTimers();
  ASSERT_TRUE(worker.VisitFlow(handle, [](FlowView& flow) {
    EXPECT_EQ(flow.state(kServer), TcpState::kClosed);
  }));
}

}  // namespace
}  // namespace mosaic::testing
