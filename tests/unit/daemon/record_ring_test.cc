#include "control/daemon/record_ring.h"

#include <string>
#include <string_view>
#include <thread>

#include "gtest/gtest.h"

namespace mosaic {
namespace {

std::span<const char> Bytes(std::string_view text) {
  return {text.data(), text.size()};
}

std::string PopAll(RecordRing& ring) {
  std::string out;
  ring.PopInto(out);
  return out;
}

TEST(RecordRingTest, RecordsComeOutWholeAndInOrder) {
  RecordRing ring;
  ASSERT_TRUE(ring.TryPush(Bytes("one\n")));
  ASSERT_TRUE(ring.TryPush(Bytes("")));
  ASSERT_TRUE(ring.TryPush(Bytes("two\n")));
  EXPECT_EQ(ring.size(), 8u);
  EXPECT_EQ(PopAll(ring), "one\ntwo\n");
  EXPECT_EQ(PopAll(ring), "");
}

TEST(RecordRingTest, ARecordThatDoesNotFitIsRefusedAndChangesNothing) {
  RecordRing ring;
  const std::string record(RecordRing::kMaxRecordBytes, 'x');
  for (size_t i = 0; i < RecordRing::kBytes / record.size(); ++i) {
    ASSERT_TRUE(ring.TryPush(Bytes(record)));
  }
  EXPECT_FALSE(ring.TryPush(Bytes("y")));
  EXPECT_EQ(PopAll(ring), std::string(RecordRing::kBytes, 'x'));
  EXPECT_TRUE(ring.TryPush(Bytes("y")));
  EXPECT_EQ(PopAll(ring), "y");
}

TEST(RecordRingTest, ARecordMayLieAcrossTheEndOfTheMemory) {
  RecordRing ring;
  const std::string most(RecordRing::kMaxRecordBytes - 1, 'x');
  std::string out;
  // 65535 does not divide the memory, so that every lap is cut elsewhere.
  for (size_t i = 0; i < 4 * RecordRing::kBytes / most.size(); ++i) {
    ASSERT_TRUE(ring.TryPush(Bytes(most)));
    out.clear();
    ring.PopInto(out);
    ASSERT_EQ(out, most) << i;
  }
}

TEST(RecordRingTest, NothingIsLostOrTornBetweenTwoThreads) {
  RecordRing ring;
  constexpr int kRecords = 50'000;
  std::thread worker([&ring] {
    for (int i = 0; i < kRecords;) {
      if (ring.TryPush(Bytes(std::to_string(i) + "\n"))) ++i;
    }
  });
  std::string out;
  while (out.size() < 6 || out.substr(out.size() - 6) != "49999\n") {
    ring.PopInto(out);
  }
  worker.join();
  std::string expected;
  for (int i = 0; i < kRecords; ++i) expected += std::to_string(i) + "\n";
  EXPECT_EQ(out, expected);
}

}  // namespace
}  // namespace mosaic
