// Servers are what the outside sees of the daemon: the API, and the metrics
// with the health beside them.
//
//   construct ─► Configure() ─► [workers run] ─► Listen() ─► BeginShutdown()
//             ─► [workers end] ─► Stop()
//
// Ownership   Owns both servers and what they read; borrows the engine, the
//             ports and the rest of Parts. The workers have ended before it
//             goes.
// Threading   One thread.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "control/daemon/port_plan.h"
#include "control/log/daemon_log.h"
#include "dataplane/base/timestamp.h"
#include "mosaic/v1/system_config.pb.h"

namespace mosaic {

class Engine;
class EventHub;
class FilterCache;
class MonitorDirectory;
class PortSet;

class Servers {
 public:
  struct Parts {
    Engine* engine = nullptr;
    EventHub* events = nullptr;
    MonitorDirectory* monitors = nullptr;
    FilterCache* filters = nullptr;
    PortSet* ports = nullptr;
    const PortPlan* plan = nullptr;
    DaemonLog* log = nullptr;
    std::vector<int> worker_cpus;
    uint64_t tsc_hertz = 0;
    Timestamp now;  // Of the clock that stamps packets.
    // Called with each configuration before it is applied; see ControlPlane.
    std::function<absl::Status(const v1::Config&)> before_apply;
  };

  // REQUIRES: `system` passed config::Validate().
  Servers(const v1::SystemConfig& system, Parts parts);
  ~Servers();

  Servers(const Servers&) = delete;
  Servers& operator=(const Servers&) = delete;

  // Makes `config` what the workers start with; an error names the resource.
  absl::Status Configure(const v1::Config& config);

  // Opens the socket and the metrics' address. An error says which one cannot
  // be had, and why.
  absl::Status Listen();

  // Of the configuration that every worker runs.
  uint64_t revision() const;

  // The addresses that are open, for people.
  std::vector<std::string> Addresses() const;

  // Not ready any more; everything is still answered.
  void BeginShutdown();

  // Streams get what is left and end; calls that are not answered by `deadline`
  // are cancelled.
  void Stop(std::chrono::steady_clock::time_point deadline);

 private:
  struct Running;
  const std::unique_ptr<Running> running_;
};

}  // namespace mosaic
