// The doctor says what on this machine would keep a configuration from running,
// or from running well, and the command that mends it.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "control/daemon/machine.h"
#include "mosaic/v1/system_config.pb.h"
#include <nlohmann/json.hpp>

namespace mosaic {

enum class Severity : uint8_t {
  kOk,       // As it should be.
  kWarning,  // It runs, but slower or less surely than it could.
  kError,    // `mosaicd run` fails.
};
std::string_view Name(Severity severity);

struct Finding {
  Severity severity = Severity::kOk;
  std::string area;     // "hugepages", "cpus", "memory", "ports", ...
  std::string message;  // What is the case.
  std::string fix;      // The command or setting that mends it; may be empty.
};

// What follows from the configuration and the machine alone.
std::vector<Finding> Examine(const v1::SystemConfig& system,
                             const Machine& machine);

// The same for what can only be tried: devices, sockets, addresses. Looks, and
// leaves everything as it is.
std::vector<Finding> ExamineSurroundings(const v1::SystemConfig& system,
                                         const Machine& machine);

// For people, a line or two each, worst first; and as one JSON object.
std::string ToText(const std::vector<Finding>& findings);
nlohmann::ordered_json ToJson(const std::vector<Finding>& findings);
// A JSON object as it is printed.
std::string Printed(const nlohmann::ordered_json& json);

}  // namespace mosaic
