// mosaicd replay: captures through the engine, offline.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"

namespace mosaic {

struct ReplayFlags {
  std::string config_path;
  std::vector<std::string> captures;
  std::optional<size_t> workers;
  std::string checksum;
  std::string overlap;
  bool timeouts = false;
  bool once = false;
  std::string flows_path;
};

// Adds the command and its flags to `app`; parsing fills `flags`.
CLI::App* AddReplayCommand(CLI::App& app, ReplayFlags& flags);

// Runs it. Returns the exit code; what went wrong is on stderr.
int RunReplay(const ReplayFlags& flags);

}  // namespace mosaic
