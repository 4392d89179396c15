// mosaicd: parses the command line and runs the command it names.

#include <cstdio>
#include <string>
#include <string_view>

#include "control/cli/check_command.h"
#include "control/cli/exit_code.h"
#include "control/daemon/doctor_command.h"
#include "control/daemon/run_command.h"
#include "control/daemon/version.h"
#include "control/replay/replay_command.h"
#include "dataplane/filter/self_check.h"

int main(int argc, char** argv) {
  // A process of its own for filters that may crash; see self_check.h.
  if (argc > 1 && std::string_view(argv[1]) == mosaic::kSelfCheckCommand) {
    return mosaic::SelfCheckMain(argc, argv);
  }
  CLI::App app{"Mosaic: a network-function appliance", "mosaicd"};
  app.set_version_flag("--version", mosaic::VersionLine());
  // At most one; none is looked at below, so that a word that is no command is
  // told of first.
  app.require_subcommand(0, 1);

  mosaic::RunFlags run_flags;
  CLI::App* const run = mosaic::AddRunCommand(app, run_flags);

  mosaic::DoctorFlags doctor_flags;
  CLI::App* const doctor = mosaic::AddDoctorCommand(app, doctor_flags);

  mosaic::ReplayFlags replay_flags;
  CLI::App* const replay = mosaic::AddReplayCommand(app, replay_flags);

  std::string check_path;
  CLI::App* const check = app.add_subcommand(
      "check", "Tell all that is wrong with a configuration");
  check->add_option("-c,--config", check_path, "The file")->required();

  try {
    app.parse(argc, argv);
    if (app.get_subcommands().empty()) {
      throw CLI::RequiredError::Subcommand(1);
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? mosaic::kExitOk : mosaic::kExitUsage;
  }
  if (run->parsed()) return mosaic::RunDaemon(run_flags);
  if (doctor->parsed()) return mosaic::RunDoctor(doctor_flags);
  if (replay->parsed()) return mosaic::RunReplay(replay_flags);
  return mosaic::RunCheck(check_path);
}
