#include "dataplane/io/eal.h"

#include <pthread.h>
#include <rte_config.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_version.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "dataplane/base/check.h"
#include "dataplane/io/allowed_cpus.h"
#include "dataplane/io/eal_log.h"

namespace mosaic {
namespace {

static_assert(Eal::kMaxWorkers + 1 <= RTE_MAX_LCORE);

std::atomic<bool> started_before{false};

// Lives as long as the process: EAL's threads may log until its very end.
EalLog* process_log = nullptr;

// The same holds for EAL's copies of pointers to its arguments.
std::vector<std::string>* process_arguments = nullptr;

// Of the run-time directory; the process' number follows.
constexpr std::string_view kPrefix = "mosaic-";

// Lcore 0 is the control thread; worker i is lcore i + 1.
unsigned LcoreOf(size_t worker) { return static_cast<unsigned>(worker) + 1; }

// Restores, at the end of its scope, the CPU mask that the thread has now.
class CpuMaskKeeper {
 public:
  CpuMaskKeeper() {
    saved_ = pthread_getaffinity_np(pthread_self(), sizeof mask_, &mask_) == 0;
  }
  ~CpuMaskKeeper() {
    if (saved_) pthread_setaffinity_np(pthread_self(), sizeof mask_, &mask_);
  }
  CpuMaskKeeper(const CpuMaskKeeper&) = delete;
  CpuMaskKeeper& operator=(const CpuMaskKeeper&) = delete;

 private:
  cpu_set_t mask_;
  bool saved_;
};

uint32_t LevelOf(EalConfig::Log log) {
  switch (log) {
    case EalConfig::Log::kErrors:
      return RTE_LOG_ERR;
    case EalConfig::Log::kWarnings:
      return RTE_LOG_WARNING;
    case EalConfig::Log::kAll:
      return RTE_LOG_INFO;
  }
  return RTE_LOG_WARNING;
}

absl::Status Check(const EalConfig& config, const std::vector<int>& allowed) {
  if (config.worker_cpus.empty() ||
      config.worker_cpus.size() > Eal::kMaxWorkers) {
    return absl::InvalidArgumentError(
        absl::StrCat("workers: ", config.worker_cpus.size(), " is not in [1, ",
                     Eal::kMaxWorkers, "]"));
  }
  if (config.memory_mib == 0) {
    return absl::InvalidArgumentError("memory: 0 MiB is not in [1, ...)");
  }
  for (const int cpu : config.worker_cpus) {
    if (std::find(allowed.begin(), allowed.end(), cpu) == allowed.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("worker CPU: ", cpu, " is not one of the allowed CPUs ",
                       absl::StrJoin(allowed, ",")));
    }
  }
  return absl::OkStatus();
}

std::vector<std::string> ArgumentsFor(const EalConfig& config,
                                      const std::vector<int>& allowed) {
  // The control thread may run on any CPU; it is not pinned to one.
  std::string lcores = absl::StrCat("0@(", absl::StrJoin(allowed, ","), ")");
  for (size_t worker = 0; worker < config.worker_cpus.size(); ++worker) {
    absl::StrAppend(&lcores, ",", LcoreOf(worker), "@",
                    config.worker_cpus[worker]);
  }
  std::vector<std::string> arguments = {
      "mosaic", "--lcores",       lcores, "--main-lcore",
      "0",      "--no-telemetry", "-m",   absl::StrCat(config.memory_mib)};
  if (config.memory == EalConfig::Memory::kHugePages) {
    arguments.push_back("--in-memory");
  } else {
    arguments.push_back("--no-huge");
    // Without it EAL would leave files in a run-time directory; --in-memory
    // implies it.
    arguments.push_back("--no-shconf");
    arguments.push_back("--file-prefix");
    arguments.push_back(absl::StrCat(std::string(kPrefix), getpid()));
  }
  if (config.pci == EalConfig::Pci::kOff) arguments.push_back("--no-pci");
  for (const std::string& argument : config.device_arguments) {
    arguments.push_back(argument);
  }
  return arguments;
}

// EAL makes a directory for the run and leaves it behind, empty. Where it could
// not make one there is nothing to remove either.
void RemoveRuntimeDirectory() {
  const char* const directory = rte_eal_get_runtime_dir();
  if (directory != nullptr) rmdir(directory);
}

// One that was killed could not remove its own. Only what is empty goes, so a
// process of that number in another PID namespace loses nothing.
void RemoveDirectoriesOfTheDead() {
  const char* const mine = rte_eal_get_runtime_dir();
  if (mine == nullptr) return;
  std::error_code error;
  const std::filesystem::path folder =
      std::filesystem::path(mine).parent_path();
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename();
    pid_t process = 0;
    if (name.starts_with(kPrefix) &&
        absl::SimpleAtoi(name.substr(kPrefix.size()), &process) &&
        process > 0 && kill(process, 0) != 0 && errno == ESRCH) {
      rmdir(entry.path().c_str());
    }
  }
}

absl::Status StartFailure(const std::vector<std::string>& arguments) {
  const int error = rte_errno;
  RemoveRuntimeDirectory();
  return absl::InternalError(absl::StrCat(
      "EAL does not start: ", rte_strerror(error), " (", process_log->Recent(),
      "); its arguments were: ", absl::StrJoin(arguments, " ")));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Eal>> Eal::Start(const EalConfig& config) {
  const std::vector<int> allowed = AllowedCpus();
  if (const absl::Status status = Check(config, allowed); !status.ok()) {
    return status;
  }
  if (started_before.exchange(true)) {
    return absl::FailedPreconditionError(
        "EAL was started before in this process and can start only once");
  }
  process_log = new EalLog(config.log_line);
  if (process_log->stream() != nullptr) {
    rte_openlog_stream(process_log->stream());
  }
  rte_log_set_global_level(LevelOf(config.log));

  process_arguments =
      new std::vector<std::string>(ArgumentsFor(config, allowed));
  std::vector<char*> argv;
  for (std::string& argument : *process_arguments) {
    argv.push_back(argument.data());
  }
  argv.push_back(nullptr);

  const CpuMaskKeeper cpu_mask;
  if (rte_eal_init(static_cast<int>(argv.size()) - 1, argv.data()) < 0) {
    return StartFailure(*process_arguments);
  }
  RemoveDirectoriesOfTheDead();
  return absl::WrapUnique(new Eal(config.worker_cpus.size()));
}

Eal::Eal(size_t workers) : jobs_(workers) {}

uint64_t Eal::TscHertz() { return rte_get_tsc_hz(); }

std::string Eal::RecentLog() {
  return process_log != nullptr ? process_log->Recent() : std::string();
}

void Eal::SetLog(EalConfig::Log log) { rte_log_set_global_level(LevelOf(log)); }

std::string Eal::DpdkVersion() { return rte_version(); }

Eal::~Eal() {
  JoinAll();
  rte_eal_cleanup();
  RemoveRuntimeDirectory();
}

absl::Status Eal::Launch(size_t worker, std::function<void()> job) {
  MOSAIC_CHECK(worker < jobs_.size());
  const unsigned lcore = LcoreOf(worker);
  Job& slot = jobs_[worker];
  if (!slot.done.load(std::memory_order_acquire) ||
      rte_eal_get_lcore_state(lcore) != WAIT) {
    return absl::FailedPreconditionError(
        absl::StrCat("worker ", worker, " still runs a job"));
  }
  slot.run = std::move(job);
  slot.done.store(false, std::memory_order_release);
  const int result = rte_eal_remote_launch(&Eal::Run, &slot, lcore);
  MOSAIC_CHECK(result == 0);
  return absl::OkStatus();
}

int Eal::Run(void* job) {
  Job& slot = *static_cast<Job*>(job);
  MOSAIC_CHECK(!slot.done.load(std::memory_order_acquire));
  slot.run();
  slot.done.store(true, std::memory_order_release);
  return 0;
}

void Eal::JoinAll() {
  for (size_t worker = 0; worker < jobs_.size(); ++worker) {
    rte_eal_wait_lcore(LcoreOf(worker));
    MOSAIC_CHECK(jobs_[worker].done.load(std::memory_order_acquire));
  }
}

}  // namespace mosaic
