#include "control/config/config_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "control/config/source_map.h"
#include "control/config/yaml_reader.h"
#include "control/config/yaml_tree.h"

namespace mosaic::config {
namespace {

namespace fs = std::filesystem;

Diagnostic AboutFile(std::string_view name, std::string path,
                     std::string message) {
  return {.file = std::string(name),
          .position = {},
          .path = std::move(path),
          .message = std::move(message)};
}

// The path that encloses `path`, "" at the top.
std::string_view Enclosing(std::string_view path) {
  const size_t cut = path.find_last_of(".[");
  return path.substr(0, cut == std::string_view::npos ? 0 : cut);
}

// What the reader could not read. A violation in there only says again that it
// is not set.
class Unread {
 public:
  explicit Unread(const std::vector<Diagnostic>& faults) {
    for (const Diagnostic& fault : faults) {
      if (fault.unset_path.empty()) continue;
      at_.insert(fault.unset_path);
      incomplete_.insert(std::string(Enclosing(fault.unset_path)));
    }
  }

  // True if a fault stands at the violation's path, around it or, where a whole
  // message is said to lack something, directly inside.
  bool Explains(const Violation& violation) const {
    if (incomplete_.count(violation.path) > 0) return true;
    std::string_view path = violation.path;
    while (!path.empty()) {
      if (at_.count(std::string(path)) > 0) return true;
      path = Enclosing(path);
    }
    return false;
  }

 private:
  std::set<std::string> at_;
  std::set<std::string> incomplete_;
};

bool IsCapture(const fs::path& path) {
  return path.extension() == ".pcap" || path.extension() == ".pcapng";
}

// Appends the captures in a directory; returns what is wrong, "" if nothing.
std::string AppendDirectory(const fs::path& directory,
                            std::vector<std::string>& captures) {
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator entry(directory, error), end;
       !error && entry != end; entry.increment(error)) {
    if (IsCapture(entry->path())) found.push_back(entry->path().string());
  }
  if (error) return error.message();
  if (found.empty()) return "the directory has no *.pcap or *.pcapng files";
  std::sort(found.begin(), found.end());
  captures.insert(captures.end(), found.begin(), found.end());
  return "";
}

}  // namespace

std::vector<Diagnostic> ParseConfigFile(std::string_view name,
                                        std::string_view text,
                                        FilterCheck check_filter,
                                        v1::ConfigFile& file) {
  SourceMap positions;
  file.Clear();
  std::vector<Diagnostic> diagnostics = ReadYaml(name, text, file, positions);
  const Unread unread(diagnostics);

  std::vector<Violation> violations = Validate(file.system(), "system");
  for (Violation& violation : Validate(file.config(), "config", check_filter)) {
    violations.push_back(std::move(violation));
  }
  for (Violation& violation : violations) {
    if (unread.Explains(violation)) continue;
    const Position position = positions.Find(violation.path);
    diagnostics.push_back({.file = std::string(name),
                           .position = position,
                           .path = std::move(violation.path),
                           .message = std::move(violation.message)});
  }
  std::stable_sort(diagnostics.begin(), diagnostics.end(),
                   [](const Diagnostic& a, const Diagnostic& b) {
                     return std::tie(a.position.line, a.position.column) <
                            std::tie(b.position.line, b.position.column);
                   });
  return diagnostics;
}

std::vector<Diagnostic> LoadConfigFile(const std::string& path,
                                       FilterCheck check_filter,
                                       v1::ConfigFile& file) {
  file.Clear();
  std::error_code error;
  if (fs::is_directory(path, error)) {
    return {AboutFile(path, "", "is a directory; name a file")};
  }
  std::ifstream stream(path, std::ios::binary);
  if (!stream) {
    return {AboutFile(
        path, "", absl::StrCat("cannot be opened: ", std::strerror(errno)))};
  }
  // One byte more than allowed tells a file that is too large, even if it is a
  // pipe that never ends.
  std::string text(YamlTree::kMaxBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (stream.bad()) {
    return {AboutFile(path, "",
                      absl::StrCat("cannot be read: ", std::strerror(errno)))};
  }
  text.resize(static_cast<size_t>(stream.gcount()));
  return ParseConfigFile(path, text, check_filter, file);
}

std::vector<std::string> ResolveCaptures(const std::string& config_path,
                                         const v1::ReplayConfig& replay,
                                         std::vector<Diagnostic>& diagnostics) {
  const fs::path base = fs::path(config_path).parent_path();
  std::vector<std::string> captures;
  for (int i = 0; i < replay.captures_size(); ++i) {
    const fs::path capture = (base / replay.captures(i)).lexically_normal();
    std::error_code error;
    const fs::file_status status = fs::status(capture, error);
    std::string problem;
    if (fs::is_directory(status)) {
      problem = AppendDirectory(capture, captures);
    } else if (fs::exists(status)) {
      captures.push_back(capture.string());
    } else {
      problem = error.message();
    }
    if (!problem.empty()) {
      diagnostics.push_back(
          AboutFile(config_path, ElementPath("system.replay.captures", i),
                    absl::StrCat(Quoted(capture.string()), ": ", problem)));
    }
  }
  return captures;
}

}  // namespace mosaic::config
