// Loads a configuration file: reads it, checks it, and tells everything that is
// wrong with it in one go.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "control/config/diagnostic.h"
#include "control/config/validate.h"
#include "mosaic/v1/system_config.pb.h"

namespace mosaic::config {

// Reads `text` into `file`. `name` stands for it in the diagnostics, which come
// in the order of the text. Empty if all is well; `file` holds what could be
// read otherwise and must not be used.
[[nodiscard]] std::vector<Diagnostic> ParseConfigFile(std::string_view name,
                                                      std::string_view text,
                                                      FilterCheck check_filter,
                                                      v1::ConfigFile& file);

// The same from the file at `path`. One that cannot be read, or is larger than
// YamlTree::kMaxBytes, is one diagnostic without a position.
[[nodiscard]] std::vector<Diagnostic> LoadConfigFile(const std::string& path,
                                                     FilterCheck check_filter,
                                                     v1::ConfigFile& file);

// The capture files that `replay.captures` stands for, in the order in which
// they are replayed: paths are taken from the directory of `config_path`, and a
// directory gives its *.pcap and *.pcapng files in order of their names. What
// does not exist, and a directory without captures, is told in `diagnostics`
// under `system.replay.captures[i]`, without a position.
[[nodiscard]] std::vector<std::string> ResolveCaptures(
    const std::string& config_path, const v1::ReplayConfig& replay,
    std::vector<Diagnostic>& diagnostics);

}  // namespace mosaic::config
