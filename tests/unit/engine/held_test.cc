// Segments that their receiver may have refused: what is held, until when, and
// the bounds of it.

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/connection.h"
#include "tests/support/engine_harness.h"

namespace mosaic::testing {
namespace {

uint64_t Unacceptable(EngineHarness& harness) {
  return harness.counters()
      .refused_bytes[static_cast<size_t>(RefusedBytes::kUnacceptable)]
      .Read();
}

// Data that its receiver refuses, since it acknowledges nothing.
void SendWithoutAck(Connection& c, uint64_t offset, std::string_view text) {
  c.Send(c.client().Segment(offset, text).Flags(tcp_flag::kPsh));
}

TEST(Held, WhatTheReceiverAcknowledgesIsDeliveredInOrder) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  SendWithoutAck(c, 3, "def");
  SendWithoutAck(c, 0, "abc");
  EXPECT_EQ(harness.counters().pending_bytes.Read(), 6u);
  EXPECT_EQ(harness.recorded().data[1], "");
  c.server().Ack(6);
  EXPECT_EQ(harness.recorded().data[1], "abcdef");
  EXPECT_EQ(harness.counters().pending_bytes.Read(), 0u);
}

TEST(Held, OnlyThePartThatIsAcknowledgedIsDelivered) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  SendWithoutAck(c, 0, "abcdef");
  c.server().Ack(2);
  EXPECT_EQ(harness.recorded().data[1], "ab");
  EXPECT_EQ(Unacceptable(harness), 4u);
}

TEST(Held, ACleanCopyWinsInEachOrderAndUnderEachPolicy) {
  for (const OverlapPolicy overlap :
       {OverlapPolicy::kFirst, OverlapPolicy::kLast}) {
    for (const bool clean_first : {false, true}) {
      EngineSetup setup;
      for (SidePolicy& side : setup.monitors[0].side) side.overlap = overlap;
      EngineHarness harness(setup);
      Connection c(harness);
      c.Handshake();
      // Behind a hole, so that neither is delivered before both are there.
      if (clean_first) c.client().Data(2, "GOOD");
      SendWithoutAck(c, 2, "EVIL");
      if (!clean_first) c.client().Data(2, "GOOD");
      c.client().Data(0, "is");
      c.server().Ack(6);
      EXPECT_EQ(harness.recorded().data[1], "isGOOD");
      EXPECT_EQ(harness.counters().conflict_bytes.Read(), 0u);
    }
  }
}

TEST(Held, ACopyThatLostIsGivenBackWithTheNextAcknowledgement) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  SendWithoutAck(c, 0, "EVIL");
  c.client().Data(0, "GOOD");
  EXPECT_EQ(harness.counters().pending_bytes.Read(), 4u);
  c.server().Ack(4);
  EXPECT_EQ(harness.counters().pending_bytes.Read(), 0u);
  EXPECT_EQ(Unacceptable(harness), 4u);
  EXPECT_EQ(harness.recorded().data[1], "GOOD");
}

TEST(Held, WhatIsNeverAcknowledgedIsRefusedAtTheEnd) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  SendWithoutAck(c, 0, "never");
  harness.EndAll();
  EXPECT_EQ(harness.recorded().data[1], "");
  EXPECT_EQ(Unacceptable(harness), 5u);
}

TEST(Held, ALongSegmentTakesSeveralPlacesAndIsDeliveredWhole) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  const std::string text(5'000, 'x');
  SendWithoutAck(c, 0, text);
  c.server().Ack(text.size());
  EXPECT_EQ(harness.recorded().data[1], text);
}

TEST(Held, WhatFindsNoPlaceOnTheWorkerIsRefusedAndCounted) {
  EngineSetup setup;
  setup.pipeline.limits.held_segments = 2;
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  for (uint64_t i = 0; i < 3; ++i) SendWithoutAck(c, i, "x");
  EXPECT_EQ(harness.counters().held_segments_full.Read(), 1u);
  EXPECT_EQ(Unacceptable(harness), 1u);
  EXPECT_EQ(harness.counters().pending_bytes.Read(), 2u);
}

TEST(Held, AnEndHasItsShareOfPlaces) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  for (uint64_t i = 0; i < TcpRare::kMaxHeld; ++i) SendWithoutAck(c, i, "x");
  EXPECT_EQ(harness.counters().held_segments_full.Read(), 0u);
  SendWithoutAck(c, TcpRare::kMaxHeld, "x");
  EXPECT_EQ(harness.counters().held_segments_full.Read(), 1u);
  EXPECT_EQ(Unacceptable(harness), 1u);
}

// One for each eight flows of the table's 256, and 64.
TEST(Held, AHandshakeThatFindsNoStateKeepsItsNewestSynOnly) {
  EngineHarness harness;
  const auto open_twice = [&](uint16_t port) {
    ConnectionOptions options;
    options.client_port = port;
    Connection c(harness, options);
    c.Syn();
    c.Send(c.Bare(Side::kClient).Seq(9'000).Flags(tcp_flag::kSyn));
  };
  const auto evicted = [&] {
    return harness.counters()
        .anomalies[static_cast<size_t>(Anomaly::kCandidateEvicted)]
        .Read();
  };
  for (uint16_t i = 0; i < 96; ++i) open_twice(1'000 + i);
  EXPECT_EQ(harness.counters().rare_states_full.Read(), 0u);
  EXPECT_EQ(evicted(), 0u);
  open_twice(2'000);
  EXPECT_EQ(harness.counters().rare_states_full.Read(), 1u);
  EXPECT_EQ(evicted(), 1u);
  EXPECT_EQ(harness.flows(), 97u);
}

TEST(Held, ASideThatNobodyReadsHoldsNothing) {
  EngineSetup setup;
  setup.functions[0].wants = EventsOf({EventKind::kConnectionEnd});
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  SendWithoutAck(c, 0, "odd");
  EXPECT_EQ(harness.counters().pending_bytes.Read(), 0u);
  EXPECT_EQ(Unacceptable(harness), 3u);
}

TEST(Held, BeforeWhatMayHaveBeenTakenLengthsStay) {
  std::vector<EditResult> answers;
  EngineSetup setup;
  setup.functions[0].on_event = [&](const Event& event, FlowView&) {
    if (event.kind == EventKind::kPacketIn && event.hook == Hook::kSender &&
        event.packet->payload().size() == 3) {
      const uint8_t byte = 'X';
      answers.push_back(
          event.packet->Insert(PacketRegion::kPayload, 1, {&byte, 1}));
    }
    return Verdict::kForward;
  };
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  SendWithoutAck(c, 3, "defg");
  c.client().Data(0, "abc");
  c.server().Ack(7);
  EXPECT_EQ(answers, std::vector<EditResult>{EditResult::kOutOfOrder});
  EXPECT_EQ(harness.recorded().data[1], "abcdefg");
}

TEST(Held, OfASegmentBeyondTheWindowBothPartsAreTakenAsEdited) {
  EngineSetup setup;
  setup.functions[0].on_event = [](const Event& event, FlowView&) {
    if (event.kind != EventKind::kPacketIn || event.packet->payload().empty()) {
      return Verdict::kForward;
    }
    const bool sender = event.hook == Hook::kSender;
    const uint8_t byte = sender ? 'S' : 'R';
    EXPECT_EQ(event.packet->Insert(PacketRegion::kPayload, 1, {&byte, 1}),
              sender ? EditResult::kOutOfOrder : EditResult::kTooLate);
    for (const size_t at : {size_t{0}, size_t{4}}) {
      EXPECT_EQ(event.packet->Overwrite(PacketRegion::kPayload,
                                        at + (sender ? 0 : 1), {&byte, 1}),
                EditResult::kDone);
    }
    return Verdict::kForward;
  };
  EngineHarness harness(setup);
  Connection c(harness);
  c.Syn();
  c.Send(c.Bare(Side::kServer)
             .Ack(1001)
             .Flags(tcp_flag::kSyn | tcp_flag::kAck)
             .Window(4));
  c.HandshakeAck();
  c.client().Data(0, "abcdef");
  EXPECT_EQ(harness.recorded().data[1], "SRcd");
  c.server().Ack(6);
  EXPECT_EQ(harness.recorded().data[1], "SRcdSR");
}

}  // namespace
}  // namespace mosaic::testing
