#include "dataplane/edit/seq_remap.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/byte_order.h"
#include "dataplane/edit/sack_option.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

class SeqRemapTest : public ::testing::Test {
 protected:
  // The side's segment at `seq` with `arrived`, edited as `edits` says, each
  // "+offset text" or "-offset length".
  struct Edit {
    uint32_t offset;
    uint32_t removed;
    std::string_view put_in;
  };
  std::string Add(uint32_t seq, std::string arrived,
                  const std::vector<Edit>& edits) {
    PayloadMap map;
    map.Reset(static_cast<uint32_t>(arrived.size()));
    std::string now = std::move(arrived);
    for (const Edit& edit : edits) {
      if (edit.removed > 0) {
        EXPECT_TRUE(map.Remove(edit.offset, edit.removed));
        now.erase(edit.offset, edit.removed);
      }
      if (!edit.put_in.empty()) {
        EXPECT_TRUE(
            map.Insert(edit.offset, static_cast<uint32_t>(edit.put_in.size())));
        now.insert(edit.offset, edit.put_in);
      }
    }
    EXPECT_EQ(map.length(), now.size());
    remap_->Add(SeqNum(seq), remap_->ToReceiver(SeqNum(seq)), map,
                {reinterpret_cast<const uint8_t*>(now.data()), now.size()},
                acked_);
    return now;
  }
  uint32_t Received(uint32_t seq) {
    return remap_->ToReceiver(SeqNum(seq)).raw();
  }
  uint32_t Acked(uint32_t ack) {
    return remap_->AckToSender(SeqNum(ack)).raw();
  }
  std::string Content(size_t change) {
    const auto bytes = remap_->ContentOf(remap_->changes()[change]);
    return {bytes.begin(), bytes.end()};
  }

  std::unique_ptr<SeqRemap> remap_ = std::make_unique<SeqRemap>();
  SeqNum acked_{1000};
};

TEST_F(SeqRemapTest, WithoutChangesNumbersAreTheSame) {
  EXPECT_EQ(Received(5), 5u);
  EXPECT_EQ(Acked(5), 5u);
  EXPECT_TRUE(remap_->Repeated(SeqNum(0), 100).empty());
}

// The example of the header: "cd" goes, "XYZ" comes behind "e".
TEST_F(SeqRemapTest, ChangesAreKeptWithTheByteThatHoldsThem) {
  EXPECT_EQ(Add(1000, "abcdef", {{2, 2, ""}, {3, 0, "XYZ"}}), "abeXYZf");
  ASSERT_EQ(remap_->changes().size(), 2u);
  EXPECT_EQ(Content(0), "");
  EXPECT_EQ(Content(1), "eXYZ");
  EXPECT_EQ(Received(1001), 1001u);
  EXPECT_EQ(Received(1003), 1002u) << "in what was removed";
  EXPECT_EQ(Received(1004), 1002u);
  EXPECT_EQ(Received(1005), 1006u);
  EXPECT_EQ(Received(1006), 1007u);
}

TEST_F(SeqRemapTest, WhatIsAcknowledgedInPartIsNotAcknowledged) {
  Add(1000, "abcdef", {{2, 2, ""}, {3, 0, "XYZ"}});
  EXPECT_EQ(Acked(1001), 1001u);
  EXPECT_EQ(Acked(1002), 1004u) << "with all before them, removed bytes too";
  for (uint32_t inside : {1003, 1004, 1005}) EXPECT_EQ(Acked(inside), 1004u);
  EXPECT_EQ(Acked(1006), 1005u);
  EXPECT_EQ(Acked(1007), 1006u);
}

TEST_F(SeqRemapTest, AnInsertionAtTheStartIsHeldByTheByteBehind) {
  EXPECT_EQ(Add(1000, "abc", {{0, 0, "XY"}}), "XYabc");
  ASSERT_EQ(remap_->changes().size(), 1u);
  EXPECT_EQ(Content(0), "XYa");
  EXPECT_EQ(Received(1000), 1000u);
  EXPECT_EQ(Received(1001), 1003u);
  EXPECT_EQ(Acked(1002), 1000u);
  EXPECT_EQ(Acked(1003), 1001u);
}

TEST_F(SeqRemapTest, InsertionsAroundOneByteAreOneChange) {
  EXPECT_EQ(Add(1000, "ab", {{0, 0, "X"}, {2, 0, "Y"}}), "XaYb");
  ASSERT_EQ(remap_->changes().size(), 1u);
  EXPECT_EQ(Content(0), "XaY");
  EXPECT_EQ(Received(1001), 1003u);
}

TEST_F(SeqRemapTest, APayloadThatIsReplacedAltogetherIsOneChange) {
  EXPECT_EQ(Add(1000, "abc", {{0, 3, "other"}}), "other");
  ASSERT_EQ(remap_->changes().size(), 1u);
  EXPECT_EQ(Content(0), "other");
  EXPECT_EQ(Received(1003), 1005u);
}

TEST_F(SeqRemapTest, ARepeatedSegmentFindsTheChangesThatItTouches) {
  Add(1000, "abcdef", {{2, 2, ""}, {3, 0, "XYZ"}});
  EXPECT_EQ(remap_->Repeated(SeqNum(1000), 2).size(), 0u);
  EXPECT_EQ(remap_->Repeated(SeqNum(1000), 3).size(), 1u);
  EXPECT_EQ(remap_->Repeated(SeqNum(1003), 1).size(), 1u);
  EXPECT_EQ(remap_->Repeated(SeqNum(1003), 2).size(), 2u);
  EXPECT_EQ(remap_->Repeated(SeqNum(1005), 9).size(), 0u);
}

TEST_F(SeqRemapTest, NumbersWrapUnderWay) {
  const uint32_t seq = 0u - 3;
  EXPECT_EQ(Add(seq, "abcdef", {{4, 0, "XY"}}), "abcdXYef");
  EXPECT_EQ(Received(2), 4u);
  EXPECT_EQ(Acked(4), 2u);
  EXPECT_EQ(Received(seq), seq);
}

TEST_F(SeqRemapTest, NumbersStayComparableOverMoreThan4GiB) {
  Add(1000, "abc", {{1, 0, "XY"}});
  uint32_t seq = 1003;
  for (int i = 0; i < 10; ++i) {
    seq += 1u << 29;
    remap_->Keep(SeqNum(seq));
    EXPECT_EQ(Received(seq), seq + 2) << i;
    EXPECT_EQ(Acked(seq + 2), seq) << i;
  }
}

TEST_F(SeqRemapTest, ASackBlockCoversNoChangeThatIsMissingInPart) {
  Add(1000, "abcdef", {{2, 2, ""}, {3, 0, "XYZ"}});
  const auto begin = [this](uint32_t at) {
    return remap_->SackBeginToSender(SeqNum(at)).raw();
  };
  EXPECT_EQ(begin(1001), 1001u);
  EXPECT_EQ(begin(1002), 1004u);
  EXPECT_EQ(begin(1003), 1005u);
  EXPECT_EQ(begin(1006), 1005u);
  EXPECT_EQ(remap_->SackEndToSender(SeqNum(1005)).raw(), 1004u);
}

TEST_F(SeqRemapTest, ASackOptionKeepsTheBlocksThatSayAnything) {
  Add(1000, "abcdef", {{3, 0, "XYZ"}});  // "c" holds it: 1002 to 1006.
  std::vector<uint8_t> options = {1, 1, 5, 18, 0, 0, 0, 0, 0, 0,
                                  0, 0, 0, 0,  0, 0, 0, 0, 0, 0};
  WriteBig32(&options[4], 1003);  // Inside the change: nothing.
  WriteBig32(&options[8], 1005);
  WriteBig32(&options[12], 1007);
  WriteBig32(&options[16], 1009);
  TranslateSack(*remap_, options);
  EXPECT_EQ(options[2], 5);
  EXPECT_EQ(options[3], 10);
  EXPECT_EQ(ReadBig32(&options[4]), 1004u);
  EXPECT_EQ(ReadBig32(&options[8]), 1006u);
  for (size_t i = 12; i < 20; ++i) EXPECT_EQ(options[i], 1);
}

TEST_F(SeqRemapTest, ABrokenSackOptionIsLeftAlone) {
  Add(1000, "abcdef", {{3, 0, "XYZ"}});
  for (std::vector<uint8_t> options :
       {std::vector<uint8_t>{5, 9, 1, 2, 3, 4, 5, 6, 7},
        std::vector<uint8_t>{5, 40, 1, 2}, std::vector<uint8_t>{5, 1, 1, 1},
        std::vector<uint8_t>{1, 1, 1, 5}}) {
    const std::vector<uint8_t> before = options;
    TranslateSack(*remap_, options);
    EXPECT_EQ(options, before);
  }
}

TEST_F(SeqRemapTest, AcknowledgedChangesGiveWayAndOthersDoNot) {
  uint32_t seq = 1000;
  size_t added = 0;
  while (remap_->HasRoom(3, 4, acked_)) {
    Add(seq, "abc", {{1, 0, "X"}});
    seq += 3;
    ++added;
  }
  EXPECT_EQ(added, SeqRemap::kMaxChanges - 3) << "the bound less one edit";
  const uint32_t last = Received(seq);
  EXPECT_EQ(remap_->changes().size(), added) << "all of them are known";
  acked_ = SeqNum(Received(1000 + 3 * 50));
  ASSERT_TRUE(remap_->HasRoom(3, 4, acked_));
  Add(seq, "abc", {{1, 0, "X"}});
  EXPECT_EQ(remap_->changes().size(), added - 50 + 1);
  EXPECT_EQ(Received(seq), last)
      << "what is not acknowledged keeps its numbers";
  EXPECT_EQ(Received(1000 + 3 * 50), acked_.raw());
}

TEST_F(SeqRemapTest, KeptBytesAreBounded) {
  const std::string big(SeqRemap::kContentBytes - 10, 'X');
  EXPECT_TRUE(
      remap_->HasRoom(3, static_cast<uint32_t>(big.size()) + 3, acked_));
  Add(1000, "abc", {{1, 0, big}});
  EXPECT_FALSE(remap_->HasRoom(3, 100, acked_));
  EXPECT_FALSE(remap_->HasRoom(3, 100, SeqNum(Received(1003))))
      << "the newest change says where the rest is";
}

TEST_F(SeqRemapTest, AShiftMovesWhatComesFromItsBaseOn) {
  ASSERT_TRUE(remap_->Shift(SeqNum(1000), 500, acked_));
  EXPECT_EQ(Received(999), 999u);
  EXPECT_EQ(Received(1000), 1500u);
  EXPECT_EQ(Acked(1500), 1000u);
  EXPECT_EQ(Acked(1200), 1000u) << "numbers that nobody sends";
  ASSERT_TRUE(remap_->Shift(SeqNum(1600), -700, acked_));
  EXPECT_EQ(Received(1099), 1599u);
  EXPECT_EQ(Received(1100), 900u);
  EXPECT_EQ(Acked(901), 1101u);
}

TEST_F(SeqRemapTest, ShiftsAndChangesAddUp) {
  ASSERT_TRUE(remap_->Shift(SeqNum(1000), -600, SeqNum(400)));
  acked_ = SeqNum(400);
  EXPECT_EQ(Add(1000, "abc", {{1, 0, "XY"}}), "aXYbc");
  EXPECT_EQ(Received(1000), 400u);
  EXPECT_EQ(Received(1003), 405u);
  EXPECT_EQ(Acked(405), 1003u);
}

}  // namespace
}  // namespace mosaic
