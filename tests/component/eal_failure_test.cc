// A start that fails, in a process of its own.

#include <string>
#include <vector>

#include "dataplane/io/allowed_cpus.h"
#include "dataplane/io/eal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

using testing::HasSubstr;

TEST(EalFailureTest, TellsEalsOwnReasonAndTheArgumentsUsed) {
  EalConfig config;
  config.memory_mib = 64;
  config.worker_cpus = SpreadWorkers(1, AllowedCpus());
  config.device_arguments = {"--vdev=net_nonsense0"};
  std::vector<std::string> lines;
  config.log_line = [&lines](const std::string& line) {
    lines.push_back(line);
  };

  const absl::Status status = Eal::Start(config).status();

  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_THAT(std::string(status.message()), HasSubstr("net_nonsense0"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("--no-huge"));
  EXPECT_THAT(std::string(status.message()), HasSubstr("failed to parse"))
      << "EAL's own words";
  EXPECT_FALSE(lines.empty());
  EXPECT_EQ(Eal::Start(config).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace mosaic
