#include "dataplane/mos/capture_merge.h"

#include <algorithm>
#include <array>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic::mos {
namespace {

using ::testing::ElementsAre;

// Gives packets at these times, `burst` at a time, and nothing at every other
// call.
class FakeCapture final : public PacketSource {
 public:
  FakeCapture(uint16_t port, std::vector<int64_t> times, size_t burst)
      : port_(port), times_(std::move(times)), burst_(burst) {}

  size_t Receive(std::span<Packet> burst) override {
    if (++calls_ % 2 == 0) return 0;
    const size_t count =
        std::min({burst_, burst.size(), times_.size() - next_});
    for (size_t i = 0; i < count; ++i) {
      burst[i] = Packet();
      burst[i].time = Timestamp::FromNanos(times_[next_++]);
      burst[i].port = port_;
    }
    return count;
  }
  State state() const override {
    return next_ == times_.size() ? State::kEnded : State::kActive;
  }

 private:
  const uint16_t port_;
  const std::vector<int64_t> times_;
  const size_t burst_;
  size_t next_ = 0;
  size_t calls_ = 0;
};

struct Seen {
  std::vector<int64_t> times;
  std::vector<int64_t> clocks;
  std::vector<uint64_t> indexes;
  std::vector<uint16_t> ports;
};

Seen ReadAll(CaptureMerge& merge, size_t at_once) {
  Seen seen;
  std::vector<Packet> burst(at_once);
  for (int idle = 0; idle < 10;) {
    const size_t count = merge.Receive(burst);
    if (count == 0 && merge.state() == PacketSource::State::kEnded) break;
    idle = count == 0 ? idle + 1 : 0;
    for (size_t i = 0; i < count; ++i) {
      seen.times.push_back(burst[i].time.nanos());
      seen.clocks.push_back(burst[i].clock.nanos());
      seen.indexes.push_back(burst[i].index);
      seen.ports.push_back(burst[i].port);
    }
  }
  EXPECT_EQ(merge.state(), PacketSource::State::kEnded);
  return seen;
}

TEST(CaptureMergeTest, PacketsComeInTheOrderOfTheirTimes) {
  for (const size_t burst : {1, 2, 3, 64}) {
    for (const size_t at_once : {1, 2, 64}) {
      FakeCapture first(0, {10, 30, 50}, burst);
      FakeCapture second(1, {20, 25, 60, 70}, burst);
      CaptureMerge merge({&first, &second});
      const Seen seen = ReadAll(merge, at_once);
      EXPECT_THAT(seen.times, ElementsAre(10, 20, 25, 30, 50, 60, 70));
      EXPECT_THAT(seen.ports, ElementsAre(0, 1, 1, 0, 0, 1, 1));
      EXPECT_THAT(seen.indexes, ElementsAre(0, 1, 2, 3, 4, 5, 6));
    }
  }
}

TEST(CaptureMergeTest, OfEqualTimesTheFirstCaptureGoesFirst) {
  FakeCapture first(0, {10, 10}, 64);
  FakeCapture second(1, {10}, 64);
  CaptureMerge merge({&first, &second});
  EXPECT_THAT(ReadAll(merge, 64).ports, ElementsAre(0, 0, 1));
}

TEST(CaptureMergeTest, TheClockNeverGoesBack) {
  FakeCapture first(0, {10, 5, 40}, 64);
  FakeCapture second(1, {20}, 64);
  CaptureMerge merge({&first, &second});
  const Seen seen = ReadAll(merge, 64);
  EXPECT_THAT(seen.times, ElementsAre(10, 5, 20, 40));
  EXPECT_THAT(seen.clocks, ElementsAre(10, 10, 20, 40));
}

TEST(CaptureMergeTest, AnEmptyCaptureHoldsNobodyUp) {
  FakeCapture first(0, {}, 64);
  FakeCapture second(1, {1, 2}, 1);
  CaptureMerge merge({&first, &second});
  EXPECT_THAT(ReadAll(merge, 64).times, ElementsAre(1, 2));
}

}  // namespace
}  // namespace mosaic::mos
