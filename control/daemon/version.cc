#include "control/daemon/version.h"

#include <fmt/format.h>

#include "control/daemon/git_commit.h"
#include "dataplane/io/eal.h"

namespace mosaic {

Version ThisVersion() {
  return {MOSAIC_VERSION, kGitCommit, Eal::DpdkVersion()};
}

std::string VersionLine() {
  const Version version = ThisVersion();
  return fmt::format("mosaicd {} (commit {}, {})", version.version,
                     version.git_commit, version.dpdk_version);
}

}  // namespace mosaic
