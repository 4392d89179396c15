// mosaicd doctor: what keeps a configuration from running here.

#pragma once

#include <string>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"

namespace mosaic {

struct DoctorFlags {
  std::string config_path;  // Empty: the defaults, and no ports.
  bool json = false;
  bool memory = false;  // Also what memory each part takes.
};

// Adds the command and its flags to `app`; parsing fills `flags`.
CLI::App* AddDoctorCommand(CLI::App& app, DoctorFlags& flags);

// Prints the findings. kExitOk if none is an error, else kExitFailed;
// kExitInvalid for a wrong configuration.
int RunDoctor(const DoctorFlags& flags);

}  // namespace mosaic
