#include "control/config/diagnostic.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace mosaic::config {
namespace {

constexpr size_t kMaxQuotedBytes = 60;

// Where a cut at `bytes` does not divide a UTF-8 character.
size_t CutAt(std::string_view text, size_t bytes) {
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xc0) == 0x80)
    --bytes;
  return bytes;
}

}  // namespace

std::string Format(const Diagnostic& diagnostic) {
  std::string out = diagnostic.file;
  if (diagnostic.position.line > 0) {
    absl::StrAppend(&out, ":", diagnostic.position.line, ":",
                    diagnostic.position.column);
  }
  if (!diagnostic.path.empty()) absl::StrAppend(&out, ": ", diagnostic.path);
  absl::StrAppend(&out, ": ", diagnostic.message);
  return out;
}

std::string Format(const std::vector<Diagnostic>& diagnostics) {
  std::string out;
  for (const Diagnostic& diagnostic : diagnostics) {
    absl::StrAppend(&out, Format(diagnostic), "\n");
  }
  return out;
}

std::string Quoted(std::string_view text) {
  const bool cut = text.size() > kMaxQuotedBytes;
  if (cut) text = text.substr(0, CutAt(text, kMaxQuotedBytes));
  return absl::StrCat(
      "\"", absl::Utf8SafeCEscape(absl::string_view(text.data(), text.size())),
      cut ? "…\"" : "\"");
}

std::string FieldPath(std::string_view path, std::string_view field) {
  std::string out(path);
  if (!out.empty()) out += '.';
  out += field;
  return out;
}

std::string ElementPath(std::string_view path, size_t index) {
  std::string out(path);
  absl::StrAppend(&out, "[", index, "]");
  return out;
}

}  // namespace mosaic::config
