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
      slots_(config.workers) {
  MOSAIC_CHECK(config.workers > 0 && config.workers <= kMaxWorkers);
  sources.resize(config.workers, nullptr);
  std::vector<WorkerLink*> links;
  for (size_t i = 0; i < config.workers; ++i) {
    workers_.push_back(std::make_unique<Worker>(
        i, config.worker, hash_, handoff_, sources[i],
        i < config.sinks.size() ? config.sinks[i] : std::vector<PacketSink*>(),
        state_));
    links.push_back(&workers_.back()->link());
  }
  publisher_ = std::make_unique<SnapshotPublisher>(std::move(links));
}

Engine::~Engine() = default;

absl::Status Engine::Apply(std::shared_ptr<const Snapshot> snapshot,
                           LiveFlows live_flows) {
  if (absl::Status bounds = CheckBounds(*snapshot); !bounds.ok()) return bounds;
  std::vector<std::unique_ptr<WorkerSnapshot>> prepared;
  std::vector<std::vector<std::shared_ptr<NfSlot>>> next_slots(workers_.size());
  for (size_t worker = 0; worker < workers_.size(); ++worker) {
    auto ready = std::make_unique<WorkerSnapshot>();
    ready->snapshot = snapshot;
    for (const NfInstance& instance : snapshot->nf_instances) {
      std::shared_ptr<NfSlot> slot;
      if (snapshot_ != nullptr) {
        for (size_t i = 0; i < snapshot_->nf_instances.size(); ++i) {
          const NfInstance& old = snapshot_->nf_instances[i];
          if (old.name == instance.name && old.type == instance.type &&
              old.failure_policy == instance.failure_policy) {
            slot = slots_[worker][i];
          }
        }
      }
      if (slot == nullptr) {
        absl::StatusOr<std::unique_ptr<NetworkFunction>> made =
            factory_(instance, worker);
        if (!made.ok()) return made.status();
        slot = std::make_shared<NfSlot>(instance.name, *std::move(made),
                                        instance.failure_policy,
                                        config_.worker.pipeline.limits.flows);
      }
      ready->slots.push_back(slot.get());
      ready->owned_slots.push_back(slot);
      next_slots[worker].push_back(std::move(slot));
    }
    if (live_flows == LiveFlows::kReevaluate) {
      ready->reevaluate_before = snapshot->revision;
    }
    prepared.push_back(std::move(ready));
  }
  {
    const std::lock_guard lock(applied_mutex_);
    slots_ = std::move(next_slots);
    snapshot_ = std::move(snapshot);
  }
  publisher_->Publish(std::move(prepared));
  return absl::OkStatus();
}

std::vector<std::shared_ptr<const NfSlot>> Engine::NfSlots(
    size_t number) const {
  const std::lock_guard lock(applied_mutex_);
  return {slots_[number].begin(), slots_[number].end()};
}

}  // namespace mosaic
