#include "dataplane/engine/engine.h"

#include <utility>

#include "dataplane/base/check.h"

namespace mosaic {

Engine::Engine(const EngineConfig& config, NfFactory factory,
               std::vector<PacketSource*> sources)
    : config_(config),
      factory_(std::move(factory)),
      hash_(config.seed),
      handoff_(config.workers),
      slots_(config.workers),
      counters_(config.workers) {
  MOSAIC_CHECK(config.workers > 0 && config.workers <= kMaxWorkers);
  sources.resize(config.workers, nullptr);
  std::vector<WorkerLink*> links;
  for (size_t i = 0; i < config.workers; ++i) {
    workers_.push_back(std::make_unique<Worker>(
        i, config.worker, hash_, handoff_, sources[i],
        i < config.sinks.size() ? config.sinks[i] : std::vector<PacketSink*>(),
        state_));
    links.push_back(&workers_.back()->link());
    if (i < config.observers.size()) {
      workers_.back()->pipeline().tracker().dispatcher().SetObserver(
          *config.observers[i]);
    }
  }
  publisher_ = std::make_unique<SnapshotPublisher>(std::move(links));
}

Engine::~Engine() = default;

std::vector<std::shared_ptr<NfSlot>> Engine::KeptSlots(const Snapshot& snapshot,
                                                       size_t number) const {
  std::vector<std::shared_ptr<NfSlot>> kept(snapshot.nf_instances.size());
  if (snapshot_ == nullptr) return kept;
  for (size_t to = 0; to < kept.size(); ++to) {
    const NfInstance& instance = snapshot.nf_instances[to];
    for (size_t i = 0; i < snapshot_->nf_instances.size(); ++i) {
      const NfInstance& old = snapshot_->nf_instances[i];
      if (old.name == instance.name && old.type == instance.type &&
          old.failure_policy == instance.failure_policy) {
        kept[to] = slots_[number][i];
      }
    }
  }
  return kept;
}

std::vector<std::shared_ptr<MonitorCounters>> Engine::CountersFor(
    const Snapshot& snapshot, size_t number) const {
  std::vector<std::shared_ptr<MonitorCounters>> counters;
  for (const Monitor& monitor : snapshot.monitors) {
    std::shared_ptr<MonitorCounters> found;
    for (size_t i = 0; i < counters_[number].size(); ++i) {
      if (snapshot_->monitors[i].name == monitor.name) {
        found = counters_[number][i];
      }
    }
    counters.push_back(found != nullptr ? std::move(found)
                                        : std::make_shared<MonitorCounters>());
  }
  return counters;
}

absl::Status Engine::Apply(std::shared_ptr<const Snapshot> snapshot,
                           LiveFlows live_flows) {
  if (absl::Status bounds = CheckBounds(*snapshot); !bounds.ok()) return bounds;
  std::vector<std::unique_ptr<WorkerSnapshot>> prepared;
  for (size_t worker = 0; worker < workers_.size(); ++worker) {
    auto ready = std::make_unique<WorkerSnapshot>();
    ready->snapshot = snapshot;
    ready->owned_slots = KeptSlots(*snapshot, worker);
    for (size_t i = 0; i < ready->owned_slots.size(); ++i) {
      std::shared_ptr<NfSlot>& slot = ready->owned_slots[i];
      if (slot == nullptr) {
        const NfInstance& instance = snapshot->nf_instances[i];
        absl::StatusOr<std::unique_ptr<NetworkFunction>> made =
            factory_(instance, worker);
        if (!made.ok()) return made.status();
        slot = std::make_shared<NfSlot>(instance.name, *std::move(made),
                                        instance.failure_policy,
                                        config_.worker.pipeline.limits.flows);
      }
      ready->slots.push_back(slot.get());
    }
    ready->owned_counters = CountersFor(*snapshot, worker);
    for (const auto& counters : ready->owned_counters) {
      ready->counters.push_back(counters.get());
    }
    if (live_flows == LiveFlows::kReevaluate) {
      ready->reevaluate_before = snapshot->revision;
    }
    prepared.push_back(std::move(ready));
  }
  {
    const std::lock_guard lock(applied_mutex_);
    for (size_t worker = 0; worker < workers_.size(); ++worker) {
      slots_[worker] = prepared[worker]->owned_slots;
      counters_[worker] = prepared[worker]->owned_counters;
    }
    snapshot_ = std::move(snapshot);
  }
  publisher_->Publish(std::move(prepared));
  return absl::OkStatus();
}

std::vector<Engine::CountedMonitor> Engine::Monitors(size_t number) const {
  const std::lock_guard lock(applied_mutex_);
  std::vector<CountedMonitor> monitors;
  for (size_t i = 0; i < counters_[number].size(); ++i) {
    monitors.push_back({snapshot_->monitors[i].name, counters_[number][i]});
  }
  return monitors;
}

std::vector<std::shared_ptr<const NfSlot>> Engine::NfSlots(
    size_t number) const {
  const std::lock_guard lock(applied_mutex_);
  return {slots_[number].begin(), slots_[number].end()};
}

}  // namespace mosaic
