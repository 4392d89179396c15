// ReassemblyBuffer against a naive model, under operations made at random.
// With MOSAIC_LONG set two hundred times as many.

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/reassembly_script.h"

namespace mosaic::testing {
namespace {

class ReassemblyRandomTest : public ::testing::TestWithParam<uint32_t> {};

TEST_P(ReassemblyRandomTest, AgreesWithTheNaiveModelAfterEveryOperation) {
  std::mt19937 random(GetParam());
  ScriptCoverage coverage;
  const int rounds = std::getenv("MOSAIC_LONG") != nullptr ? 5000 : 25;
  for (int round = 0; round < rounds; ++round) {
    std::vector<uint8_t> script(100 + random() % 900);
    for (uint8_t& byte : script) byte = static_cast<uint8_t>(random());
    ASSERT_EQ(PlayReassemblyScript(script, coverage), "") << "round " << round;
  }
  EXPECT_GT(coverage.operations, 500u);
  EXPECT_GT(coverage.stored, 0u);
  EXPECT_GT(coverage.duplicate, 0u);
  EXPECT_GT(coverage.replaced, 0u);
  EXPECT_GT(coverage.unverified, 0u);
  EXPECT_GT(coverage.refused_beyond, 0u);
  EXPECT_GT(coverage.refused_memory, 0u);
  EXPECT_GT(coverage.conflicts, 0u);
  EXPECT_GT(coverage.skipped, 0u);
  EXPECT_GT(coverage.lost_by_resize, 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ReassemblyRandomTest,
                         ::testing::Values(1, 2, 3, 4));

}  // namespace
}  // namespace mosaic::testing
