#include "dataplane/base/lazy_array.h"

#include <cstdint>
#include <utility>

#include "gtest/gtest.h"

namespace mosaic {
namespace {

TEST(LazyArrayTest, EveryElementIsZero) {
  for (size_t size : {size_t{1}, size_t{511}, size_t{1} << 20}) {
    const LazyArray<uint64_t> array(size);
    uint64_t bits = 0;
    for (size_t i = 0; i < size; ++i) bits |= array[i];
    EXPECT_EQ(bits, 0u);
    EXPECT_EQ(array.size(), size);
    EXPECT_EQ(array.bytes(), 8 * size);
  }
}

TEST(LazyArrayTest, KeepsWhatIsWritten) {
  const LazyArray<uint32_t> array(3000);
  for (uint32_t i = 0; i < 3000; ++i) array[i] = i;
  for (uint32_t i = 0; i < 3000; ++i) EXPECT_EQ(array[i], i);
}

// 16 GiB of addresses; of memory, the pages that are touched.
TEST(LazyArrayTest, CostsWhatIsTouchedOfIt) {
  const LazyArray<uint8_t> array(size_t{16} << 30);
  array[0] = 1;
  array[array.size() - 1] = 2;
  EXPECT_EQ(array[array.size() - 1], 2);
}

TEST(LazyArrayTest, EmptyOneHasNoElements) {
  EXPECT_EQ(LazyArray<int>().data(), nullptr);
  EXPECT_EQ(LazyArray<int>(0).size(), 0u);
}

TEST(LazyArrayTest, MovingHandsTheElementsOn) {
  LazyArray<int> first(2);
  first[1] = 7;
  LazyArray<int> second(std::move(first));
  EXPECT_EQ(second[1], 7);
  EXPECT_EQ(first.size(), 0u);
  LazyArray<int> third(5);
  third = std::move(second);
  EXPECT_EQ(third.size(), 2u);
  EXPECT_EQ(third[1], 7);
}

}  // namespace
}  // namespace mosaic
