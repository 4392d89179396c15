// Random scripts of what can be done to a stream that is read by peeking.

#include "tests/support/stream_script.h"

#include <cstdint>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace mosaic::testing {
namespace {

TEST(StreamScript, RandomOperationsAgreeWithANaiveModel) {
  std::mt19937_64 random(20);
  StreamCoverage coverage;
  for (int round = 0; round < 150; ++round) {
    std::vector<uint8_t> script(50 + random() % 400);
    for (uint8_t& byte : script) byte = static_cast<uint8_t>(random());
    ASSERT_EQ(PlayStreamScript(script, coverage), "") << "round " << round;
  }
  EXPECT_GT(coverage.bytes_read, 50'000u);
  EXPECT_GT(coverage.bytes_missed, 10'000u);
  EXPECT_GT(coverage.gaps, 20u);
  EXPECT_GT(coverage.buffer_full, 20u);
  EXPECT_GT(coverage.overwritten, 20u);
  EXPECT_GT(coverage.stops, 5u);
}

}  // namespace
}  // namespace mosaic::testing
