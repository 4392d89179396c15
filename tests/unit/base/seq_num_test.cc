#include "dataplane/base/seq_num.h"

#include "gtest/gtest.h"

namespace mosaic {
namespace {

TEST(SeqNumTest, EarlierMeansBehindAcrossTheWrap) {
  EXPECT_LT(SeqNum(0xfffffff0u), SeqNum(0x10u));
  EXPECT_GT(SeqNum(0x10u), SeqNum(0xfffffff0u));
  EXPECT_LE(SeqNum(5), SeqNum(5));
}

TEST(SeqNumTest, DistanceIsSignedAndCrossesTheWrap) {
  EXPECT_EQ(SeqNum(4).Since(SeqNum(0xfffffffeu)), 6);
  EXPECT_EQ(SeqNum(0xfffffffeu).Since(SeqNum(4)), -6);
}

TEST(SeqNumTest, AddingWrapsAtTwoToTheThirtyTwo) {
  EXPECT_EQ(SeqNum(0xffffffffu) + 2, SeqNum(1));
  EXPECT_EQ(SeqNum(1) - 2, SeqNum(0xffffffffu));
}

}  // namespace
}  // namespace mosaic
