// Replays capture files through the engine: the same workers, monitors and
// network functions as on live ports, with the packets' own time as the clock.

#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "control/core/snapshot_builder.h"
#include "control/replay/record_store.h"
#include "dataplane/base/end_reason.h"
#include "dataplane/command/flow_listing.h"
#include "dataplane/engine/engine.h"
#include "dataplane/io/replay_source.h"
#include "mosaic/v1/config_service.pb.h"

namespace mosaic {

struct ReplayPlan {
  std::vector<std::string> captures;
  size_t workers = 1;
  std::vector<int> worker_cpus;  // One for each worker.
  WorkerConfig worker;
  v1::Config config;
  SnapshotDefaults defaults;
  bool loop = false;
  double speed = 0;  // 1: recorded pace; 0: as fast as possible.
  bool hugepages = false;
  size_t memory_mib = 64;
  RecordStore::Keep records = RecordStore::Keep::kAll;
};

// What one worker did.
struct ReplayWorkerReport {
  uint64_t packets = 0;     // That it processed, handed-over ones included.
  double busy_seconds = 0;  // Time in rounds that moved packets.
  uint64_t flows = 0;       // Tracked now.
  int cpu = 0;
};

struct ReplayReport {
  uint64_t packets = 0;
  uint64_t bytes = 0;
  uint64_t dropped_packets = 0;
  uint64_t parse_errors = 0;
  uint64_t flows_created = 0;
  uint64_t tcp_connections = 0;
  std::array<uint64_t, kEndReasons> flows_ended = {};
  uint64_t delivered_bytes = 0;
  uint64_t gap_bytes = 0;
  uint64_t conflict_bytes = 0;
  uint64_t retransmitted_packets = 0;
  uint64_t out_of_order_packets = 0;
  uint64_t bounds_hit = 0;  // Flows or bytes refused for lack of room: the
                            // results may then depend on the number of workers.
  double wall_seconds = 0;
  uint64_t loops = 0;
  std::vector<ReplayWorkerReport> workers;
};

// Progress, given to an observer about ten times a second.
struct ReplayStatus {
  const ReplayProgress& progress;
  uint64_t total_file_bytes;
  // Of all workers, the most recently active first. Filled if asked for.
  std::vector<FlowSummary> flows;
  ReplayReport so_far;
};

class Replay {
 public:
  using Observer = std::function<void(const ReplayStatus&)>;

  // Checks the captures, compiles the configuration, starts EAL: all that can
  // fail before the first packet.
  static absl::StatusOr<std::unique_ptr<Replay>> Prepare(ReplayPlan plan);
  ~Replay();

  // Runs until the captures end or `stop` says so. `flows_shown` flows are
  // listed for the observer at each call. An error of a capture is returned
  // after what was read before it has been processed; report() is valid then.
  absl::Status Run(size_t flows_shown, const Observer& observer,
                   const std::function<bool()>& stop);

  ReplayReport report() const;
  // What is odd about captures that were read to their end. After Run().
  const std::vector<std::string>& warnings() const;
  RecordStore& records() { return *records_; }
  const ReplayPlan& plan() const { return plan_; }

 private:
  explicit Replay(ReplayPlan plan);

  std::vector<FlowSummary> ListFlows(size_t flows_shown);

  struct Parts;
  const ReplayPlan plan_;
  std::unique_ptr<RecordStore> records_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace mosaic
