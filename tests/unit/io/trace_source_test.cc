#include "dataplane/io/trace_source.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/capture_builder.h"
#include "tests/support/temporary_file.h"

namespace mosaic {
namespace {

using mosaic::testing::FileOrder;
using mosaic::testing::FileUnit;
using mosaic::testing::PcapBuilder;
using mosaic::testing::TemporaryFile;
using State = PacketSource::State;

std::unique_ptr<Trace> LoadTrace(const PcapBuilder& file) {
  const TemporaryFile capture(file.bytes());
  auto trace = Trace::Load(capture.path());
  EXPECT_TRUE(trace.ok()) << trace.status();
  return *std::move(trace);
}

// 200 packets, one a nanosecond; their texts are their positions.
std::unique_ptr<Trace> TwoHundredPackets() {
  PcapBuilder file(FileOrder::kLittle, FileUnit::kNanoseconds);
  for (int i = 0; i < 200; ++i) file.Packet(i, std::to_string(i));
  return LoadTrace(file);
}

std::vector<std::string> ReceiveAll(TraceSource& source, size_t size) {
  std::vector<std::string> all;
  std::vector<Packet> burst(size);
  while (source.state() == State::kActive) {
    const size_t received = source.Receive(burst);
    for (size_t i = 0; i < received; ++i) {
      all.emplace_back(burst[i].bytes().begin(), burst[i].bytes().end());
    }
  }
  EXPECT_EQ(source.Receive(burst), 0u);
  return all;
}

TEST(TraceSourceTest, PacketsPointIntoTheTraceAndNeedNoRelease) {
  const auto trace = LoadTrace(
      PcapBuilder(FileOrder::kBig).Packet(5000, "one", 60).Packet(3000, "two"));
  TraceSource source(*trace);
  std::vector<Packet> burst(3);

  ASSERT_EQ(source.Receive(burst), 2u);

  EXPECT_EQ(source.state(), State::kEnded);
  EXPECT_EQ(burst[0].data, trace->packets()[0].data);
  EXPECT_EQ(burst[0].length, 3u);
  EXPECT_EQ(burst[0].wire_length, 60u);
  EXPECT_EQ(burst[0].owner, nullptr);
  EXPECT_EQ(burst[1].index, 1u);
  EXPECT_EQ(burst[1].time.nanos(), 3000);
  EXPECT_EQ(burst[1].clock.nanos(), 5000);
  EXPECT_EQ(trace->packet_bytes(), 6u);
}

TEST(TraceSourceTest, EveryBurstSizeGivesAllPacketsInOrder) {
  const auto trace = TwoHundredPackets();
  for (const size_t size : {1, 3, 64, 199, 200, 201}) {
    TraceSource source(*trace);
    const std::vector<std::string> all = ReceiveAll(source, size);
    ASSERT_EQ(all.size(), 200u) << size;
    for (size_t i = 0; i < all.size(); ++i)
      EXPECT_EQ(all[i], std::to_string(i));
  }
}

TEST(TraceSourceTest, ManySourcesShareATraceAndRewindOneByOne) {
  const auto trace = TwoHundredPackets();
  TraceSource first(*trace);
  TraceSource second(*trace);
  EXPECT_EQ(ReceiveAll(first, 64).size(), 200u);
  EXPECT_EQ(ReceiveAll(second, 64).size(), 200u);
  first.Rewind();
  EXPECT_EQ(ReceiveAll(first, 64).front(), "0");
  EXPECT_EQ(second.state(), State::kEnded);
}

TEST(TraceSourceTest, ASubsetKeepsIndexAndClockOfTheWhole) {
  const auto trace = TwoHundredPackets();
  const std::vector<uint32_t> subset = {3, 90, 199};
  TraceSource source(*trace, subset);
  std::vector<Packet> burst(8);

  ASSERT_EQ(source.Receive(burst), 3u);

  EXPECT_EQ(burst[1].index, 90u);
  EXPECT_EQ(burst[1].clock.nanos(), 90);
  EXPECT_EQ(source.state(), State::kEnded);
}

TEST(TraceSourceTest, AnEmptySubsetHasEndedFromTheStart) {
  const auto trace = TwoHundredPackets();
  TraceSource source(*trace, std::span<const uint32_t>());
  EXPECT_EQ(source.state(), State::kEnded);
}

TEST(TraceSourceTest, APacketStillInTheBurstIsFreed) {
  class Owner : public PacketOwner {
   public:
    void Release(Packet&) override { ++released; }
    int released = 0;
  };
  const auto trace = TwoHundredPackets();
  TraceSource source(*trace);
  Owner owner;
  std::vector<Packet> burst(2);
  burst[0].owner = &owner;
  EXPECT_EQ(source.Receive(burst), 2u);
  EXPECT_EQ(owner.released, 1);
}

TEST(TraceSourceTest, ACutOrMissingTraceIsAnError) {
  std::vector<uint8_t> bytes = PcapBuilder().Packet(0, "cut").bytes();
  bytes.pop_back();
  const TemporaryFile cut(bytes);
  const TemporaryFile empty(std::vector<uint8_t>{});
  EXPECT_EQ(Trace::Load(cut.path()).status().code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(Trace::Load(empty.path()).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Trace::Load("no/such.pcap").status().code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace mosaic
