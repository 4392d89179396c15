#include "dataplane/filter/filter_cache.h"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace mosaic {
namespace {

using Use = FilterCache::Use;

constexpr size_t kCapacity = 3;

std::string Port(int number) { return "port " + std::to_string(number); }

TEST(FilterCacheTest, TheSameExpressionIsCompiledOnceForEachUse) {
  FilterCache cache(CheckInThisProcess);
  const auto first = cache.Get("tcp port 80", Use::kStreams);
  const auto again = cache.Get("tcp port 80", Use::kStreams);
  const auto frames = cache.Get("tcp port 80", Use::kFrames);
  ASSERT_TRUE(first.ok() && again.ok() && frames.ok());
  EXPECT_EQ(*first, *again);
  EXPECT_NE(*first, *frames);
  EXPECT_EQ((*first)->base(), FilterBase::kInnermostIp);
  EXPECT_EQ((*frames)->base(), FilterBase::kFrame);
  EXPECT_EQ(cache.counters().hits, 1u);
  EXPECT_EQ(cache.counters().compiled, 2u);
}

TEST(FilterCacheTest, AtTheBoundNothingIsDroppedAndPastItTheLeastRecentlyUsed) {
  FilterCache cache(CheckInThisProcess, kCapacity);
  for (int port : {1, 2, 3})
    ASSERT_TRUE(cache.Get(Port(port), Use::kPackets).ok());
  EXPECT_EQ(cache.size(), kCapacity);
  EXPECT_EQ(cache.counters().evicted, 0u);

  const auto oldest = *cache.Get(Port(1), Use::kPackets);  // Used again.
  ASSERT_TRUE(cache.Get(Port(4), Use::kPackets).ok());
  EXPECT_EQ(cache.size(), kCapacity);
  EXPECT_EQ(cache.counters().evicted, 1u);
  EXPECT_EQ(*cache.Get(Port(1), Use::kPackets), oldest);

  const uint64_t compiled = cache.counters().compiled;
  ASSERT_TRUE(cache.Get(Port(2), Use::kPackets).ok());
  EXPECT_EQ(cache.counters().compiled, compiled + 1);
}

TEST(FilterCacheTest, ADroppedFilterLivesOnWhereItIsUsed) {
  FilterCache cache(CheckInThisProcess, 1);
  const auto filter = *cache.Get("less 10", Use::kPackets);
  ASSERT_TRUE(cache.Get("tcp", Use::kPackets).ok());
  EXPECT_EQ(cache.counters().evicted, 1u);
  const std::vector<uint8_t> bytes(5);
  EXPECT_TRUE(filter->Matches(bytes));
}

TEST(FilterCacheTest, ErrorsAreCountedAndNotKept) {
  FilterCache cache(CheckInThisProcess, kCapacity);
  EXPECT_FALSE(cache.Get("tcp and", Use::kPackets).ok());
  EXPECT_FALSE(cache.Get("vlan 5", Use::kStreams).ok());
  EXPECT_EQ(cache.counters().refused, 2u);
  EXPECT_EQ(cache.size(), 0u);
}

TEST(FilterCacheTest, InterpretedFiltersAreCounted) {
  FilterCache cache(
      [](const CbpfProgram&) { return absl::InternalError("wrong"); });
  ASSERT_TRUE(cache.Get("tcp", Use::kPackets).ok());
  ASSERT_TRUE(cache.Get("", Use::kPackets).ok());
  EXPECT_EQ(cache.counters().fallbacks, 1u);
}

TEST(FilterCacheTest, ThreadsThatAskForTheSameFilterGetTheSame) {
  FilterCache cache(CheckInThisProcess);
  constexpr size_t kThreads = 4;
  std::vector<std::shared_ptr<const PacketFilter>> got(kThreads);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&cache, &got, i] {
      got[i] = *cache.Get("tcp port 80", Use::kStreams);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& filter : got) EXPECT_EQ(filter, got[0]);
  EXPECT_EQ(cache.counters().compiled, 1u);
}

}  // namespace
}  // namespace mosaic
