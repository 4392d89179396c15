#include "control/daemon/doctor_command.h"

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "control/cli/check_command.h"
#include "control/cli/exit_code.h"
#include "control/config/config_file.h"
#include "control/daemon/doctor.h"

namespace mosaic {

CLI::App* AddDoctorCommand(CLI::App& app, DoctorFlags& flags) {
  CLI::App* const command = app.add_subcommand(
      "doctor", "Tell what keeps a configuration from running here");
  command->add_option("-c,--config", flags.config_path,
                      "Configuration file (default: the machine only)");
  command->add_flag("--json", flags.json, "Print one JSON object");
  return command;
}

int RunDoctor(const DoctorFlags& flags) {
  v1::ConfigFile file;
  if (!flags.config_path.empty()) {
    FilterCache filters(CheckInProcessOf(std::string(kThisExecutable)));
    const std::vector<config::Diagnostic> diagnostics = config::LoadConfigFile(
        flags.config_path,
        [&filters](const std::string& expression, config::FilterKind kind) {
          return CheckFilter(filters, expression, kind);
        },
        file);
    if (!diagnostics.empty()) {
      std::fputs(config::Format(diagnostics).c_str(), stderr);
      return kExitInvalid;
    }
  }
  const Machine machine = Machine::Read();
  std::vector<Finding> findings = Examine(file.system(), machine);
  std::ranges::move(ExamineSurroundings(file.system(), machine),
                    std::back_inserter(findings));
  // Without a file nobody has named ports yet.
  if (flags.config_path.empty()) {
    std::erase_if(findings, [](const Finding& f) { return f.area == "ports"; });
  }
  std::fputs((flags.json ? ToJson(findings) : ToText(findings)).c_str(),
             stdout);
  const bool fails = std::ranges::any_of(findings, [](const Finding& finding) {
    return finding.severity == Severity::kError;
  });
  return fails ? kExitFailed : kExitOk;
}

}  // namespace mosaic
