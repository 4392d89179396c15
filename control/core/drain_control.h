// DrainControl lets the flows that are tracked run out and takes no new ones.
//
//   taking flows --Start()--> draining --none left--> drained
//        ^                       | time is up
//        |                       v
//        |            ending what is left, or leaving it --> drained
//        +---Undrain()--- from each of these
//
// Threading   Any thread. It has none of its own: while it drains, somebody
//             calls Advance() at least once a second; the daemon does.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/time/time.h"
#include "control/core/clock.h"
#include "control/core/error.h"
#include "control/core/worker_tasks.h"
#include "dataplane/command/flow_ending.h"
#include "dataplane/engine/engine.h"
#include "mosaic/v1/system_service.pb.h"

namespace mosaic {

class DrainControl {
 public:
  // What becomes of flows that are left when time is up.
  enum class Remaining : uint8_t {
    kStay,
    kEnd,  // With EndReason::kDrained.
  };
  static constexpr absl::Duration kDefaultTimeout = absl::Seconds(30);
  static constexpr absl::Duration kMaxTimeout = absl::Hours(24);
  // For ending what is left; a worker that is silent for longer keeps its
  // flows.
  static constexpr absl::Duration kEndingTime = absl::Seconds(5);

  // All that is borrowed outlives this.
  DrainControl(Engine& engine, WorkerTasks& tasks, Clock& clock);

  // From now on no worker tracks a new flow; packets of such pass unmonitored
  // and are counted (CoreCounters::drain_untracked_packets).
  //   FAILED_PRECONDITION  it drains already, or has drained
  MaybeError Start(absl::Duration timeout, Remaining remaining);
  // As the API asks for it. Also INVALID_ARGUMENT: the timeout's range.
  MaybeError Start(const v1::DrainRequest& request);

  struct Progress {
    uint64_t flows_remaining = 0;
    bool done = false;       // Nothing more happens by itself.
    bool timed_out = false;  // It is done because time was up.
  };
  // Goes on with the drain, without ever waiting for a worker, and tells how
  // far it is. Not done, with the number of flows, if none was started. Ending
  // what is left takes some calls.
  Progress Advance();

  // New flows are tracked again from now on. No-op if it does not drain.
  void Undrain();

  // True from Start() to Undrain().
  bool draining() const;

 private:
  enum class Phase : uint8_t { kOff, kWaiting, kEnding, kDone };

  uint64_t TrackedFlows() const;
  void EndRemaining();  // REQUIRES: mutex_ is held.

  Engine& engine_;
  WorkerTasks& tasks_;
  Clock& clock_;

  mutable std::mutex mutex_;  // Guards what follows.
  Phase phase_ = Phase::kOff;
  Remaining remaining_ = Remaining::kStay;
  absl::Duration deadline_;  // Of Clock::Monotonic().
  bool timed_out_ = false;
  // By worker; null once it is done, or where it could not be posted yet.
  std::vector<std::shared_ptr<FlowEnding>> ending_;
};

}  // namespace mosaic
