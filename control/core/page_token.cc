#include "control/core/page_token.h"

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace mosaic {

std::string MakePageToken(const std::string& kind, const std::string& last) {
  return absl::WebSafeBase64Escape(absl::StrCat("1:", kind, ":", last));
}

std::optional<std::string> ReadPageToken(const std::string& kind,
                                         const std::string& token) {
  const std::string prefix = absl::StrCat("1:", kind, ":");
  std::string text;
  if (!absl::WebSafeBase64Unescape(token, &text) ||
      !absl::StartsWith(text, prefix)) {
    return std::nullopt;
  }
  return text.substr(prefix.size());
}

Error InvalidPageToken() {
  Error error = InvalidField("page_token",
                             "is none that this list gave; begin without one");
  error.reason = error_reason::kInvalidPageToken;
  return error;
}

Result<size_t> PageSize(int32_t page_size, int32_t default_size,
                        int32_t max_size) {
  if (page_size < 0 || page_size > max_size) {
    return InvalidField(
        "page_size", absl::StrCat(page_size, " is not in [0, ", max_size, "]"));
  }
  return static_cast<size_t>(page_size == 0 ? default_size : page_size);
}

}  // namespace mosaic
