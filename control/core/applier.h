// Applier brings a configuration to every worker, or to none.
//
//   build the snapshot -> publish -> wait until every worker runs it -> reclaim
//                                       | a worker is silent
//                                       v
//                         publish the one before again; flows that were
//                         attached meanwhile are attached anew
//
// No worker is ever stopped or waited for by another.
//
// Bounds      A configuration that flows are still attached under is kept for
//             them. Options::max_retained_revisions of these at once; one more
//             write is refused, RESOURCE_EXHAUSTED, since attaching flows anew
//             behind the operator's back would break what KEEP promises.
// Threading   Apply() and Check() from one thread at a time; the rest from any.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/time/time.h"
#include "control/core/apply_metrics.h"
#include "control/core/clock.h"
#include "control/core/error.h"
#include "control/core/monitor_directory.h"
#include "control/core/snapshot_builder.h"
#include "control/core/worker_tasks.h"
#include "dataplane/engine/engine.h"
#include "mosaic/v1/config_service.pb.h"

namespace mosaic {

// What an apply did on the workers.
struct Applied {
  uint64_t revision = 0;
  size_t workers = 0;       // That run the revision: all.
  absl::Duration quiesce;   // From the publication until the last had it.
  absl::Time time;          // When the last had it.
  uint64_t live_flows = 0;  // That will be attached anew; 0 with kKeep.
};

class Applier {
 public:
  struct Options {
    SnapshotDefaults defaults;
    // For all workers to take a configuration up, and again to take the one
    // before up if they do not.
    absl::Duration deadline = absl::Seconds(2);
    size_t max_retained_revisions = 256;
    // From so many on, workers are asked for those between that are free.
    size_t census_revisions = 16;
    // Called with each configuration that is about to be applied, before any
    // worker runs it; an error refuses it, FAILED_PRECONDITION. May be empty.
    std::function<absl::Status(const v1::Config&)> before_apply = {};
  };

  // All that is borrowed outlives the applier. Nobody else applies
  // configurations to `engine`, or writes to `metrics` during a call.
  Applier(Engine& engine, WorkerTasks& tasks, FilterCache& filters,
          MonitorDirectory& monitors, Clock& clock, ApplyMetrics& metrics,
          Options options);

  Applier(const Applier&) = delete;
  Applier& operator=(const Applier&) = delete;

  // Makes every worker run `config`, under a new revision. On an error all run
  // what they ran before:
  //   INVALID_ARGUMENT     a filter or a bound, named in the message
  //   FAILED_PRECONDITION  a network function could not be made, or
  //                        before_apply refused
  //   RESOURCE_EXHAUSTED   max_retained_revisions
  //   DEADLINE_EXCEEDED    a worker was silent; the message names it
  // REQUIRES: `config` passed config::Validate().
  Result<Applied> Apply(const v1::Config& config, Engine::LiveFlows live_flows);

  // Fails as Apply() would, but for a silent worker, and changes nothing.
  // Returns what Apply() would but for times; revision is the one that runs.
  Result<Applied> Check(const v1::Config& config, Engine::LiveFlows live_flows);

  size_t workers() const { return engine_.worker_count(); }
  // The revision that all workers run, or are to go back to; 0 before the
  // first.
  uint64_t revision() const { return revision_.load(); }
  // Configurations kept for flows, the running one included.
  size_t retained_revisions() const { return retained_.load(); }

 private:
  using SnapshotPointer = std::shared_ptr<const Snapshot>;

  // The phases of an apply, in their order.
  Result<SnapshotPointer> Compile(const v1::Config& config);
  MaybeError MakeRoom();
  MaybeError Publish(SnapshotPointer snapshot, Engine::LiveFlows live_flows);
  // Waits until all workers but `silent` run what was published last. Returns
  // those that did not in time.
  std::vector<size_t> WaitForWorkers(std::vector<size_t> silent);
  Error RollBack(const std::vector<size_t>& silent);
  // Frees what no flow is attached under any more; asks the workers if that
  // could be worth it.
  void Reclaim();
  uint64_t TrackedFlows() const;

  Engine& engine_;
  WorkerTasks& tasks_;
  FilterCache& filters_;
  MonitorDirectory& monitors_;
  Clock& clock_;
  ApplyMetrics& metrics_;
  const Options options_;

  // The configuration last applied and what was built from it, so that a
  // function whose configuration stays is not configured again.
  v1::Config config_;
  SnapshotPointer snapshot_;
  uint64_t last_published_ = 0;  // What was rolled back counts.
  std::atomic<uint64_t> revision_{0};
  std::atomic<size_t> retained_{0};
};

}  // namespace mosaic
