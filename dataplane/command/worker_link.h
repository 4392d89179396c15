// WorkerLink is the seam between the control side and one worker: the
// configuration goes in by a pointer, tasks go in by a ring, and what the
// worker has taken up comes back by plain atomics. Neither side ever waits for
// the other while it holds anything.
//
// Threading   Each member names its writer. Control calls come from one thread
//             at a time.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/base/end_reason.h"
#include "dataplane/base/spsc_ring.h"
#include "dataplane/base/timestamp.h"
#include "dataplane/event/nf_slot.h"
#include "dataplane/policy/snapshot.h"
#include "dataplane/stats/monitor_counters.h"

namespace mosaic {

class FlowTable;
struct Flow;

// A snapshot made ready for one worker.
struct WorkerSnapshot {
  std::shared_ptr<const Snapshot> snapshot;
  // By Snapshot::nf_instances. Shared with the snapshots before and after that
  // name the same instance.
  std::vector<std::shared_ptr<NfSlot>> owned_slots;
  std::vector<NfSlot*> slots;
  // By Snapshot::monitors, likewise shared by name.
  std::vector<std::shared_ptr<MonitorCounters>> owned_counters;
  std::vector<MonitorCounters*> counters;
  // Flows attached under an earlier revision are attached anew at their next
  // packet; 0: they stay as they are.
  uint64_t reevaluate_before = 0;
  // So are flows attached under one of these, which were rolled back.
  std::vector<uint64_t> undone;
};

// What a task may do with its worker's flows. Calls come from Step() only.
class WorkerFlows {
 public:
  virtual FlowTable& table() = 0;
  // Ends `flow` as if its time had come; its record goes.
  virtual void End(Flow& flow, EndReason reason, Timestamp now) = 0;
  // The revision that new flows are attached under; 0: none yet.
  virtual uint64_t current_revision() const = 0;
  // Adds the revisions that flows are attached under, perhaps repeatedly, at
  // most SubscriptionTable::kMaxSubscriptions. REQUIRES: `revisions` has the
  // capacity, since a worker does not allocate.
  virtual void AddAttachedRevisions(std::vector<uint64_t>& revisions) const = 0;

 protected:
  ~WorkerFlows() = default;
};

// Work that the control side asks a worker to do between two bursts.
//
// Ownership   The control side's, until done() is true.
class WorkerTask {
 public:
  virtual ~WorkerTask() = default;
  // On the worker; does a bounded piece. True when there is nothing left.
  virtual bool Step(WorkerFlows& flows, Timestamp now) = 0;

  // Written by the worker after the last Step().
  bool done() const { return done_.load(std::memory_order_acquire); }
  void MarkDone() { done_.store(true, std::memory_order_release); }

 private:
  std::atomic<bool> done_{false};
};

struct WorkerLink {
  static constexpr size_t kTasks = 64;

  // Written by control; null before the first publication.
  std::atomic<const WorkerSnapshot*> wanted{nullptr};
  // Written by control, read by the worker.
  SpscRing<WorkerTask*> tasks{kTasks};

  // Written by the worker: the revision it runs, and the oldest one that one of
  // its flows still refers to.
  std::atomic<uint64_t> running_revision{0};
  std::atomic<uint64_t> oldest_revision{0};
};

}  // namespace mosaic
