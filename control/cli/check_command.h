// mosaicd check: everything that is wrong with a configuration file.

#pragma once

#include <string>

#include "control/config/validate.h"
#include "dataplane/filter/filter_cache.h"

namespace mosaic {

// Compiles filters with `filters`, to see whether they are valid.
absl::Status CheckFilter(FilterCache& filters, const std::string& expression,
                         config::FilterKind kind);

// Prints every error with its place and returns kExitInvalid, or says that all
// is well and returns kExitOk.
int RunCheck(const std::string& path);

}  // namespace mosaic
