// When a hole in a stream is given up, what is told, and what becomes of bytes
// that come too late. Group G of the catalogue.

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/support/connection.h"
#include "tests/support/engine_harness.h"

namespace mosaic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

EngineSetup DataAndErrors(uint32_t buffer_bytes = 256 * 1024) {
  EngineSetup setup;
  setup.functions[0].wants = EventsOf({EventKind::kNewData, EventKind::kError});
  for (SidePolicy& side : setup.monitors[0].side) {
    side.buffer_bytes = buffer_bytes;
  }
  return setup;
}

uint64_t Refused(EngineHarness& harness, RefusedBytes reason) {
  return harness.counters().refused_bytes[static_cast<size_t>(reason)].Read();
}

// G-01.
TEST(Gap, AHoleThatIsFilledInTimeIsNone) {
  EngineHarness harness(DataAndErrors());
  Connection c(harness);
  c.Handshake();
  c.client().Data(4, "data");
  c.server().Ack(0);
  c.server().Ack(0);
  c.server().Ack(0);
  c.server().Ack(0);
  c.client().Data(0, "more");
  EXPECT_THAT(harness.recorded().events,
              ElementsAre("data server 0 more", "data server 4 data"));
  EXPECT_EQ(harness.counters().gap_bytes[1].Read(), 0u);
}

// G-04.
TEST(Gap, TheThirdAcknowledgementPastAHoleGivesItUp) {
  EngineHarness harness(DataAndErrors());
  Connection c(harness);
  c.Handshake();
  c.client().Data(4, "data");
  c.server().Ack(8);
  c.server().Ack(8);
  EXPECT_THAT(harness.recorded().events, IsEmpty());
  c.server().Ack(8);
  EXPECT_THAT(harness.recorded().events,
              ElementsAre("error server gap 0+4", "data server 4 data"));
  EXPECT_EQ(harness.counters().gap_bytes[1].Read(), 4u);
}

TEST(Gap, AHoleThatIsAcknowledgedOnceIsGivenUpAfter200Milliseconds) {
  EngineHarness harness(DataAndErrors());
  Connection c(harness);
  c.Handshake();
  c.client().Data(4, "data");
  c.server().Ack(8);
  harness.Wait(Duration::Millis(199));
  harness.RunTimers();
  EXPECT_THAT(harness.recorded().events, IsEmpty());
  harness.Wait(Duration::Millis(1));
  harness.RunTimers();
  EXPECT_THAT(harness.recorded().events,
              ElementsAre("error server gap 0+4", "data server 4 data"));
}

TEST(Gap, WithTheTimerOffOnlyTheBoundAndTheEndGiveHolesUp) {
  EngineSetup setup = DataAndErrors();
  setup.pipeline.limits.gap.enabled = false;
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  c.client().Data(4, "data");
  for (int i = 0; i < 9; ++i) c.server().Ack(8);
  harness.Wait(Duration::Seconds(9));
  harness.RunTimers();
  EXPECT_THAT(harness.recorded().events, IsEmpty());
  harness.EndAll();
  EXPECT_THAT(harness.recorded().events,
              ElementsAre("error server gap 0+4", "data server 4 data"));
}

// The fill came between the acknowledgements: they were about another hole.
TEST(Gap, AcknowledgementsOfAFilledHoleDoNotCountForTheNext) {
  EngineHarness harness(DataAndErrors());
  Connection c(harness);
  c.Handshake();
  c.client().Data(2, "cd");
  c.client().Data(6, "gh");
  c.server().Ack(8);
  c.server().Ack(8);
  c.client().Data(0, "ab");
  c.server().Ack(8);
  c.server().Ack(8);
  EXPECT_THAT(harness.recorded().Only("error"), IsEmpty());
  c.server().Ack(8);
  EXPECT_THAT(harness.recorded().Only("error"),
              ElementsAre("error server gap 4+2"));
}

TEST(Gap, SeveralHolesAreToldOneByOneAtTheEnd) {
  EngineHarness harness(DataAndErrors());
  Connection c(harness);
  c.Handshake();
  c.client().Data(2, "cd");
  c.client().Data(6, "gh");
  c.server().Data(1, "x");
  harness.EndAll();
  EXPECT_THAT(harness.recorded().events,
              ElementsAre("error client gap 0+1", "data client 1 x",
                          "error server gap 0+2", "data server 2 cd",
                          "error server gap 4+2", "data server 6 gh"));
}

// G-02: 64 KiB after a hole that never fills, with a buffer of 64 KiB.
TEST(Gap, DataThatGoesOnToTheBoundGivesTheHoleUpAndLosesNothingElse) {
  EngineHarness harness(DataAndErrors(64 * 1024));
  Connection c(harness, Connection::Wide());
  c.Handshake();
  std::string sent(1000, '?');
  while (sent.size() < 130'000) {
    const std::string piece(1000, static_cast<char>('a' + sent.size() % 26));
    c.client().Data(sent.size(), piece);
    sent += piece;
  }
  EXPECT_EQ(harness.recorded().data[1], sent.substr(1000));
  EXPECT_THAT(harness.recorded().Only("error"),
              ElementsAre("error server gap 0+1000"));
}

// G-06.
TEST(Gap, TheLastByteOfTheBufferIsKeptAndTheOneBehindItRefused) {
  EngineHarness harness(DataAndErrors(4096));
  Connection c(harness);
  c.Handshake();
  c.client().Data(4095, "x");
  EXPECT_EQ(harness.counters().pending_bytes.Read(), 1u);
  EXPECT_THAT(harness.recorded().events, IsEmpty());

  EngineHarness past(DataAndErrors(4096));
  Connection d(past);
  d.Handshake();
  d.client().Data(4096, "x");
  EXPECT_EQ(past.counters().pending_bytes.Read(), 0u);
  EXPECT_THAT(past.recorded().events,
              ElementsAre("error server buffer_full 4096+1"));
  EXPECT_EQ(Refused(past, RefusedBytes::kBeyondBuffer), 1u);
}

TEST(Gap, AHoleWiderThanTheBufferIsGivenUpByTheThirdSegmentBehindIt) {
  EngineHarness harness(DataAndErrors(4096));
  Connection c(harness, Connection::Wide());
  c.Handshake();
  c.client().Data(100'000, "one");
  c.client().Data(100'003, "two");
  c.client().Data(100'006, "three");
  c.client().Data(100'011, "four");
  EXPECT_THAT(
      harness.recorded().events,
      ElementsAre("error server buffer_full 100000+3",
                  "error server buffer_full 100003+3",
                  "error server gap 0+100006", "data server 100006 three",
                  "data server 100011 four"));
}

TEST(Gap, FarSegmentsBetweenOnesInOrderLoseNothing) {
  EngineHarness harness(DataAndErrors(4096));
  Connection c(harness);
  c.Handshake();
  for (uint64_t i = 0; i < 10; ++i) {
    c.client().Data(i, "x");
    c.client().Data(1u << 28, "far");
  }
  EXPECT_EQ(harness.recorded().data[1], "xxxxxxxxxx");
  EXPECT_THAT(harness.recorded().ErrorsOf(ErrorCause::kGap), IsEmpty());
}

// G-03.
TEST(Gap, BytesThatComeAfterTheirHoleWasGivenUpAreToldAndNotUsed) {
  EngineHarness harness(DataAndErrors());
  Connection c(harness);
  c.Handshake();
  c.client().Data(4, "data");
  for (int i = 0; i < 3; ++i) c.server().Ack(8);
  harness.recorded().Clear();
  c.client().Data(0, "late");
  EXPECT_THAT(harness.recorded().events,
              ElementsAre("error server late_after_gap 0+4"));
  EXPECT_EQ(harness.counters().late_after_gap_bytes.Read(), 4u);
  c.client().Data(8, "on");
  EXPECT_EQ(harness.recorded().data[1], "on");
}

TEST(Gap, LateBytesAreToldWithTheirOwnRange) {
  for (const Retain retain : {Retain::kNone, Retain::kBytes}) {
    EngineSetup setup = DataAndErrors();
    for (SidePolicy& side : setup.monitors[0].side) {
      side.retain = retain;
      side.retain_bytes = 1000;
    }
    EngineHarness harness(setup);
    Connection c(harness);
    c.Handshake();
    c.client().Data(0, "ab");
    c.client().Data(6, "gh");
    c.client().Data(10, "kl");
    for (int i = 0; i < 6; ++i) c.server().Ack(12);
    EXPECT_THAT(harness.recorded().Only("error"),
                ElementsAre("error server gap 2+4", "error server gap 8+2"));
    harness.recorded().Clear();
    c.client().Data(0, "abcdefghijkl");
    EXPECT_THAT(harness.recorded().events,
                ElementsAre("error server late_after_gap 2+4",
                            "error server late_after_gap 8+2"));
    EXPECT_EQ(harness.counters().late_after_gap_bytes.Read(), 6u);
  }
}

// W-12: acknowledged before it was seen, then seen.
TEST(Gap, DataThatItsAcknowledgementOvertookIsDelivered) {
  EngineHarness harness(DataAndErrors());
  Connection c(harness);
  c.Handshake();
  for (int i = 0; i < 5; ++i) c.server().Ack(4);
  c.client().Data(0, "data");
  EXPECT_THAT(harness.recorded().events, ElementsAre("data server 0 data"));
}

// G-07, one past the bound.
TEST(Gap, OneIslandTooManyIsRefused) {
  EngineHarness harness(DataAndErrors());
  Connection c(harness);
  c.Handshake();
  constexpr uint32_t kMost = ReassemblyBuffer::kMaxIslands;
  for (uint32_t i = 0; i < kMost; ++i) c.client().Data(1 + 2 * i, "x");
  EXPECT_EQ(Refused(harness, RefusedBytes::kTooManyIslands), 0u);
  c.client().Data(1 + 2 * kMost, "x");
  EXPECT_EQ(Refused(harness, RefusedBytes::kTooManyIslands), 1u);
  EXPECT_EQ(
      harness.recorded().events.back(),
      "error server too_many_islands " + std::to_string(1 + 2 * kMost) + "+1");
  c.client().Data(0, "a");
  EXPECT_EQ(harness.recorded().data[1], "ax");
}

class Budget : public ::testing::Test {
 protected:
  // Sixteen chunks of 2 KiB.
  static EngineSetup SixteenChunks(OverlapPolicy overlap) {
    EngineSetup setup = DataAndErrors();
    setup.pipeline.limits.reassembly_bytes = 0;
    for (SidePolicy& side : setup.monitors[0].side) side.overlap = overlap;
    return setup;
  }
  // Holds all chunks for islands of a connection of its own.
  static void UseUp(EngineHarness& harness) {
    ConnectionOptions options;
    options.client_port = 999;
    Connection hog(harness, options);
    hog.Handshake();
    for (uint64_t i = 1; i < 100; ++i) hog.client().Data(i * 2048, "x");
    ASSERT_EQ(harness.tracker().chunks().free_chunks(), 0u);
    harness.recorded().Clear();
  }
};

TEST_F(Budget, BytesThatFindNoMemoryAreRefusedAndTold) {
  EngineHarness harness(SixteenChunks(OverlapPolicy::kFirst));
  UseUp(harness);
  EXPECT_GT(Refused(harness, RefusedBytes::kNoMemory), 0u);
  Connection c(harness);
  c.Handshake();
  c.client().Data(4, "data");
  EXPECT_THAT(harness.recorded().events,
              ElementsAre("error server budget 4+4"));
}

TEST_F(Budget, WhatIsInOrderFlowsOnWithoutMemory) {
  for (const Retain retain : {Retain::kNone, Retain::kUnacked}) {
    EngineSetup setup = SixteenChunks(OverlapPolicy::kLast);
    for (SidePolicy& side : setup.monitors[0].side) side.retain = retain;
    EngineHarness harness(setup);
    UseUp(harness);
    Connection c(harness, Connection::Wide());
    c.Handshake();
    std::string sent;
    for (int i = 0; i < 100; ++i) {
      const std::string piece(1000, static_cast<char>('a' + i % 26));
      c.client().Data(sent.size(), piece);
      sent += piece;
    }
    EXPECT_EQ(harness.recorded().data[1], sent);
    EXPECT_THAT(harness.recorded().errors, IsEmpty());
  }
}

// Own islands hold the last chunks; the segment that joins them is longer.
TEST_F(Budget, ASegmentAcrossHeldBytesIsDeliveredWholeWithoutMemory) {
  EngineSetup setup = SixteenChunks(OverlapPolicy::kFirst);
  uint64_t highest_pending = 0;
  EngineHarness* at = nullptr;
  setup.functions[0].on_event = [&](const Event&, FlowView&) {
    highest_pending =
        std::max(highest_pending, at->counters().pending_bytes.Read());
    return Verdict::kForward;
  };
  EngineHarness harness(setup);
  at = &harness;
  Connection c(harness);
  c.Handshake();
  c.client().Data(1000, "held");
  UseUp(harness);
  std::string all(8000, 'a');
  all.replace(1000, 4, "held");
  c.client().Data(0, all);
  EXPECT_EQ(harness.recorded().data[1], all);
  EXPECT_THAT(harness.recorded().errors, IsEmpty());
  EXPECT_LT(highest_pending, 100'000u) << "the gauge went below zero";
}

}  // namespace
}  // namespace mosaic::testing
