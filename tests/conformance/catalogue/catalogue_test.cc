// The evasion catalogue in memory.

#include <vector>

#include "gtest/gtest.h"
#include "tests/conformance/catalogue/groups.h"
#include "tests/conformance/catalogue/runner.h"

namespace mosaic::conformance {
namespace {

class Catalogue : public ::testing::Test {
 protected:
  void Run(const std::vector<Case>& cases) {
    MemoryTransport transport;
    RunCases(cases, transport, tallies_);
  }
  static void TearDownTestSuite() { PrintTallies("in memory", tallies_); }

  static Tallies tallies_;
};

Tallies Catalogue::tallies_;

TEST_F(Catalogue, GroupO) { Run(GroupO()); }

}  // namespace
}  // namespace mosaic::conformance
