// Eal starts DPDK's environment abstraction layer (EAL) and runs workers on the
// threads that it makes.
//
// Life        EAL can start once in a process. A second Start() is refused,
// also
//             after the first Eal was destroyed or failed to start: what EAL
//             leaves behind (threads, mappings, registered drivers) cannot be
//             undone from outside. Restart the process instead.
// Threading   Start(), Launch(), Join() and the destructor on one thread, the
//             control thread. It and its later threads keep the CPU mask that
//             it had before, which EAL itself would narrow to one CPU.
// Rights      None, unless hugepages or a PCI device are asked for.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mosaic {

struct EalConfig {
  enum class Memory {
    kOrdinaryPages,  // Works everywhere; enough for a laptop, CI, a first try.
    kHugePages,  // For live traffic. Needs pages set aside for the process's
                 // NUMA nodes; no hugetlbfs mount.
  };
  Memory memory = Memory::kOrdinaryPages;

  // MiB for everything DPDK allocates (packet pools, rings). Taken at start;
  // EAL grows beyond it only with huge pages. Default 512.
  size_t memory_mib = 512;

  // The CPU of each worker; several may share one. See SpreadWorkers().
  std::vector<int> worker_cpus;

  enum class Pci {
    kOff,   // Do not look at PCI devices at all.
    kScan,  // Take the PCI devices that `device_arguments` allow.
  };
  Pci pci = Pci::kOff;

  // More arguments as EAL takes them, for devices: "--vdev=net_null0",
  // "--allow=0000:01:00.0".
  std::vector<std::string> device_arguments;

  enum class Log {
    kErrors,    // What went wrong.
    kWarnings,  // Also what may be wrong. The default.
    kAll,       // Also what EAL and drivers do and find.
  };
  Log log = Log::kWarnings;

  // Gets each whole line that EAL and drivers log, without the line break, on
  // the thread that logs it, one call at a time. Empty: lines are dropped.
  // Lines from before a failed start are part of its error as well.
  std::function<void(const std::string& line)> log_line;
};

class Eal {
 public:
  static constexpr size_t kMaxWorkers = 127;  // Debian builds EAL for 128.

  // Starts EAL with one thread for each worker, waiting to be launched.
  // Errors: FAILED_PRECONDITION if it was started before in this process;
  // INVALID_ARGUMENT for a bad `config`; INTERNAL with EAL's own words, its
  // error and the arguments used if it does not start. (EAL also prints its
  // last word to stderr then, which cannot be caught.) A virtual device that
  // fails to start is only logged: who needs a port checks that it is there.
  static absl::StatusOr<std::unique_ptr<Eal>> Start(const EalConfig& config);

  // Joins all workers, then releases what EAL can release. REQUIRES: every job
  // was told to return.
  ~Eal();

  Eal(const Eal&) = delete;
  Eal& operator=(const Eal&) = delete;

  // Runs `job` once on the thread of `worker`. FAILED_PRECONDITION if that one
  // still runs an earlier job. REQUIRES: worker < workers(); what `job` refers
  // to lives until it was joined; it does not throw.
  absl::Status Launch(size_t worker, std::function<void()> job);

  // Waits until every launched job has returned.
  void JoinAll();

  size_t workers() const { return jobs_.size(); }

  // How much EAL and drivers log from now on. Any thread.
  static void SetLog(EalConfig::Log log);

  // DPDK's version, as "DPDK 22.11.9". Needs no start.
  static std::string DpdkVersion();

  // How often the time stamp counter ticks in a second, as EAL measured it.
  // REQUIRES: EAL was started.
  static uint64_t TscHertz();

  // The last lines that EAL and drivers logged, joined with "; ". For the error
  // of what a driver refused; empty before a start.
  static std::string RecentLog();

 private:
  explicit Eal(size_t workers);

  // EAL hands a job to its thread and back with its own atomics. `done` says
  // the same where the thread sanitizer, which cannot see into EAL, finds it.
  struct Job {
    std::function<void()> run;
    std::atomic<bool> done{true};  // Cleared by Launch(), set by the worker.
  };

  static int Run(void* job);

  std::vector<Job> jobs_;  // By worker.
};

}  // namespace mosaic
