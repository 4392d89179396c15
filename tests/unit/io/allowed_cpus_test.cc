#include "dataplane/io/allowed_cpus.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

using testing::ElementsAre;

TEST(AllowedCpusTest, ThereIsAtLeastOneInAscendingOrder) {
  const std::vector<int> cpus = AllowedCpus();
  EXPECT_FALSE(cpus.empty());
  EXPECT_TRUE(std::is_sorted(cpus.begin(), cpus.end()));
}

TEST(AllowedCpusTest, AutomaticWorkersLeaveOneCpuToControlWhereThereAreTwo) {
  EXPECT_EQ(AutomaticWorkers(1), 1u);
  EXPECT_EQ(AutomaticWorkers(2), 1u);
  EXPECT_EQ(AutomaticWorkers(8), 7u);
}

TEST(AllowedCpusTest, WorkersTakeTheLastCpusAndLeaveTheFirst) {
  EXPECT_THAT(SpreadWorkers(2, {4, 5, 6, 9}), ElementsAre(6, 9));
}

TEST(AllowedCpusTest, AsManyWorkersAsCpusUseEachOnce) {
  EXPECT_THAT(SpreadWorkers(3, {4, 5, 6}), ElementsAre(4, 5, 6));
}

TEST(AllowedCpusTest, MoreWorkersThanCpusShareThemInTurn) {
  EXPECT_THAT(SpreadWorkers(5, {4, 7}), ElementsAre(4, 7, 4, 7, 4));
}

}  // namespace
}  // namespace mosaic
