#include "control/replay/replay_command.h"

#include <atomic>
#include <csignal>
#include <cstdio>
#include <fstream>

#include "control/cli/check_command.h"
#include "control/cli/exit_code.h"
#include "control/cli/terminal.h"
#include "control/config/config_file.h"
#include "control/daemon/worker_settings.h"
#include "control/replay/replay.h"
#include "control/replay/replay_view.h"
#include "dataplane/io/allowed_cpus.h"

namespace mosaic {
namespace {

constexpr const char* kImplicitLog = "nfInstances/replay-flows";
constexpr const char* kImplicitMonitor = "monitors/replay-flows";

// A capture's hole is only given up when nothing can fill it any more, so a
// stream may hold much more than on a live port.
constexpr uint32_t kReplayBufferBytes = 64u << 20;
constexpr size_t kReplayReassemblyBytes = size_t{1} << 30;
constexpr size_t kReplayFlows = size_t{1} << 20;

std::atomic<int> interrupted{0};

void OnSignal(int signal) { interrupted.store(signal); }

// Stops a run on Ctrl-C and SIGTERM for as long as it lives.
class SignalGuard {
 public:
  SignalGuard() {
    struct sigaction action = {};
    action.sa_handler = OnSignal;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, &old_interrupt_);
    sigaction(SIGTERM, &action, &old_terminate_);
  }
  ~SignalGuard() {
    sigaction(SIGINT, &old_interrupt_, nullptr);
    sigaction(SIGTERM, &old_terminate_, nullptr);
  }
  SignalGuard(const SignalGuard&) = delete;
  SignalGuard& operator=(const SignalGuard&) = delete;

 private:
  struct sigaction old_interrupt_ = {};
  struct sigaction old_terminate_ = {};
};

// The start-only part of a file, and the flags that go before it.
void Settle(const v1::SystemConfig& system, const ReplayFlags& flags,
            ReplayPlan& plan) {
  plan.worker_cpus =
      PlaceWorkers(system, flags.workers, Engine::kMaxWorkers, AllowedCpus());
  plan.workers = plan.worker_cpus.size();
  plan.hugepages = system.memory().hugepages();
  if (system.memory().has_size_bytes()) {
    plan.memory_mib = static_cast<size_t>(system.memory().size_bytes() >> 20);
  }

  PipelineConfig& pipeline = plan.worker.pipeline;
  pipeline.handoff = HandoffPolicy::kWait;
  pipeline.parser.overlong = OverlongPolicy::kTakeAsCut;
  const bool ignore = flags.checksum.empty()
                          ? system.checksum() == v1::CHECKSUM_POLICY_IGNORE
                          : flags.checksum == "ignore";
  pipeline.parser.checksum =
      ignore ? ChecksumPolicy::kIgnore : ChecksumPolicy::kVerify;

  WorkerLimits& limits = pipeline.limits;
  limits.flows = kReplayFlows;
  limits.reassembly_bytes = kReplayReassemblyBytes;
  SetFromSystem(system, plan.worker);
  limits.expiry_budget = SIZE_MAX;
  limits.reincarnation = Reincarnation::kAnySyn;
  plan.loop = system.replay().loop() && !flags.once;
  // A connection comes again in the next round of a loop, and has to be over.
  limits.timeouts.enabled =
      flags.timeouts || system.timeouts().expire() || plan.loop;
  limits.gap.enabled = limits.timeouts.enabled;
  // A scan in a capture is no flood: its connections are kept to the end.
  if (!limits.timeouts.enabled) limits.pressure.half_open_percent = 100;
  plan.defaults.midstream = Midstream::kPickup;
  plan.defaults.buffer_bytes = kReplayBufferBytes;
  if (flags.overlap == "last") plan.defaults.overlap = OverlapPolicy::kLast;
  plan.speed =
      system.replay().pace() == v1::REPLAY_PACE_RECORDED && !flags.once ? 1 : 0;
}

// What --flows asks for: a monitor of its own, with a log of all flows.
void AddImplicitLog(v1::Config& config) {
  v1::NfInstance* const log = config.add_nf_instances();
  log->set_name(kImplicitLog);
  log->mutable_flow_log()->set_payload_digests(true);
  v1::Monitor* const monitor = config.add_monitors();
  monitor->set_name(kImplicitMonitor);
  monitor->set_type(v1::MONITOR_TYPE_STREAM);
  monitor->add_nf_instances(kImplicitLog);
}

bool WriteRecords(const std::string& path, std::vector<std::string> records,
                  std::ios::openmode mode) {
  std::ofstream file(path, std::ios::binary | mode);
  for (const std::string& record : records) file << record;
  file.close();
  if (file) return true;
  std::fprintf(stderr, "%s: cannot be written\n", path.c_str());
  return false;
}

bool WriteAllRecords(const ReplayFlags& flags, Replay& replay) {
  bool written = true;
  for (const v1::NfInstance& instance : replay.plan().config.nf_instances()) {
    if (!instance.has_flow_log()) continue;
    const std::string& path = instance.flow_log().output_path();
    if (instance.name() == kImplicitLog && !flags.flows_path.empty()) {
      written &= WriteRecords(flags.flows_path,
                              replay.records().TakeAll(instance.name()),
                              std::ios::trunc);
    } else if (!path.empty()) {
      written &= WriteRecords(path, replay.records().TakeAll(instance.name()),
                              std::ios::app);
    }
  }
  return written;
}

// Fills `plan` from the file and the flags. An exit code if that fails.
int MakePlan(const ReplayFlags& flags, ReplayPlan& plan) {
  v1::ConfigFile file;
  plan.captures = flags.captures;
  if (!flags.config_path.empty()) {
    FilterCache filters(CheckInProcessOf(std::string(kThisExecutable)));
    std::vector<config::Diagnostic> diagnostics = config::LoadConfigFile(
        flags.config_path,
        [&filters](const std::string& expression, config::FilterKind kind) {
          return CheckFilter(filters, expression, kind);
        },
        file);
    if (diagnostics.empty() && plan.captures.empty()) {
      plan.captures = config::ResolveCaptures(
          flags.config_path, file.system().replay(), diagnostics);
    }
    if (!diagnostics.empty()) {
      std::fputs(config::Format(diagnostics).c_str(), stderr);
      return kExitInvalid;
    }
  }
  if (plan.captures.empty()) {
    std::fputs(
        "replay: name a capture, or a file with system.replay.captures\n",
        stderr);
    return kExitUsage;
  }
  Settle(file.system(), flags, plan);
  plan.config = file.config();
  if (flags.config_path.empty() || !flags.flows_path.empty()) {
    AddImplicitLog(plan.config);
  }
  const bool keeps = !plan.loop && !flags.flows_path.empty();
  bool has_outputs = false;
  for (const v1::NfInstance& instance : plan.config.nf_instances()) {
    has_outputs |= !instance.flow_log().output_path().empty();
  }
  if (plan.loop && (has_outputs || !flags.flows_path.empty())) {
    std::fputs(
        "replay: a loop has no end, so it cannot write flow records; "
        "use --once\n",
        stderr);
    return kExitUsage;
  }
  plan.records = keeps || has_outputs ? RecordStore::Keep::kAll
                                      : RecordStore::Keep::kNothing;
  return kExitOk;
}

ReplayView::Style StyleOf(const ReplayPlan& plan) {
  const bool terminal = IsTerminal(stdout);
  if (plan.loop || plan.speed > 0) {
    return terminal ? ReplayView::Style::kTable : ReplayView::Style::kLines;
  }
  return terminal ? ReplayView::Style::kProgressBar : ReplayView::Style::kNone;
}

}  // namespace

CLI::App* AddReplayCommand(CLI::App& app, ReplayFlags& flags) {
  CLI::App* const command =
      app.add_subcommand("replay", "Run captures through the engine, offline");
  command->add_option("-c,--config", flags.config_path,
                      "Configuration file; its system.replay names captures");
  command->add_option("captures", flags.captures, "pcap and pcapng files");
  command
      ->add_option(
          "--workers", flags.workers,
          "Workers; they may share CPUs (default: the file's, else one "
          "less than the CPUs)")
      ->check(CLI::Range(size_t{1}, Engine::kMaxWorkers));
  command
      ->add_option(
          "--checksum", flags.checksum,
          "verify or ignore checksums (default: the file's, else verify)")
      ->check(CLI::IsMember({"verify", "ignore"}));
  command
      ->add_option(
          "--overlap", flags.overlap,
          "Which copy of a byte wins where the file does not say: first "
          "or last (default first)")
      ->check(CLI::IsMember({"first", "last"}));
  command->add_flag("--timeouts", flags.timeouts,
                    "Let idle flows expire; else each lives to the end");
  command->add_flag(
      "--once", flags.once,
      "Once at full speed, whatever the file says of loop and pace");
  command->add_option("--flows", flags.flows_path,
                      "Write one JSON line for each flow to this file");
  return command;
}

int RunReplay(const ReplayFlags& flags) {
  ReplayPlan plan;
  if (const int code = MakePlan(flags, plan); code != kExitOk) return code;
  absl::StatusOr<std::unique_ptr<Replay>> replay =
      Replay::Prepare(std::move(plan));
  if (!replay.ok()) {
    std::fprintf(stderr, "replay: %s\n",
                 std::string(replay.status().message()).c_str());
    return replay.status().code() == absl::StatusCode::kInvalidArgument
               ? kExitInvalid
               : kExitFailed;
  }
  const SignalGuard signals;
  absl::Status status;
  {
    ReplayView view(StyleOf((*replay)->plan()), stdout);
    status = (*replay)->Run(
        view.flows_shown(), [&view](const ReplayStatus& s) { view.Show(s); },
        [] { return interrupted.load() != 0; });
  }
  std::fputs(Summary((*replay)->report()).c_str(), stdout);
  for (const std::string& warning : (*replay)->warnings()) {
    std::fprintf(stderr, "replay: warning: %s\n", warning.c_str());
  }
  const bool written = WriteAllRecords(flags, **replay);
  if (!status.ok()) {
    std::fprintf(stderr, "replay: %s\n", std::string(status.message()).c_str());
    return kExitInvalid;
  }
  if (!written) return kExitFailed;
  // A loop is meant to be ended so; anything else was cut short.
  return interrupted.load() != 0 && !(*replay)->plan().loop ? kExitInterrupted
                                                            : kExitOk;
}

}  // namespace mosaic
