// Engine is the dataplane as a whole: the workers, what they share, and the
// configuration they run.
//
// Ownership   Owns the workers, the rings between them and every snapshot;
//             borrows the packet sources.
// Threading   Made and configured by one control thread at a time. Workers run
//             where the caller runs them: one call of RunWorker() on a thread
//             of its own for each.

#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
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
  enum class LiveFlows : uint8_t {
    kKeep,        // They stay as they are, but for those told otherwise before.
    kReevaluate,  // They are attached anew at their next packet.
  };
  absl::Status Apply(std::shared_ptr<const Snapshot> snapshot,
                     LiveFlows live_flows);
  // Fails as Apply() would, and changes nothing. Makes each new function, and
  // destroys it again.
  absl::Status Check(const Snapshot& snapshot) const;
  bool AllRunning() const { return publisher_->AllRunning(); }
  // Workers that do not run the revision last published.
  std::vector<size_t> Lagging() const { return publisher_->Lagging(); }

  // Gives every worker what it was given before the last Apply(), as
  // `revision`: nothing to do, if there was nothing. Flows attached under the
  // one undone are attached anew. REQUIRES: Apply() succeeded and was not
  // undone since; `revision` is above every earlier one.
  void RollBack(uint64_t revision);

  // Frees configurations that nobody refers to any more; `by_worker`, where
  // given, finds more of them.
  void Reclaim() { publisher_->Reclaim(); }
  void Reclaim(std::span<const SnapshotPublisher::InUse> by_worker) {
    publisher_->Reclaim(by_worker);
  }
  size_t retained_revisions() const { return publisher_->retained_revisions(); }
  // REQUIRES: Apply() succeeded once.
  uint64_t oldest_retained_revision() const {
    return publisher_->oldest_retained();
  }

  // Whether packets that would begin a flow do. Any thread.
  void SetNewFlows(NewFlows new_flows) {
    state_.pass_new_flows.store(new_flows == NewFlows::kPass,
                                std::memory_order_relaxed);
  }

  // Blocks until the sources have ended or Stop() is called. Each worker once,
  // all at the same time, on threads of their own.
  void RunWorker(size_t number) { workers_[number]->Run(); }
  void Stop() { state_.stop.store(true, std::memory_order_relaxed); }

  size_t worker_count() const { return workers_.size(); }
  // The worker that tracks the flow of `key`. Any thread.
  size_t WorkerOf(const FlowKey& key) const {
    return handoff_.OwnerOf(hash_.Of(key));
  }
  Worker& worker(size_t number) { return *workers_[number]; }
  const Worker& worker(size_t number) const { return *workers_[number]; }

  // The functions of worker `number` under the configuration last applied.
  // What the control side may read of them may be read from anywhere, for as
  // long as they are held. Any thread.
  std::vector<std::shared_ptr<const NfSlot>> NfSlots(size_t number) const;

  // What worker `number` counts for the monitors of the configuration last
  // applied. The counters may be read from anywhere, for as long as they are
  // held. Any thread.
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

  // A configuration with what the workers have of their own for it.
  struct Configuration {
    std::shared_ptr<const Snapshot> snapshot;
    std::vector<std::vector<std::shared_ptr<NfSlot>>> slots;  // By worker.
    std::vector<std::vector<std::shared_ptr<MonitorCounters>>> counters;
    uint64_t reevaluate_before = 0;
    std::vector<uint64_t> undone;
  };
  using ConfigurationPointer = std::shared_ptr<const Configuration>;

  static ConfigurationPointer EmptyConfiguration(size_t workers);
  ConfigurationPointer Current() const;
  // `snapshot` with what goes on of the current configuration, and the rest
  // made.
  absl::StatusOr<Configuration> Prepare(
      std::shared_ptr<const Snapshot> snapshot) const;
  absl::StatusOr<std::vector<std::shared_ptr<NfSlot>>> SlotsFor(
      const Snapshot& snapshot, size_t number) const;
  std::vector<std::shared_ptr<MonitorCounters>> CountersFor(
      const Snapshot& snapshot, size_t number) const;
  void Publish(Configuration next);

  // Applied last, and before that. Only the control thread changes them, and
  // holds the mutex to do so; others hold it to read.
  mutable std::mutex mutex_;
  ConfigurationPointer current_;
  ConfigurationPointer previous_;
};

}  // namespace mosaic
