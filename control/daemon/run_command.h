// mosaicd run: live traffic, until it is told to stop.

#pragma once

#include <string>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"

namespace mosaic {

struct RunFlags {
  std::string config_path;
  std::string log_format = "text";
};

// Adds the command and its flags to `app`; parsing fills `flags`.
CLI::App* AddRunCommand(CLI::App& app, RunFlags& flags);

// Runs it. kExitOk after SIGTERM or SIGINT and a full drain; kExitFailed when
// something did not start or a worker did not end; kExitInvalid for a wrong
// configuration.
int RunDaemon(const RunFlags& flags);

}  // namespace mosaic
