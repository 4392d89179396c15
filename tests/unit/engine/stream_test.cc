// Streams rebuilt from whole packets: both directions, both IP versions, and
// initial numbers such that the stream passes 2^32.

#include <algorithm>
#include <numeric>
#include <optional>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include "gmock/gmock.h"
#include "tests/support/connection.h"
#include "tests/support/engine_harness.h"
#include "tests/support/naive_stream.h"
#include "tests/support/overlap_cases.h"

namespace mosaic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// One of the eight ways in which every case is run.
struct Variant {
  uint8_t ip_version;
  Side sender;
  uint32_t isn;

  ConnectionOptions Options() const {
    ConnectionOptions options;
    options.ip_version = ip_version;
    options.isn[Index(sender)] = isn;
    return options;
  }
  Side receiver() const { return Other(sender); }
};

std::ostream& operator<<(std::ostream& out, const Variant& v) {
  return out << "Ipv" << int{v.ip_version}
             << (v.sender == Side::kClient ? "FromClient" : "FromServer")
             << (v.isn == 1000 ? "" : "AcrossTheWrap");
}

// Offset 4 of the stream has sequence number 0.
constexpr uint32_t kIsnNearWrap = 0xffffffff - 4;

std::vector<Variant> AllVariants() {
  std::vector<Variant> variants;
  for (const uint8_t ip_version : {4, 6}) {
    for (const Side sender : {Side::kClient, Side::kServer}) {
      for (const uint32_t isn : {1000u, kIsnNearWrap}) {
        variants.push_back({ip_version, sender, isn});
      }
    }
  }
  return variants;
}

// Keeps what was delivered, so that all conflicts are seen.
EngineSetup Comparing(OverlapPolicy overlap) {
  EngineSetup setup;
  setup.functions[0].wants =
      EventsOf({EventKind::kNewData, EventKind::kError, EventKind::kStateChange,
                EventKind::kConnectionEnd});
  for (SidePolicy& side : setup.monitors[0].side) {
    side.retain = Retain::kUnacked;
    side.overlap = overlap;
  }
  return setup;
}

class Streams : public ::testing::TestWithParam<Variant> {};

TEST_P(Streams, EveryArrivalOrderGivesTheWholeStreamAndThenTheFin) {
  struct Segment {
    uint64_t offset;
    std::string_view text;
    bool fin = false;
  };
  const std::array<Segment, 6> segments = {
      {{0, "abc"}, {3, "de"}, {4, "efg"}, {2, "cd"}, {7, "h"}, {8, "", true}}};
  const Variant v = GetParam();
  for (const Retain retain : {Retain::kNone, Retain::kUnacked}) {
    std::array<size_t, 6> order;
    std::iota(order.begin(), order.end(), 0);
    EngineSetup setup = Comparing(OverlapPolicy::kFirst);
    for (SidePolicy& side : setup.monitors[0].side) side.retain = retain;
    EngineHarness harness(setup);
    do {
      harness.recorded().Clear();
      Connection c(harness, v.Options());
      c.Handshake();
      for (size_t i : order) {
        const Segment& s = segments[i];
        if (s.fin) {
          c.end(v.sender).Fin(s.offset);
        } else {
          c.end(v.sender).Data(s.offset, s.text);
        }
      }
      ASSERT_EQ(harness.flow().end[Index(v.receiver())].state,
                TcpState::kCloseWait)
          << ::testing::PrintToString(order);
      harness.EndAll();
      const Recording& r = harness.recorded();
      ASSERT_EQ(r.data[Index(v.receiver())], "abcdefgh")
          << ::testing::PrintToString(order);
      ASSERT_THAT(r.errors, IsEmpty());
      ASSERT_THAT(r.events.back(), ::testing::StartsWith("end rcv server"));
      ASSERT_EQ(r.counters_at_end[Index(v.sender)].stream_bytes, 8u);
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

// Plays a case of group O and compares all that is told with the naive model.
void PlayOverlap(const OverlapCase& c, const Variant& v, OverlapPolicy policy,
                 std::string_view delivered, uint32_t conflicting) {
  SCOPED_TRACE(c.id);
  EngineHarness harness(Comparing(policy));
  Connection connection(harness, v.Options());
  connection.Handshake();
  NaiveStream model(0, 1u << 20);
  std::vector<Conflict> expected;
  for (const Arrival& arrival : c.arrivals) {
    connection.end(v.sender).Data(arrival.offset, arrival.text);
    const std::span<const uint8_t> payload(
        reinterpret_cast<const uint8_t*>(arrival.text.data()),
        arrival.text.size());
    model.Insert(arrival.offset, payload, policy, std::nullopt, expected);
    while (model.Holds(model.delivered())) model.Deliver(1);
  }
  const Recording& r = harness.recorded();
  EXPECT_EQ(r.data[Index(v.receiver())], delivered);
  EXPECT_EQ(harness.counters().pending_bytes.Read(), c.pending);
  EXPECT_EQ(harness.counters().conflict_bytes.Read(), conflicting);
  EXPECT_EQ(r.errors.size(), expected.size());
  for (size_t i = 0; i < std::min(r.errors.size(), expected.size()); ++i) {
    EXPECT_EQ(r.errors[i].cause, ErrorCause::kOverlapConflict);
    EXPECT_EQ(r.errors[i].offset, expected[i].offset);
    EXPECT_EQ(r.errors[i].length, expected[i].length);
    EXPECT_EQ(r.errors[i].hash_held, expected[i].hash_held);
    EXPECT_EQ(r.errors[i].hash_new, expected[i].hash_new);
  }
  // Then OK: the flow goes on.
  const uint64_t next = delivered.size() + (c.pending > 0 ? 3 : 0);
  if (c.pending > 0) {
    connection.end(v.sender).Data(delivered.size(), ".");
  }
  connection.end(v.sender).Data(next, "on");
  EXPECT_THAT(r.data[Index(v.receiver())], ::testing::EndsWith("on"));
}

// O-01 to O-27.
TEST_P(Streams, UnderFirstTheCopyThatCameFirstIsDelivered) {
  for (const OverlapCase& c : GroupO()) {
    PlayOverlap(c, GetParam(), OverlapPolicy::kFirst, c.first,
                c.conflicting_first);
  }
}

TEST_P(Streams, UnderLastTheCopyThatCameLastIsDelivered) {
  for (const OverlapCase& c : GroupO()) {
    PlayOverlap(c, GetParam(), OverlapPolicy::kLast, c.last,
                c.conflicting_last);
  }
}

// G-01, and G-08 at a length that every build runs in no time.
TEST_P(Streams, OneByteSegmentsInReverseGiveTheWholeStream) {
  const Variant v = GetParam();
  EngineHarness harness(Comparing(OverlapPolicy::kFirst));
  Connection c(harness, v.Options());
  c.Handshake();
  std::string sent;
  for (int i = 0; i < 2000; ++i) sent += static_cast<char>('a' + i % 23);
  for (size_t i = sent.size(); i-- > 0;) {
    c.end(v.sender).Data(i, std::string_view(sent).substr(i, 1));
  }
  EXPECT_EQ(harness.recorded().data[Index(v.receiver())], sent);
  EXPECT_THAT(harness.recorded().errors, IsEmpty());
}

// G-12.
TEST_P(Streams, OneDirectionAloneIsRebuilt) {
  const Variant v = GetParam();
  EngineSetup setup = Comparing(OverlapPolicy::kFirst);
  setup.monitors[0].midstream = mosaic::Midstream::kPickup;
  EngineHarness harness(setup);
  Connection c(harness, v.Options());
  if (v.sender == Side::kClient) {
    c.Syn();
  } else {
    c.SynAck();
  }
  c.end(v.sender).Data(0, "one");
  c.end(v.sender).Data(6, "three");
  c.end(v.sender).Data(3, "two");
  c.end(v.sender).Fin(11);
  EXPECT_EQ(harness.recorded().data[Index(v.receiver())], "onetwothree");
}

INSTANTIATE_TEST_SUITE_P(AllVariants, Streams,
                         ::testing::ValuesIn(AllVariants()),
                         [](const auto& instance) {
                           return ::testing::PrintToString(instance.param);
                         });

TEST(StreamOffsets, AFlowOfMoreThanEightGigabytesKeepsItsOffsets) {
  EngineSetup setup;
  setup.functions[0].wants = EventsOf({EventKind::kNewData, EventKind::kError});
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  // Three segments in a row from far ahead say that the bytes between were
  // lost. The sequence number goes round twice.
  constexpr uint64_t kStep = uint64_t{1} << 30;
  uint64_t offset = 0;
  std::string expected;
  for (int i = 0; i < 9; ++i) {
    offset += kStep;
    for (int k = 0; k < 3; ++k) c.client().Data(offset, "far");
    offset += 3;
    c.client().Data(offset, "on");
    offset += 2;
    c.server().Ack(offset);
    expected += "faron";
  }
  const Recording& r = harness.recorded();
  EXPECT_EQ(r.data[Index(Side::kServer)], expected);
  EXPECT_EQ(r.data_offsets[Index(Side::kServer)].back(), offset - 2);
  EXPECT_GT(offset, uint64_t{9} << 30);
  const std::vector<StreamError> gaps = r.ErrorsOf(ErrorCause::kGap);
  ASSERT_EQ(gaps.size(), 9u);
  for (const StreamError& gap : gaps) EXPECT_EQ(gap.length, kStep);
  EXPECT_EQ(harness.flow().end[0].delivered, offset);
}

TEST(StreamOffsets, ASideThatNobodyReadsKeepsItsOffsetsToo) {
  EngineSetup setup;
  setup.functions[0].wants = EventsOf({EventKind::kConnectionEnd});
  EngineHarness harness(setup);
  Connection c(harness, Connection::Wide());
  c.Handshake();
  uint64_t offset = 0;
  for (int i = 0; i < 18; ++i) {
    offset += uint64_t{1} << 29;
    c.client().Data(offset, "x");
    c.server().Ack(offset + 1);
    offset += 1;
  }
  EXPECT_EQ(harness.flow().end[0].delivered, offset);
}

TEST(StreamBoundaries, SegmentsBeforeTheStartAreRefused) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  c.Send(c.client().Segment(0, "xxabc").Seq(1001 - 2));
  EXPECT_EQ(harness.recorded().data[1], "abc");
  EXPECT_EQ(harness.counters()
                .refused_bytes[static_cast<size_t>(RefusedBytes::kBeforeStart)]
                .Read(),
            2u);
}

// W-10, W-11.
TEST(StreamBoundaries, AKeepAliveIsNoRetransmissionAndChangesNothing) {
  EngineHarness harness(EngineSetup{});
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "abc");
  harness.recorded().Clear();
  c.Send(c.client().Segment(2, "X"));
  c.Send(c.client().Segment(2));
  EXPECT_THAT(harness.recorded().events,
              ElementsAre("packet snd client", "packet rcv server",
                          "packet snd client", "packet rcv server"));
  c.client().Data(3, "def");
  EXPECT_EQ(harness.recorded().data[1], "def");
}

// U-01, U-02.
TEST(StreamBoundaries, ASegmentWithAWrongChecksumIsNeverTheFirstCopy) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  c.Send(c.client().Segment(0, "EVIL").BadL4Checksum());
  c.client().Data(0, "GOOD");
  c.Send(c.client().Segment(0, "EVIL").BadL4Checksum());
  EXPECT_EQ(harness.recorded().data[1], "GOOD");
  EXPECT_EQ(harness.recorded().ErrorsOf(ErrorCause::kBadChecksum).size(), 2u);
  EXPECT_EQ(harness.counters().conflict_bytes.Read(), 0u);
}

// L-08.
TEST(StreamBoundaries, BytesThatTheCaptureCutOffAreAGapAndNoPhantoms) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  const PacketBuilder whole = c.client().Segment(0, "abcdefgh");
  c.Send(PacketBuilder(whole).Snap(whole.wire_length() - 5));
  c.client().Data(8, "on");
  for (int i = 0; i < 3; ++i) c.server().Ack(10);
  EXPECT_THAT(harness.recorded().Only("data"),
              ElementsAre("data server 0 abc", "data server 8 on"));
  EXPECT_THAT(harness.recorded().Only("error"),
              ElementsAre("error server gap 3+5"));
}

TEST(StreamBoundaries, APacketCutBehindItsHeadersDeliversNothing) {
  EngineSetup setup;
  setup.functions[0].wants = EventsOf({EventKind::kNewData});
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  const PacketBuilder whole = c.client().Segment(0, "abc");
  c.Send(PacketBuilder(whole).Snap(whole.wire_length() - 3));
  EXPECT_THAT(harness.recorded().Only("data"), IsEmpty());
}

// L-01.
TEST(StreamBoundaries, PaddingIsNotPayload) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  c.Send(c.client().Segment(0).Padding(6));
  c.client().Data(0, "a");
  EXPECT_EQ(harness.recorded().data[1], "a");
}

// G-15, and O-21 as an NF sees it: exact place, both hashes.
TEST(StreamConflicts, ASecondAnswerIsToldWithBothHashes) {
  EngineHarness harness(Comparing(OverlapPolicy::kFirst));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "GET");
  c.server().Data(0, "200 FORGED");
  c.server().Data(0, "200 honest");
  const Recording& r = harness.recorded();
  ASSERT_EQ(r.errors.size(), 1u);
  EXPECT_EQ(r.errors[0].cause, ErrorCause::kOverlapConflict);
  EXPECT_EQ(r.errors[0].offset, 4u);
  EXPECT_EQ(r.errors[0].length, 6u);
  EXPECT_NE(r.errors[0].hash_held, r.errors[0].hash_new);
  EXPECT_EQ(r.data[Index(Side::kClient)], "200 FORGED");
}

}  // namespace
}  // namespace mosaic::testing
