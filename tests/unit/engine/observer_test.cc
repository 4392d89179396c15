// What an observer is told of flows, and that nobody else notices it.

#include <string>
#include <vector>

#include "dataplane/command/event_tap.h"
#include "dataplane/command/flow_listing.h"
#include "gmock/gmock.h"
#include "tests/support/connection.h"
#include "tests/support/engine_harness.h"
#include "tests/support/traffic_mix.h"

namespace mosaic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr size_t kServerIndex = Index(Side::kServer);

// An engine whose only monitor has no function, and a tap that is asked for
// `kinds`.
class ObserverTest : public ::testing::Test {
 protected:
  ObserverTest() {
    setup_.monitors = {StreamMonitor({})};
    setup_.observers = {&tap_};
  }

  void Want(const std::vector<EventKind>& kinds) {
    EventMask mask;
    for (EventKind kind : kinds) mask = mask | MaskOf(kind);
    tap_.SetWanted(mask);
  }

  std::vector<EventRecord> Records() {
    std::vector<EventRecord> records;
    EventRecord record;
    while (tap_.Pop(record)) records.push_back(record);
    return records;
  }

  // "data server 3+5" and the like.
  std::vector<std::string> Told() {
    std::vector<std::string> texts;
    for (const EventRecord& record : Records()) texts.push_back(Text(record));
    return texts;
  }

  static std::string Text(const EventRecord& record) {
    static constexpr const char* kKinds[kEventKinds] = {
        "start", "packet", "rexmit", "error", "data", "state", "orphan", "end"};
    std::string text = kKinds[static_cast<size_t>(record.kind)];
    text += record.side == Side::kClient ? " client" : " server";
    switch (record.kind) {
      case EventKind::kStateChange:
        return text + ' ' + std::string(Name(record.new_state));
      case EventKind::kConnectionEnd:
        return text + ' ' + std::string(Name(record.end_reason));
      case EventKind::kError:
        text += ' ' + std::string(Name(record.cause));
        [[fallthrough]];
      case EventKind::kNewData:
      case EventKind::kRetransmission:
        return text + ' ' + std::to_string(record.offset) + '+' +
               std::to_string(record.length);
      default:
        return text;
    }
  }

  EventTap tap_{0, 1024};
  EngineSetup setup_;
};

TEST_F(ObserverTest, AConnectionIsToldOnceFromItsStartToItsEnd) {
  EngineHarness harness(setup_);
  Want({EventKind::kConnectionStart, EventKind::kNewData,
        EventKind::kStateChange, EventKind::kConnectionEnd});
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "ask");
  c.server().Data(0, "answer");
  harness.EndAll();
  EXPECT_THAT(Told(), ElementsAre("start client", "state client syn_sent",
                                  "state server syn_received",
                                  "state client established",
                                  "state server established", "data server 0+3",
                                  "data client 0+6", "end server shutdown"));
}

TEST_F(ObserverTest, ARecordSaysWhichFlowAndWhoseItIs) {
  EngineHarness harness(setup_);
  Want({EventKind::kConnectionStart});
  harness.Send(PacketBuilder().Udp(9, 9));  // The flow with id 0.
  Connection c(harness);
  c.Syn();
  const std::vector<EventRecord> records = Records();
  ASSERT_THAT(records, SizeIs(2));
  const EventRecord& record = records[1];
  EXPECT_EQ(record.number, 1u);
  EXPECT_EQ(record.packet_index, 1u);
  EXPECT_EQ(record.flow_id, 1u);
  EXPECT_TRUE(record.has_flow);
  EXPECT_EQ(record.time, harness.time());
  EXPECT_EQ(record.key.port[record.client], 1000);
  EXPECT_EQ(record.key.port[record.client ^ 1], 80);
  EXPECT_EQ(record.monitors, 1u);
  EXPECT_EQ(record.revision, 1u);
  EXPECT_GT(record.length, 50u) << "the packet's bytes";
}

TEST_F(ObserverTest, NothingIsRecordedThatNobodyWants) {
  EngineHarness harness(setup_);
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "ask");
  EXPECT_EQ(tap_.produced(), 0u);
  Want({EventKind::kNewData});
  c.client().Data(3, "more");
  Want({});
  c.client().Data(7, "again");
  EXPECT_THAT(Told(), ElementsAre("data server 3+4"));
}

TEST_F(ObserverTest, APacketIsToldOnceAndByItsSender) {
  EngineHarness harness(setup_);
  Want({EventKind::kPacketIn});
  Connection c(harness);
  c.Handshake();
  c.server().Data(0, "x");
  EXPECT_THAT(Told(), ElementsAre("packet client", "packet server",
                                  "packet client", "packet server"));
}

// Nobody reads the side, so nothing is kept for the observer's sake: it hears
// what is new at the highest byte seen.
TEST_F(ObserverTest, OfASideNobodyReadsItHearsHowFarTheStreamHasCome) {
  EngineHarness harness(setup_);
  Want({EventKind::kNewData, EventKind::kError});
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "abc");
  c.client().Data(6, "ghi");   // A hole before it.
  c.client().Data(3, "def");   // Late.
  c.client().Data(7, "hijk");  // Partly new.
  EXPECT_THAT(Told(), ElementsAre("data server 0+3", "data server 6+3",
                                  "data server 9+2"));
  EXPECT_EQ(harness.tracker().stream_states().lent(), 0u);
  const SideMonitoring side = Summarise(harness.flow()).received[kServerIndex];
  EXPECT_FALSE(side.read);
  EXPECT_EQ(side.buffer_bytes, 256u * 1024) << "for who would read it";
  EXPECT_EQ(side.buffered_bytes, 0u);
}

TEST_F(ObserverTest, OfASideThatAFunctionReadsItHearsTheSameAsTheFunction) {
  setup_.functions[0].wants =
      EventsOf({EventKind::kNewData, EventKind::kError});
  setup_.monitors = {StreamMonitor({0})};
  EngineHarness harness(setup_);
  Want({EventKind::kNewData, EventKind::kError});
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "abc");
  c.client().Data(6, "ghi");
  c.client().Data(3, "def");
  c.client().Data(12, "mno");
  const SideMonitoring side = Summarise(harness.flow()).received[kServerIndex];
  EXPECT_TRUE(side.read);
  EXPECT_EQ(side.buffered_bytes, 3u);
  harness.EndAll();
  EXPECT_THAT(Told(), ElementsAre("data server 0+3", "data server 3+3",
                                  "data server 6+3", "error server gap 9+3",
                                  "data server 12+3"));
  EXPECT_EQ(harness.recorded().data[kServerIndex], "abcdefghimno");
}

TEST_F(ObserverTest, ARetransmissionIsToldByWhoReceivesItWithItsRange) {
  EngineHarness harness(setup_);
  Want({EventKind::kRetransmission});
  Connection c(harness);
  c.Syn();
  c.Syn();
  c.SynAck();
  c.client().Ack(0);
  c.client().Data(0, "abcdef");
  c.client().Data(2, "cd");
  EXPECT_THAT(Told(), ElementsAre("rexmit server 0+0", "rexmit server 2+2"));
}

TEST_F(ObserverTest, ABufferOfZeroShowsNoDataOfThatSide) {
  setup_.monitors[0].side[kServerIndex].buffer_bytes = 0;
  EngineHarness harness(setup_);
  Want({EventKind::kNewData});
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "abc");
  c.server().Data(0, "x");
  EXPECT_THAT(Told(), ElementsAre("data client 0+1"));
}

TEST_F(ObserverTest, AStopPolicyEndsDataAtItsByteAndTheSidesEventsAfterIt) {
  StopPolicy stop;
  stop.side = Side::kServer;
  stop.condition = StopPolicy::Condition::kPayloadBytes;
  stop.amount = 5;
  for (const bool read : {false, true}) {
    setup_.functions[0].wants = EventsOf({EventKind::kNewData});
    setup_.monitors = {StreamMonitor({})};
    if (read) setup_.monitors[0].nf_instances = {0};
    setup_.monitors[0].stop = {stop};
    EngineHarness harness(setup_);
    Want({EventKind::kNewData, EventKind::kStateChange,
          EventKind::kConnectionEnd});
    Connection c(harness);
    c.Handshake();
    EXPECT_THAT(Told(), SizeIs(4));
    c.client().Data(0, "abc");
    c.client().Data(3, "defgh");
    c.client().Data(8, "ij");
    c.server().Data(0, "x");
    c.client().Fin(10);
    harness.EndAll();
    EXPECT_THAT(
        Told(),
        ElementsAre("data server 0+3", "data server 3+2", "data client 0+1",
                    "state client fin_wait_1", "end server shutdown"))
        << read;
  }
}

TEST_F(ObserverTest, OfTwoMonitorsTheOneThatGoesOnShowsTheSide) {
  StopPolicy stop;
  stop.condition = StopPolicy::Condition::kImmediately;
  Monitor stopped = StreamMonitor({});
  stopped.stop = {stop};
  setup_.monitors = {stopped, StreamMonitor({})};
  EngineHarness harness(setup_);
  Want({EventKind::kNewData});
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "abc");
  const std::vector<EventRecord> records = Records();
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].monitors, 0b11u);
}

TEST_F(ObserverTest, AFlowWithoutMonitorsIsNotShown) {
  EngineHarness harness(setup_);
  Connection c(harness);
  c.Handshake();
  Monitor other = StreamMonitor({});
  other.syn_filter = StreamFilter("port 443");
  harness.Configure({other}, EngineHarness::LiveFlows::kReevaluate);
  tap_.SetWanted(AllEvents());
  c.client().Data(0, "abc");
  harness.EndAll();
  EXPECT_THAT(Told(), IsEmpty());
}

TEST_F(ObserverTest, AnOrphanIsToldWithTheMonitorsWhoseFilterItMatches) {
  setup_.monitors = {StreamMonitor({}), StreamMonitor({})};
  for (Monitor& monitor : setup_.monitors) {
    monitor.syn_filter = StreamFilter("port 443");
  }
  setup_.monitors[0].orphan_filter = StreamFilter("port 22");
  EngineHarness harness(setup_);
  Want({EventKind::kOrphan});
  Connection c(harness);
  c.Syn();
  const std::vector<EventRecord> records = Records();
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_EQ(records[0].kind, EventKind::kOrphan);
  EXPECT_FALSE(records[0].has_flow);
  EXPECT_EQ(records[0].monitors, 0b10u);
  EXPECT_EQ(records[0].key.port[records[0].client], 1000) << "the sender";
}

TEST_F(ObserverTest, APacketOfARawMonitorIsToldWithIt) {
  setup_.monitors = {RawMonitor({})};
  setup_.monitors[0].raw_filter = FrameFilter("udp");
  EngineHarness harness(setup_);
  Want({EventKind::kPacketIn});
  harness.Send(PacketBuilder().Udp(5, 53));
  Connection c(harness);
  c.Syn();
  const std::vector<EventRecord> records = Records();
  ASSERT_THAT(records, SizeIs(1));
  EXPECT_FALSE(records[0].has_flow);
  EXPECT_EQ(records[0].monitors, 1u);
}

TEST_F(ObserverTest, AFullRingLosesRecordsAndTheirNumbersTellWhich) {
  EventTap small(0, 4);
  setup_.observers = {&small};
  EngineHarness harness(setup_);
  small.SetWanted(MaskOf(EventKind::kNewData));
  Connection c(harness);
  c.Handshake();
  for (uint64_t i = 0; i < 6; ++i) c.client().Data(i, "x");
  EventRecord record;
  ASSERT_TRUE(small.Pop(record));
  c.client().Data(6, "y");
  EXPECT_EQ(small.produced(), 7u);
  std::vector<uint64_t> numbers;
  while (small.Pop(record)) numbers.push_back(record.number);
  EXPECT_THAT(numbers, ElementsAre(1u, 2u, 3u, 6u));
}

// What functions hear, and every counter, is the same with an observer that
// wants all there is.
TEST_F(ObserverTest, NobodyNoticesThatOneListens) {
  std::vector<std::string> heard[2];
  std::vector<uint64_t> counted[2];
  for (const bool observed : {false, true}) {
    EngineSetup setup = MixedTrafficSetup();
    EventTap tap(0, 4);  // Nearly everything is lost; that must not show.
    if (observed) {
      tap.SetWanted(AllEvents());
      setup.observers = {&tap};
    }
    EngineHarness harness(setup);
    for (const TimedPacket& packet : MixedTraffic()) {
      harness.SetTime(packet.time);
      harness.Send(packet.packet);
    }
    harness.EndAll();
    heard[observed] = harness.recorded().events;
    for (size_t i = 0; i < kCoreCounterCells; ++i) {
      counted[observed].push_back(CellOf(harness.counters(), i).Read());
    }
    EXPECT_EQ(tap.produced() > 0, observed);
  }
  EXPECT_EQ(heard[0], heard[1]);
  EXPECT_EQ(counted[0], counted[1]);
}

}  // namespace
}  // namespace mosaic::testing
