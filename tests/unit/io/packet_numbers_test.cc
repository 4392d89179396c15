#include "dataplane/io/packet_numbers.h"

#include <random>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace mosaic {
namespace {

TEST(PacketNumbersTest, WorkersNeverGiveTheSameNumber) {
  std::vector<PacketNumbers> workers;
  for (uint64_t worker = 0; worker < 5; ++worker)
    workers.emplace_back(worker, 5);
  std::mt19937 random(1);
  std::set<uint64_t> seen;
  for (int burst = 0; burst < 10'000; ++burst) {
    PacketNumbers& numbers = workers[random() % workers.size()];
    numbers.BeginBurst(Timestamp::FromNanos(burst / 3));
    for (uint32_t packet = 0; packet < random() % 8; ++packet) {
      EXPECT_TRUE(seen.insert(numbers.Next()).second);
    }
  }
}

TEST(PacketNumbersTest, NumbersOfAWorkerGrowEvenIfItsClockStandsStill) {
  PacketNumbers numbers(2, 3);
  numbers.BeginBurst(Timestamp::FromNanos(1'000));
  uint64_t last = numbers.Next();
  for (int i = 0; i < 1'000; ++i) {
    if (i % 64 == 0) numbers.BeginBurst(Timestamp::FromNanos(1'000));
    const uint64_t next = numbers.Next();
    EXPECT_GT(next, last);
    last = next;
  }
}

TEST(PacketNumbersTest, AcrossWorkersALaterBurstHasLargerNumbers) {
  PacketNumbers first(1, 2);
  PacketNumbers second(0, 2);
  first.BeginBurst(Timestamp::FromNanos(1'000));
  uint64_t last_of_first = 0;
  for (int i = 0; i < 64; ++i) last_of_first = first.Next();
  second.BeginBurst(Timestamp::FromNanos(1'064));
  EXPECT_GT(second.Next(), last_of_first);
}

TEST(PacketNumbersTest, NineYearsOfUptimeFitWithTheMostWorkers) {
  constexpr int64_t kNineYears = int64_t{9} * 365 * 24 * 3600 * 1'000'000'000;
  PacketNumbers numbers(63, 64);
  numbers.BeginBurst(Timestamp::FromNanos(kNineYears));
  EXPECT_EQ(numbers.Next() / 64, static_cast<uint64_t>(kNineYears));
}

}  // namespace
}  // namespace mosaic
