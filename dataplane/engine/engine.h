// Engine is the dataplane as a whole: the workers, what they share, and the
// configuration they run.
//
// Ownership   Owns the workers, the rings between them and every snapshot;
//             borrows the packet sources.
// Threading   Made, configured and asked by one control thread, but for what
//             says that any thread may. Workers run where the caller runs them:
//             one call of RunWorker() on a thread of its own for each.

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "dataplane/command/snapshot_publisher.h"
#include "dataplane/engine/worker.h"
#include "dataplane/flow/flow_hash.h"

namespace mosaic {

struct EngineConfig {
  size_t workers = 1;
  WorkerConfig worker;
  FlowHash::Seed seed = {};  // FlowHash::RandomSeed() but in benches.
  // By worker, Transmitter's sinks; none for workers that only receive.
  std::vector<std::vector<PacketSink*>> sinks;
  // By worker, who hears its events; outlive the engine. May be empty.
  std::vector<EventObserver*> observers;
};

// Makes the network function of `instance` for worker `worker`. Runs on the
// control thread. An error refuses the whole configuration.
using NfFactory =
    std::function<absl::StatusOr<std::unique_ptr<NetworkFunction>>(
        const NfInstance& instance, size_t worker)>;

class Engine {
 public:
  static constexpr size_t kMaxWorkers = 64;

  // `sources[i]` is what worker i polls; null, or missing, for none.
  // REQUIRES: 0 < config.workers <= kMaxWorkers.
  Engine(const EngineConfig& config, NfFactory factory,
         std::vector<PacketSource*> sources);
  ~Engine();

  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Gives every worker `snapshot`, whose revision must be above every earlier
  // one. Returns at once; AllRunning() tells when they have it. An error
  // changes nothing. What flows do that are attached under an earlier revision:
  enum class LiveFlows : uint8_t { kKeep, kReevaluate };
  absl::Status Apply(std::shared_ptr<const Snapshot> snapshot,
                     LiveFlows live_flows);
  bool AllRunning() const { return publisher_->AllRunning(); }

  // Frees configurations that nobody refers to any more.
  void Reclaim() { publisher_->Reclaim(); }

  // Blocks until the sources have ended or Stop() is called. Each worker once,
  // all at the same time, on threads of their own.
  void RunWorker(size_t number) { workers_[number]->Run(); }
  void Stop() { state_.stop.store(true, std::memory_order_relaxed); }

  size_t worker_count() const { return workers_.size(); }
  Worker& worker(size_t number) { return *workers_[number]; }
  const Worker& worker(size_t number) const { return *workers_[number]; }

  // The functions of worker `number` under the configuration last applied.
  // From any thread, which reads their counters and nothing else.
  std::vector<std::shared_ptr<const NfSlot>> NfSlots(size_t number) const;

  // What worker `number` counts for the monitors of the configuration last
  // applied. From any thread; the counters may be read for as long as they are
  // held.
  struct CountedMonitor {
    std::string name;  // "monitors/{id}"
    std::shared_ptr<const MonitorCounters> counters;
  };
  std::vector<CountedMonitor> Monitors(size_t number) const;

 private:
  const EngineConfig config_;
  const NfFactory factory_;
  const FlowHash hash_;
  Handoff handoff_;
  RunState state_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<SnapshotPublisher> publisher_;

  // What worker `number` has of the last configuration that goes on in
  // `snapshot`, and null for the rest.
  std::vector<std::shared_ptr<NfSlot>> KeptSlots(const Snapshot& snapshot,
                                                 size_t number) const;
  std::vector<std::shared_ptr<MonitorCounters>> CountersFor(
      const Snapshot& snapshot, size_t number) const;

  // The configuration last applied, to carry functions and counters over to the
  // next one. Written by Apply() under applied_mutex_, read by others under it.
  mutable std::mutex applied_mutex_;
  std::shared_ptr<const Snapshot> snapshot_;
  std::vector<std::vector<std::shared_ptr<NfSlot>>> slots_;  // By worker.
  std::vector<std::vector<std::shared_ptr<MonitorCounters>>> counters_;
};

}  // namespace mosaic
