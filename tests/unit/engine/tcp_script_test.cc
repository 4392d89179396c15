// Random segments of a connection against a naive model; with MOSAIC_LONG set a
// hundred times as many.

#include "tests/support/tcp_script.h"

#include <cstdint>
#include <cstdlib>
#include <random>
#include <vector>

#include "gtest/gtest.h"

namespace mosaic::testing {
namespace {

TEST(TcpScript, RandomSegmentsAreJudgedAsTheNaiveModelSays) {
  std::mt19937_64 random(9293);
  TcpCoverage coverage;
  const int rounds = std::getenv("MOSAIC_LONG") != nullptr ? 100'000 : 1000;
  for (int round = 0; round < rounds; ++round) {
    std::vector<uint8_t> script(50 + random() % 500);
    for (uint8_t& byte : script) byte = static_cast<uint8_t>(random());
    ASSERT_EQ(PlayTcpScript(script, coverage), "") << "round " << round;
  }
  EXPECT_GT(coverage.bytes, 100'000u);
  EXPECT_GT(coverage.established, 500u);
  EXPECT_GT(coverage.over, 200u);
  // Kinds of what is odd that scripts must reach.
  EXPECT_GE(coverage.anomalies.size(), 20u);
}

}  // namespace
}  // namespace mosaic::testing
