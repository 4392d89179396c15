// What is kept of delivered bytes, and what is told of copies that differ.

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/support/connection.h"
#include "tests/support/engine_harness.h"

namespace mosaic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

EngineSetup Retaining(Retain retain, uint32_t retain_bytes = 0) {
  EngineSetup setup;
  setup.functions[0].wants = EventsOf({EventKind::kNewData, EventKind::kError});
  for (SidePolicy& side : setup.monitors[0].side) {
    side.retain = retain;
    side.retain_bytes = retain_bytes;
  }
  return setup;
}

TEST(Retained, NothingIsKeptByDefaultAndARepeatIsUnverified) {
  EngineHarness harness(Retaining(Retain::kNone));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "good");
  EXPECT_EQ(harness.tracker().stream_states().lent(), 0u);
  c.client().Data(0, "evil");
  EXPECT_THAT(harness.recorded().Only("error"), IsEmpty());
  EXPECT_EQ(harness.counters().unverified_bytes.Read(), 4u);
}

TEST(Retained, UnackedBytesAreComparedUntilTheyAreAcknowledged) {
  EngineHarness harness(Retaining(Retain::kUnacked));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "good");
  c.client().Data(0, "evil");
  EXPECT_THAT(harness.recorded().Only("error"),
              ElementsAre("error server overlap_conflict 0+4"));
  EXPECT_EQ(harness.counters().duplicate_bytes.Read(), 4u);
  c.server().Ack(2);
  c.client().Data(0, "evil");
  EXPECT_THAT(harness.recorded().Only("error"),
              ElementsAre("error server overlap_conflict 0+4",
                          "error server overlap_conflict 2+2"));
  EXPECT_EQ(harness.counters().unverified_bytes.Read(), 2u);
}

TEST(Retained, AcknowledgedBytesGiveTheirMemoryBack) {
  EngineHarness harness(Retaining(Retain::kUnacked));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "good");
  EXPECT_EQ(harness.tracker().stream_states().lent(), 1u);
  c.server().Ack(4);
  EXPECT_EQ(harness.tracker().stream_states().lent(), 0u);
  EXPECT_EQ(harness.tracker().chunks().free_chunks(),
            harness.tracker().chunks().total_chunks());
}

TEST(Retained, TheLastBytesAreComparedThoughAcknowledged) {
  EngineHarness harness(Retaining(Retain::kBytes, 4));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "abcdefgh");
  c.server().Ack(8);
  c.client().Data(0, "ABCDEFGH");
  EXPECT_THAT(harness.recorded().Only("error"),
              ElementsAre("error server overlap_conflict 4+4"));
  EXPECT_EQ(harness.counters().unverified_bytes.Read(), 4u);
  EXPECT_EQ(harness.counters().duplicate_bytes.Read(), 4u);
}

TEST(Retained, AFunctionThatComparesHasUnackedBytesKept) {
  EngineSetup setup = Retaining(Retain::kNone);
  setup.functions[0].compares_retransmissions = true;
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "good");
  c.client().Data(0, "evil");
  EXPECT_THAT(harness.recorded().Only("error"),
              ElementsAre("error server overlap_conflict 0+4"));
}

// Nobody acknowledges what a one-sided capture shows.
TEST(Retained, AOneSidedCaptureNeverStalls) {
  EngineSetup setup = Retaining(Retain::kUnacked);
  setup.monitors[0].side[1].buffer_bytes = 8192;
  EngineHarness harness(setup);
  Connection c(harness);
  c.Syn();
  std::string sent;
  for (int i = 0; i < 200; ++i) {
    const std::string piece(1400, static_cast<char>('a' + i % 26));
    c.client().Data(sent.size(), piece);
    sent += piece;
  }
  EXPECT_EQ(harness.recorded().data[1], sent);
  EXPECT_THAT(harness.recorded().errors, IsEmpty());
}

// An attacker would have the first copy forgotten before the second comes.
TEST(Retained, ASegmentFromBehindTheBoundForgetsNothing) {
  EngineHarness harness(Retaining(Retain::kUnacked));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "good");
  c.client().Data(1u << 28, "far");
  c.client().Data(0, "evil");
  EXPECT_THAT(harness.recorded().ErrorsOf(ErrorCause::kOverlapConflict),
              ::testing::SizeIs(1));
}

TEST(Retained, ASegmentLongerThanTheBufferIsDeliveredWhole) {
  EngineSetup setup = Retaining(Retain::kUnacked);
  setup.monitors[0].side[1].buffer_bytes = 100;
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  const std::string first(1000, 'a');
  const std::string second(1000, 'b');
  c.client().Data(0, first);
  c.client().Data(1000, second);
  EXPECT_EQ(harness.recorded().data[1], first + second);
  EXPECT_THAT(harness.recorded().errors, IsEmpty());
}

}  // namespace
}  // namespace mosaic::testing
