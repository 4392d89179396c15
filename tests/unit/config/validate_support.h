// What the tests of the validator read their input and tell their findings
// with.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "control/config/source_map.h"
#include "control/config/validate.h"
#include "control/config/yaml_reader.h"
#include "gtest/gtest.h"

namespace mosaic::config {

inline absl::Status AcceptAll(const std::string&, FilterKind) {
  return absl::OkStatus();
}

inline std::string Lines(const std::vector<Violation>& violations) {
  std::string out;
  for (const Violation& violation : violations) {
    out += violation.path + ": " + violation.message + "\n";
  }
  return out;
}

inline v1::ConfigFile Read(std::string_view text) {
  v1::ConfigFile file;
  SourceMap positions;
  EXPECT_EQ(Format(ReadYaml("f.yaml", text, file, positions)), "") << text;
  return file;
}

// What is wrong with these settings of `system`.
inline std::string SystemFaults(const std::string& settings) {
  return Lines(Validate(Read("system: {" + settings + "}").system(), ""));
}

inline std::string ConfigFaults(const std::string& text) {
  return Lines(
      Validate(Read("config: {" + text + "}").config(), "", AcceptAll));
}

// What is wrong with a stream monitor of these settings, relative to it.
inline std::string MonitorFaults(const std::string& settings) {
  std::string faults = ConfigFaults(
      "monitors: [{name: monitors/m, type: stream, " + settings + "}]");
  const std::string prefix = "monitors[0].";
  for (size_t at = 0; (at = faults.find(prefix, at)) != std::string::npos;) {
    faults.erase(at, prefix.size());
  }
  return faults;
}

inline std::string RuleFaults(const std::string& settings) {
  std::string faults = ConfigFaults(
      "nf_instances: [{name: nfInstances/fw, firewall: {rules: [{id: r, "
      "action: drop, " +
      settings + "}]}}]");
  const std::string prefix = "nf_instances[0].firewall.rules[0].";
  for (size_t at = 0; (at = faults.find(prefix, at)) != std::string::npos;) {
    faults.erase(at, prefix.size());
  }
  return faults;
}

}  // namespace mosaic::config
