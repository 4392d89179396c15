#include "dataplane/parse/checksum.h"

#include <cstdint>
#include <random>
#include <vector>

#include "dataplane/base/byte_order.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

// RFC 1071 by the letter, in network order.
uint16_t NaiveSum(const uint8_t* data, size_t length) {
  uint32_t sum = 0;
  for (size_t i = 0; i < length; ++i) {
    sum += i % 2 == 0 ? data[i] << 8 : data[i];
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<uint16_t>(sum);
}

std::vector<uint8_t> RandomBytes(size_t size, uint32_t seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

TEST(ChecksumTest, TheExampleOfRfc1071SumsToDdf2) {
  const std::vector<uint8_t> data = {0x00, 0x01, 0xf2, 0x03,
                                     0xf4, 0xf5, 0xf6, 0xf7};
  const uint64_t sum = ChecksumSum(data.data(), data.size());
  EXPECT_EQ(__builtin_bswap16(FoldChecksum(sum)), 0xddf2);
  EXPECT_EQ(ChecksumField(sum), 0x220d);
}

TEST(ChecksumTest, EqualsTheNaiveSumAtEveryLengthAndAlignment) {
  const std::vector<uint8_t> data = RandomBytes(2016, 1);
  for (size_t length = 0; length <= 2000; ++length) {
    for (size_t start = 0; start < 16; ++start) {
      const uint8_t* const at = data.data() + start;
      const uint16_t sum = FoldChecksum(ChecksumSum(at, length));
      ASSERT_EQ(__builtin_bswap16(sum), NaiveSum(at, length))
          << length << " bytes from " << start;
    }
  }
}

TEST(ChecksumTest, CarriesAreNotLostWhenEveryBitIsSet) {
  const std::vector<uint8_t> ones(65536, 0xff);
  for (const size_t length : {2u, 20u, 32u, 64u, 1500u, 65535u, 65536u}) {
    EXPECT_EQ(__builtin_bswap16(FoldChecksum(ChecksumSum(ones.data(), length))),
              NaiveSum(ones.data(), length))
        << length;
  }
}

TEST(ChecksumTest, PartsAtEvenOffsetsAddUpToTheWhole) {
  const std::vector<uint8_t> data = RandomBytes(501, 2);
  const uint64_t whole = ChecksumSum(data.data(), data.size());
  for (size_t cut = 0; cut <= data.size(); cut += 2) {
    const uint64_t parts = ChecksumSum(data.data(), cut) +
                           ChecksumSum(data.data() + cut, data.size() - cut);
    ASSERT_EQ(FoldChecksum(parts), FoldChecksum(whole)) << cut;
  }
}

TEST(ChecksumTest, ANumberCountsAsItsBytesInNetworkOrder) {
  const std::vector<uint8_t> bytes = {0x12, 0x34, 0x56, 0x78};
  EXPECT_EQ(FoldChecksum(ChecksumSum(0x12345678u)),
            FoldChecksum(ChecksumSum(bytes.data(), bytes.size())));
}

TEST(ChecksumTest, DataHoldsOnceItsFieldIsFilledIn) {
  std::vector<uint8_t> data = RandomBytes(999, 3);
  WriteBig16(&data[10], 0);
  WriteBig16(&data[10], ChecksumField(ChecksumSum(data.data(), data.size())));
  EXPECT_TRUE(ChecksumHolds(ChecksumSum(data.data(), data.size())));
  data[500] ^= 0x04;
  EXPECT_FALSE(ChecksumHolds(ChecksumSum(data.data(), data.size())));
}

}  // namespace
}  // namespace mosaic
