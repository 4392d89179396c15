// What this build is.

#pragma once

#include <string>

namespace mosaic {

struct Version {
  std::string version;       // Of Mosaic: "0.1.0".
  std::string git_commit;    // With "-dirty" if something was changed since;
                             // "unknown" where it was built outside git.
  std::string dpdk_version;  // Of the library that is loaded: "22.11.9".
};

Version ThisVersion();

// "mosaicd 0.1.0 (commit 0123456789ab, DPDK 22.11.9)".
std::string VersionLine();

}  // namespace mosaic
