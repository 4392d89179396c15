#include "control/core/error.h"

#include "absl/strings/str_cat.h"
#include "dataplane/base/check.h"

namespace mosaic {

Error InvalidFields(std::vector<config::Violation> violations) {
  MOSAIC_CHECK(!violations.empty());
  Error error{absl::StatusCode::kInvalidArgument, error_reason::kInvalidField,
              absl::StrCat(violations[0].path, ": ", violations[0].message)};
  if (violations.size() > 1) {
    absl::StrAppend(&error.message, " (and ", violations.size() - 1, " more)");
  }
  error.fields = std::move(violations);
  return error;
}

Error InvalidField(std::string path, std::string message) {
  return InvalidFields({{std::move(path), std::move(message)}});
}

}  // namespace mosaic
