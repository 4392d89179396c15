#include "dataplane/base/byte_order.h"

#include <array>
#include <cstdint>

#include "gtest/gtest.h"

namespace mosaic {
namespace {

TEST(ByteOrderTest, ReadsTheHighestByteFirstAtAnyAlignment) {
  const std::array<uint8_t, 8> bytes = {0, 1, 2, 3, 4, 5, 6, 0xff};
  for (size_t at = 0; at < 4; ++at) {
    const uint32_t value = static_cast<uint32_t>(at << 24 | (at + 1) << 16 |
                                                 (at + 2) << 8 | (at + 3));
    EXPECT_EQ(ReadBig32(&bytes[at]), value);
    EXPECT_EQ(ReadBig16(&bytes[at]), value >> 16);
  }
  EXPECT_EQ(ReadBig16(&bytes[6]), 0x06ff);
}

TEST(ByteOrderTest, WritesWhatItReadsAndNothingBeside) {
  for (size_t at = 1; at < 4; ++at) {
    std::array<uint8_t, 9> bytes;
    bytes.fill(0xaa);
    WriteBig32(&bytes[at], 0x01020304);
    EXPECT_EQ(bytes[at], 1);
    EXPECT_EQ(bytes[at + 3], 4);
    EXPECT_EQ(ReadBig32(&bytes[at]), 0x01020304u);
    EXPECT_EQ(bytes[at - 1], 0xaa);
    EXPECT_EQ(bytes[at + 4], 0xaa);
    WriteBig16(&bytes[at], 0xfffe);
    EXPECT_EQ(ReadBig32(&bytes[at]), 0xfffe0304u);
  }
}

}  // namespace
}  // namespace mosaic
