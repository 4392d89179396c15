// SystemInfo answers what the daemon is and how its workers and ports do.
//
// Threading   Any thread.

#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "control/core/applier.h"
#include "control/core/clock.h"
#include "control/core/drain_control.h"
#include "dataplane/engine/engine.h"
#include "mosaic/v1/system_service.pb.h"

namespace mosaic {

// Where SystemInfo asks for ports; the daemon has them.
class PortDirectory {
 public:
  virtual ~PortDirectory() = default;
  // In the order of the configuration, with present counters. Any thread.
  virtual std::vector<v1::Port> Ports() = 0;
};

// What is settled at the start.
struct SystemFacts {
  struct Placement {
    uint32_t cpu = 0;
    int32_t numa_node = -1;  // -1: none.
  };
  std::string version;
  std::string git_commit;
  std::string dpdk_version;
  std::string boot_id;  // NewBootId()
  absl::Time start_time;
  std::vector<std::string> features;
  std::vector<Placement> workers;  // By number.
};

// A random UUID (RFC 9562, version 4), another one at each call.
std::string NewBootId();

class SystemInfo {
 public:
  // The shortest time over which a worker's load is told.
  static constexpr absl::Duration kMinLoadPeriod = absl::Milliseconds(100);

  // All that is borrowed outlives this; `ports` may be null: there are none.
  // REQUIRES: a placement for each worker.
  SystemInfo(Engine& engine, const Applier& applier, const DrainControl& drain,
             Clock& clock, PortDirectory* ports, SystemFacts facts);

  v1::GetCapabilitiesResponse GetCapabilities() const;
  v1::ListCoresResponse ListCores();
  v1::ListPortsResponse ListPorts();

  const std::string& boot_id() const { return facts_.boot_id; }

 private:
  // Load of a worker between two looks.
  struct Load {
    uint64_t busy_cycles = 0;
    uint64_t idle_cycles = 0;
    double busy_ratio = 0;
  };
  void RefreshLoad();

  Engine& engine_;
  const Applier& applier_;
  const DrainControl& drain_;
  Clock& clock_;
  PortDirectory* const ports_;
  const SystemFacts facts_;

  std::mutex mutex_;  // Guards what follows.
  absl::Duration last_look_ = -absl::InfiniteDuration();
  std::vector<Load> load_;
};

}  // namespace mosaic
