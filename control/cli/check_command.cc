#include "control/cli/check_command.h"

#include <cstdio>

#include "control/cli/exit_code.h"
#include "control/config/config_file.h"

namespace mosaic {

absl::Status CheckFilter(FilterCache& filters, const std::string& expression,
                         config::FilterKind kind) {
  const FilterCache::Use use = kind == config::FilterKind::kRaw
                                   ? FilterCache::Use::kFrames
                                   : FilterCache::Use::kStreams;
  return filters.Get(expression, use).status();
}

int RunCheck(const std::string& path) {
  FilterCache filters(CheckInProcessOf(std::string(kThisExecutable)));
  v1::ConfigFile file;
  std::vector<config::Diagnostic> diagnostics = config::LoadConfigFile(
      path,
      [&filters](const std::string& expression, config::FilterKind kind) {
        return CheckFilter(filters, expression, kind);
      },
      file);
  if (diagnostics.empty()) {
    static_cast<void>(
        config::ResolveCaptures(path, file.system().replay(), diagnostics));
  }
  if (!diagnostics.empty()) {
    std::fputs(config::Format(diagnostics).c_str(), stderr);
    return kExitInvalid;
  }
  std::printf("%s: valid, %d monitors, %d network functions\n", path.c_str(),
              file.config().monitors_size(), file.config().nf_instances_size());
  return kExitOk;
}

}  // namespace mosaic
