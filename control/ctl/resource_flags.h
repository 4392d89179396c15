// The flags of create and update that set fields of a resource: a short one for
// each usual field, and --set and --clear for all.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"
#include "absl/status/status.h"
#include "control/ctl/assignments.h"

namespace mosaic::ctl {

// What the flags of one command line ask for, in the order given.
class ResourceFlags {
 public:
  ResourceFlags() = default;
  ResourceFlags(const ResourceFlags&) = delete;
  ResourceFlags& operator=(const ResourceFlags&) = delete;

  // Each adds its flags to `command`; this object outlives the parsing.
  void AddMonitorFlags(CLI::App& command);
  void AddNfFlags(CLI::App& command);
  void AddSetAndClear(CLI::App& command);

  bool empty() const;

  // Carries all out on `assignments`; the first mistake is INVALID_ARGUMENT.
  absl::Status Apply(Assignments& assignments) const;

  // Whether a flag or --set sets the field `path` or one below it.
  bool Sets(const std::string& path) const;

 private:
  struct Assignment {
    std::string path;
    std::string value;
  };

  void AddShort(CLI::App& command, const std::string& flag,
                const std::string& path, const std::string& type,
                const std::string& help);
  void AddStop(CLI::App& command, const std::string& flag,
               const std::string& condition, const std::string& type,
               const std::string& help);

  std::vector<Assignment> assignments_;
  std::vector<std::string> sets_;    // As after --set.
  std::vector<std::string> clears_;  // Paths.
  std::vector<std::string> nfs_;
  std::vector<std::string> rules_;
  std::vector<std::string> stops_;  // "payload_bytes: 1MiB".
  std::string stop_side_;
  bool forget_flow_ = false;
};

}  // namespace mosaic::ctl
