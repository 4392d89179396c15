#include "control/daemon/run_command.h"

#include <spdlog/logger.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>

#include "control/cli/check_command.h"
#include "control/cli/exit_code.h"
#include "control/config/config_file.h"
#include "control/daemon/daemon.h"
#include "control/daemon/service_manager.h"
#include "control/daemon/stop_signals.h"
#include "control/daemon/version.h"
#include "control/log/daemon_log.h"

namespace mosaic {
namespace {

constexpr auto kTick = std::chrono::milliseconds(200);
// A service manager gives 10 s and more; an orchestrator's preStop takes some.
constexpr auto kDrainPatience = std::chrono::milliseconds(4500);

std::string_view LevelName(v1::LogLevel level) {
  switch (level) {
    case v1::LOG_LEVEL_TRACE:
      return "trace";
    case v1::LOG_LEVEL_DEBUG:
      return "debug";
    case v1::LOG_LEVEL_WARN:
      return "warn";
    case v1::LOG_LEVEL_ERROR:
      return "error";
    default:
      return "info";
  }
}

int Serve(Daemon& daemon, const StopSignals& signals, spdlog::logger& log) {
  ServiceManager manager;
  manager.Ready();
  log.info("ready");
  int signal = 0;
  while ((signal = signals.WaitFor(kTick)) == 0) {
    daemon.Tick();
    manager.Beat();
  }
  manager.Stopping();
  log.info("stopping on {}", signal == SIGINT ? "SIGINT" : "SIGTERM");
  if (daemon.Drain(kDrainPatience) == Daemon::Drained::kTimedOut) {
    log.error("a worker has not ended in {} ms; its flows are lost",
              kDrainPatience.count());
    // The worker uses what a destructor would take away.
    _exit(kExitFailed);
  }
  return kExitOk;
}

}  // namespace

CLI::App* AddRunCommand(CLI::App& app, RunFlags& flags) {
  CLI::App* const command =
      app.add_subcommand("run", "Run on live ports until told to stop");
  command->add_option("-c,--config", flags.config_path, "Configuration file")
      ->required();
  command
      ->add_option("--log-format", flags.log_format,
                   "text, or json: one object a line (default text)")
      ->check(CLI::IsMember({"text", "json"}));
  return command;
}

int RunDaemon(const RunFlags& flags) {
  const StopSignals signals;
  FilterCache filters(CheckInProcessOf(std::string(kThisExecutable)));
  v1::ConfigFile file;
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
  DaemonLog daemon_log(flags.log_format == "json" ? DaemonLog::Format::kJson
                                                  : DaemonLog::Format::kText);
  daemon_log.SetLevel("", LevelName(file.system().log().level()));
  spdlog::logger& log = daemon_log.logger(LogComponent::kControl);
  log.info("{}", VersionLine());
  absl::StatusOr<std::unique_ptr<Daemon>> daemon =
      Daemon::Start(file, filters, daemon_log);
  if (!daemon.ok()) {
    log.error("{}", std::string(daemon.status().message()));
    return absl::IsInvalidArgument(daemon.status()) ? kExitInvalid
                                                    : kExitFailed;
  }
  const int code = Serve(**daemon, signals, log);
  daemon->reset();
  log.info("stopped");
  return code;
}

}  // namespace mosaic
