#include "dataplane/parse/tcp_options.h"

#include <cstdint>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace mosaic {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes Sack(std::vector<uint32_t> edges) {
  Bytes option = {5, static_cast<uint8_t>(2 + edges.size() * 4)};
  for (const uint32_t edge : edges) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      option.push_back(static_cast<uint8_t>(edge >> shift));
    }
  }
  return option;
}

TEST(TcpOptionsTest, NoneSayNothing) {
  const TcpOptions options = ParseTcpOptions({});
  EXPECT_FALSE(options.has_mss);
  EXPECT_FALSE(options.has_window_scale);
  EXPECT_FALSE(options.has_timestamps);
  EXPECT_FALSE(options.sack_permitted);
  EXPECT_FALSE(options.malformed);
  EXPECT_EQ(options.sack_count, 0);
}

TEST(TcpOptionsTest, ASynOfLinuxIsReadWhole) {
  const TcpOptions options = ParseTcpOptions(
      Bytes{2, 4, 0x05, 0xb4, 4, 2, 8, 10, 0, 0, 0, 7, 0, 0, 0, 9, 1, 3, 3, 7});
  EXPECT_TRUE(options.has_mss);
  EXPECT_EQ(options.mss, 1460);
  EXPECT_TRUE(options.sack_permitted);
  EXPECT_TRUE(options.has_timestamps);
  EXPECT_EQ(options.timestamp_value, 7u);
  EXPECT_EQ(options.timestamp_echo, 9u);
  EXPECT_TRUE(options.has_window_scale);
  EXPECT_EQ(options.window_scale, 7);
  EXPECT_FALSE(options.malformed);
}

TEST(TcpOptionsTest, TimestampsAloneAreReadInEitherLayout) {
  for (const Bytes& bytes : {Bytes{1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8},
                             Bytes{8, 10, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0}}) {
    const TcpOptions options = ParseTcpOptions(bytes);
    EXPECT_TRUE(options.has_timestamps);
    EXPECT_EQ(options.timestamp_value, 0x01020304u);
    EXPECT_EQ(options.timestamp_echo, 0x05060708u);
    EXPECT_FALSE(options.malformed);
  }
}

TEST(TcpOptionsTest, WindowScalesAboveTheLimitAreClampedAndSaidSo) {
  EXPECT_FALSE(ParseTcpOptions(Bytes{3, 3, 14}).window_scale_clamped);
  const TcpOptions options = ParseTcpOptions(Bytes{3, 3, 15});
  EXPECT_EQ(options.window_scale, kMaxWindowScale);
  EXPECT_TRUE(options.window_scale_clamped);
  EXPECT_FALSE(options.malformed);
}

TEST(TcpOptionsTest, OddSegmentSizesAreValues) {
  EXPECT_EQ(ParseTcpOptions(Bytes{2, 4, 0, 0}).mss, 0);
  EXPECT_TRUE(ParseTcpOptions(Bytes{2, 4, 0, 0}).has_mss);
  EXPECT_EQ(ParseTcpOptions(Bytes{2, 4, 0xff, 0xff}).mss, 65535);
}

TEST(TcpOptionsTest, OfTwoTheLastValidOneCounts) {
  const TcpOptions options = ParseTcpOptions(
      Bytes{2, 4, 0, 100, 2, 4, 0, 200, 2, 3, 9, 3, 3, 1, 3, 3, 2});
  EXPECT_EQ(options.mss, 200);
  EXPECT_EQ(options.window_scale, 2);
  EXPECT_TRUE(options.malformed);
}

TEST(TcpOptionsTest, OneToFourSackBlocksAreRead) {
  std::vector<uint32_t> edges;
  for (uint32_t count = 1; count <= kMaxSackBlocks; ++count) {
    edges.push_back(0xfffffff0u + 100 * count);
    edges.push_back(0xfffffff0u + 100 * count + 50);
    const TcpOptions options = ParseTcpOptions(Sack(edges));
    EXPECT_FALSE(options.malformed);
    ASSERT_EQ(options.sack_count, count);
    for (uint32_t i = 0; i < count; ++i) {
      EXPECT_EQ(options.sack[i].begin, SeqNum(edges[2 * i]));
      EXPECT_EQ(options.sack[i].end, SeqNum(edges[2 * i + 1]));
    }
  }
}

TEST(TcpOptionsTest, ABlockThatEndsBeforeItsByteIsLeftOut) {
  const TcpOptions options = ParseTcpOptions(Sack({9, 9, 20, 10, 30, 40}));
  EXPECT_TRUE(options.malformed);
  ASSERT_EQ(options.sack_count, 1);
  EXPECT_EQ(options.sack[0].begin, SeqNum(30));
}

TEST(TcpOptionsTest, SackLengthsThatAreNotWholeBlocksAreMalformed) {
  for (const uint8_t length : {2, 3, 9, 11, 17, 38}) {
    Bytes bytes(length, 1);
    bytes[0] = 5;
    bytes[1] = length;
    const TcpOptions options = ParseTcpOptions(bytes);
    EXPECT_TRUE(options.malformed) << int(length);
    EXPECT_EQ(options.sack_count, 0) << int(length);
  }
}

TEST(TcpOptionsTest, FiveBlocksAreMoreThanAHeaderHolds) {
  const TcpOptions options =
      ParseTcpOptions(Sack({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  EXPECT_TRUE(options.malformed);
  EXPECT_EQ(options.sack_count, 0);
}

TEST(TcpOptionsTest, FastOpenCookiesAreToldFromRequests) {
  const TcpOptions request = ParseTcpOptions(Bytes{34, 2});
  EXPECT_TRUE(request.fast_open);
  EXPECT_EQ(request.fast_open_length, 0);
  const TcpOptions cookie =
      ParseTcpOptions(Bytes{34, 10, 1, 2, 3, 4, 5, 6, 7, 8});
  EXPECT_TRUE(cookie.fast_open);
  EXPECT_EQ(cookie.fast_open_length, 8);
  const TcpOptions experiment =
      ParseTcpOptions(Bytes{254, 8, 0xf9, 0x89, 1, 2, 3, 4});
  EXPECT_TRUE(experiment.fast_open);
  EXPECT_EQ(experiment.fast_open_length, 4);
}

TEST(TcpOptionsTest, CookiesOfOtherLengthsAreMalformed) {
  for (const uint8_t length : {3, 4, 5, 7, 19, 20}) {
    Bytes bytes(length, 1);
    bytes[0] = 34;
    bytes[1] = length;
    const TcpOptions options = ParseTcpOptions(bytes);
    EXPECT_TRUE(options.malformed) << int(length);
    EXPECT_FALSE(options.fast_open) << int(length);
  }
}

TEST(TcpOptionsTest, SignaturesAreSeen) {
  Bytes md5(18, 0xaa);
  md5[0] = 19;
  md5[1] = 18;
  EXPECT_TRUE(ParseTcpOptions(md5).md5_signature);
  Bytes ao(16, 0xaa);
  ao[0] = 29;
  ao[1] = 16;
  EXPECT_TRUE(ParseTcpOptions(ao).authentication);
  EXPECT_TRUE(ParseTcpOptions(Bytes{29, 3, 0}).malformed);
  EXPECT_TRUE(ParseTcpOptions(Bytes{19, 4, 0, 0}).malformed);
}

TEST(TcpOptionsTest, ReadingStopsAtALengthNobodyCanSkip) {
  for (const Bytes& broken :
       {Bytes{99, 0}, Bytes{99, 1}, Bytes{99, 200}, Bytes{2, 0}}) {
    Bytes bytes = {3, 3, 5};
    bytes.insert(bytes.end(), broken.begin(), broken.end());
    bytes.insert(bytes.end(), {2, 4, 1, 1});
    const TcpOptions options = ParseTcpOptions(bytes);
    EXPECT_TRUE(options.malformed);
    EXPECT_TRUE(options.has_window_scale);
    EXPECT_FALSE(options.has_mss);
  }
}

TEST(TcpOptionsTest, AKindWithoutItsLengthByteIsMalformed) {
  EXPECT_TRUE(ParseTcpOptions(Bytes{1, 1, 1, 8}).malformed);
}

TEST(TcpOptionsTest, NothingIsReadBehindTheEnd) {
  const TcpOptions options = ParseTcpOptions(Bytes{0, 2, 4, 1, 1, 99, 0});
  EXPECT_FALSE(options.has_mss);
  EXPECT_FALSE(options.malformed);
}

TEST(TcpOptionsTest, UnknownKindsArePassedOver) {
  const TcpOptions options =
      ParseTcpOptions(Bytes{255, 3, 9, 253, 4, 1, 1, 2, 4, 1, 1});
  EXPECT_FALSE(options.malformed);
  EXPECT_TRUE(options.has_mss);
}

TEST(TcpOptionsTest, FortyBytesOfAnythingAreReadWithinBounds) {
  std::mt19937 random(4);
  for (int round = 0; round < 200'000; ++round) {
    const Bytes source = [&] {
      Bytes bytes(random() % 41);
      // Small numbers are kinds and lengths that mean something.
      for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() % 36);
      return bytes;
    }();
    const TcpOptions options = ParseTcpOptions(source);
    ASSERT_LE(options.sack_count, kMaxSackBlocks);
    ASSERT_LE(options.window_scale, kMaxWindowScale);
    ASSERT_LE(options.fast_open_length, 16);
    for (size_t i = 0; i < options.sack_count; ++i) {
      ASSERT_LT(options.sack[i].begin, options.sack[i].end);
    }
  }
}

}  // namespace
}  // namespace mosaic
