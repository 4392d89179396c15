#include "control/daemon/version.h"

#include <fmt/format.h>

#include "absl/strings/strip.h"
#include "control/daemon/git_commit.h"
#include "dataplane/io/eal.h"

namespace mosaic {

Version ThisVersion() {
  const std::string dpdk = Eal::DpdkVersion();
  return {MOSAIC_VERSION, kGitCommit,
          std::string(absl::StripPrefix(dpdk, "DPDK "))};
}

std::string VersionLine() {
  const Version version = ThisVersion();
  return fmt::format("mosaicd {} (commit {}, DPDK {})", version.version,
                     version.git_commit, version.dpdk_version);
}

}  // namespace mosaic
