// Daemon is live traffic end to end: ports, workers, the configuration they
// run, and the servers beside them. It builds and wires, starts and stops.
//
//   Start()    checks, EAL, clock, ports, engine, configuration, servers,
//   workers Drain()    sources stop, flows end with their events, records are
//   written ~Daemon()  servers, engine, ports, EAL, in this order
//
// Threading   One thread, the main thread of the process.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "control/log/daemon_log.h"
#include "dataplane/filter/filter_cache.h"
#include "mosaic/v1/system_config.pb.h"

namespace mosaic {

class Daemon {
 public:
  // Starts everything. An error says which part did not come up, and why:
  // INVALID_ARGUMENT for what only the machine shows to be wrong in `file`,
  // such as a CPU that is not there; else a missing right, device or file.
  // There is no half-started daemon: a port that does not come up is an error
  // too. REQUIRES: `file` passed config::LoadConfigFile(); `filters` and `log`
  // outlive the daemon. EAL starts once in a process, so this may be called
  // once.
  static absl::StatusOr<std::unique_ptr<Daemon>> Start(
      const v1::ConfigFile& file, FilterCache& filters, DaemonLog& log);

  // Ends what Drain() has not. REQUIRES: workers that do not end at all were
  // not left behind by a Drain() that timed out.
  ~Daemon();

  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  // Looks after what needs it now and then. To be called a few times a second.
  void Tick();

  // Takes in no more packets and ends every flow. Called once.
  enum class Drained : uint8_t {
    kAll,      // Every flow has ended, and what was recorded is written.
    kTimedOut  // A worker has not ended in time: only the process' end is left.
  };
  Drained Drain(std::chrono::milliseconds patience);

 private:
  struct Parts;
  explicit Daemon(std::unique_ptr<Parts> parts);

  const std::unique_ptr<Parts> parts_;
};

}  // namespace mosaic
