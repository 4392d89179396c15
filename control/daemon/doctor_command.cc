#include "control/daemon/doctor_command.h"

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "control/cli/check_command.h"
#include "control/cli/exit_code.h"
#include "control/config/config_file.h"
#include "control/core/snapshot_builder.h"
#include "control/daemon/doctor.h"
#include "control/daemon/doctor_memory.h"
#include "nf/registry.h"

namespace mosaic {

CLI::App* AddDoctorCommand(CLI::App& app, DoctorFlags& flags) {
  CLI::App* const command = app.add_subcommand(
      "doctor", "Tell what keeps a configuration from running here");
  command->add_option("-c,--config", flags.config_path,
                      "Configuration file (default: the machine only)");
  command->add_flag("--memory", flags.memory,
                    "Print what memory each part takes, too");
  command->add_flag("--json", flags.json, "Print one JSON object");
  return command;
}

namespace {

// Those of `config`, with the contexts that they keep of each flow.
std::vector<MemoryPlanInput::Function> FunctionsOf(const v1::Config& config,
                                                   FilterCache& filters) {
  std::vector<MemoryPlanInput::Function> functions;
  const auto snapshot = BuildSnapshot(config, 1, {}, filters);
  if (!snapshot.ok()) return functions;
  for (const NfInstance& instance : (*snapshot)->nf_instances) {
    const auto made = MakeNetworkFunction(instance.type, {});
    if (!made.ok()) continue;
    functions.push_back({instance.name, (*made)->context_layout().bytes});
  }
  return functions;
}

void Print(const std::vector<Finding>& findings, const MemoryReport& memory,
           const DoctorFlags& flags) {
  if (flags.json) {
    nlohmann::ordered_json json = ToJson(findings);
    if (flags.memory) json["memory"] = ToJson(memory);
    std::fputs(Printed(json).c_str(), stdout);
    return;
  }
  std::fputs(ToText(findings).c_str(), stdout);
  if (flags.memory) std::fputs(("\n" + ToText(memory)).c_str(), stdout);
}

}  // namespace

int RunDoctor(const DoctorFlags& flags) {
  v1::ConfigFile file;
  FilterCache filters(CheckInProcessOf(std::string(kThisExecutable)));
  if (!flags.config_path.empty()) {
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
  const MemoryReport memory =
      ReportMemory(file.system(), FunctionsOf(file.config(), filters), machine);
  std::ranges::move(ExamineMemory(memory), std::back_inserter(findings));
  // Without a file nobody has named ports yet.
  if (flags.config_path.empty()) {
    std::erase_if(findings, [](const Finding& f) { return f.area == "ports"; });
  }
  Print(findings, memory, flags);
  const bool fails = std::ranges::any_of(findings, [](const Finding& finding) {
    return finding.severity == Severity::kError;
  });
  return fails ? kExitFailed : kExitOk;
}

}  // namespace mosaic
