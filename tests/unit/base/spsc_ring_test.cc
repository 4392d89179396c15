#include "dataplane/base/spsc_ring.h"

#include <cstdint>
#include <memory>
#include <thread>

#include "gtest/gtest.h"

namespace mosaic {
namespace {

TEST(SpscRingTest, GivesElementsBackInOrder) {
  SpscRing<int> ring(4);
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(ring.TryPush(int{i}));
  for (int i = 0; i < 4; ++i) {
    int value = -1;
    ASSERT_TRUE(ring.TryPop(value));
    EXPECT_EQ(value, i);
  }
}

TEST(SpscRingTest, RefusesOneMoreThanItsCapacityAndKeepsTheValue) {
  SpscRing<std::unique_ptr<int>> ring(2);
  ASSERT_TRUE(ring.TryPush(std::make_unique<int>(1)));
  ASSERT_TRUE(ring.TryPush(std::make_unique<int>(2)));
  auto third = std::make_unique<int>(3);
  EXPECT_FALSE(ring.TryPush(std::move(third)));
  ASSERT_NE(third, nullptr);
  EXPECT_EQ(*third, 3);
}

TEST(SpscRingTest, PopFromAnEmptyRingLeavesTheValueAlone) {
  SpscRing<int> ring(2);
  int value = 7;
  EXPECT_FALSE(ring.TryPop(value));
  EXPECT_EQ(value, 7);
}

TEST(SpscRingTest, TwoThreadsPassEveryElementOnceAndInOrder) {
  constexpr uint64_t kCount = 200'000;
  SpscRing<uint64_t> ring(64);
  std::thread producer([&] {
    for (uint64_t i = 0; i < kCount; ++i) {
      while (!ring.TryPush(uint64_t{i})) std::this_thread::yield();
    }
  });
  uint64_t mismatches = 0;
  for (uint64_t i = 0; i < kCount; ++i) {
    uint64_t value = 0;
    while (!ring.TryPop(value)) std::this_thread::yield();
    if (value != i) ++mismatches;
  }
  producer.join();
  EXPECT_EQ(mismatches, 0u);
  EXPECT_EQ(ring.size(), 0u);
}

}  // namespace
}  // namespace mosaic
