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
TEST_F(Catalogue, GroupS) { Run(GroupS()); }
TEST_F(Catalogue, GroupR) { Run(GroupR()); }
TEST_F(Catalogue, GroupU) { Run(GroupU()); }
TEST_F(Catalogue, GroupW) { Run(GroupW()); }
TEST_F(Catalogue, GroupF) { Run(GroupF()); }
TEST_F(Catalogue, GroupX) { Run(GroupX()); }
TEST_F(Catalogue, GroupG) { Run(GroupG()); }
TEST_F(Catalogue, GroupK) { Run(GroupK()); }
TEST_F(Catalogue, GroupL) { Run(GroupL()); }

}  // namespace
}  // namespace mosaic::conformance
