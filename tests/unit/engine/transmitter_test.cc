#include "dataplane/engine/transmitter.h"

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/packet_builder.h"
#include "tests/support/packet_store.h"

namespace mosaic {
namespace {

// Takes at most `room` packets of each call and frees the rest, as a port does
// whose ring is full.
class FakeSink : public PacketSink {
 public:
  size_t room = SIZE_MAX;
  size_t calls = 0;
  std::vector<uint64_t> sent;

  size_t Send(std::span<Packet> packets) override {
    ++calls;
    size_t taken = 0;
    for (Packet& packet : packets) {
      if (taken < room) {
        sent.push_back(packet.index);
        ++taken;
      }
      packet.Free();
    }
    return taken;
  }
};

class TransmitterTest : public testing::Test {
 protected:
  void Forward(Transmitter& transmitter, uint16_t port, uint64_t index) {
    Packet packet = store_.Make(PacketBuilder());
    packet.port = port;
    packet.index = index;
    transmitter.Forward(packet);
  }
  uint64_t Refused() const {
    return counters_
        .dropped_packets[static_cast<size_t>(DropReason::kTxRefused)]
        .Read();
  }

  PacketStore store_;
  CoreCounters counters_;
};

TEST_F(TransmitterTest, PacketsLeaveByThePortThatTheirsIsPairedWith) {
  FakeSink right;
  FakeSink left;
  Transmitter transmitter({&right, &left}, counters_);
  Forward(transmitter, 0, 1);
  Forward(transmitter, 1, 2);
  Forward(transmitter, 0, 3);
  transmitter.Flush();
  EXPECT_EQ(right.sent, (std::vector<uint64_t>{1, 3}));
  EXPECT_EQ(left.sent, (std::vector<uint64_t>{2}));
  EXPECT_EQ(counters_.tx_packets.Read(), 3u);
  EXPECT_EQ(store_.held(), 0u);
}

TEST_F(TransmitterTest, TheWayOfAPacketOfAReceivingPortEndsHere) {
  FakeSink sink;
  Transmitter transmitter({nullptr, &sink}, counters_);
  Forward(transmitter, 0, 1);
  Forward(transmitter, 7, 2);
  transmitter.Flush();
  EXPECT_TRUE(sink.sent.empty());
  EXPECT_EQ(counters_.consumed_packets.Read(), 2u);
  EXPECT_EQ(store_.held(), 0u);
}

TEST_F(TransmitterTest, WhatAPortDoesNotTakeIsDroppedAndCounted) {
  FakeSink sink;
  sink.room = 2;
  Transmitter transmitter({&sink}, counters_);
  for (uint64_t i = 0; i < 5; ++i) Forward(transmitter, 0, i);
  transmitter.Flush();
  EXPECT_EQ(counters_.tx_packets.Read(), 2u);
  EXPECT_EQ(Refused(), 3u);
  EXPECT_EQ(store_.held(), 0u);
}

TEST_F(TransmitterTest, ABurstLeavesInOneCallAndOnePacketMoreInTwo) {
  FakeSink sink;
  Transmitter transmitter({&sink}, counters_);
  for (uint64_t i = 0; i < Burst::kMaxPackets; ++i) Forward(transmitter, 0, i);
  transmitter.Flush();
  EXPECT_EQ(sink.calls, 1u);
  for (uint64_t i = 0; i <= Burst::kMaxPackets; ++i) Forward(transmitter, 0, i);
  transmitter.Flush();
  EXPECT_EQ(sink.calls, 3u);
  EXPECT_EQ(counters_.tx_packets.Read(), 2 * Burst::kMaxPackets + 1);
}

}  // namespace
}  // namespace mosaic
