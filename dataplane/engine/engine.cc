#include "dataplane/engine/engine.h"

#include <utility>

#include "dataplane/base/check.h"

namespace mosaic {
namespace {

// Which workers have a source.
std::vector<size_t> WorkersWith(const std::vector<PacketSource*>& sources) {
  std::vector<size_t> workers;
  for (size_t i = 0; i < sources.size(); ++i) {
    if (sources[i] != nullptr) workers.push_back(i);
  }
  return workers;
}

}  // namespace

Engine::Engine(const EngineConfig& config, NfFactory factory,
               std::vector<PacketSource*> sources)
    : config_(config),
      factory_(std::move(factory)),
      hash_(config.seed),
      handoff_(config.workers, WorkersWith(sources)),
      current_(EmptyConfiguration(config.workers)) {
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

// Before the first configuration, and what to go back to from it.
Engine::ConfigurationPointer Engine::EmptyConfiguration(size_t workers) {
  auto empty = std::make_shared<Configuration>();
  empty->snapshot = std::make_shared<const Snapshot>();
  empty->slots.resize(workers);
  empty->counters.resize(workers);
  return empty;
}

Engine::ConfigurationPointer Engine::Current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

absl::StatusOr<std::vector<std::shared_ptr<NfSlot>>> Engine::SlotsFor(
    const Snapshot& snapshot, size_t number) const {
  const std::vector<NfInstance>& before = current_->snapshot->nf_instances;
  std::vector<std::shared_ptr<NfSlot>> slots;
  for (const NfInstance& instance : snapshot.nf_instances) {
    std::shared_ptr<NfSlot> slot;
    for (size_t i = 0; i < before.size(); ++i) {
      if (before[i].name == instance.name && before[i].type == instance.type &&
          before[i].failure_policy == instance.failure_policy) {
        slot = current_->slots[number][i];
      }
    }
    if (slot == nullptr) {
      absl::StatusOr<std::unique_ptr<NetworkFunction>> made =
          factory_(instance, number);
      if (!made.ok()) return made.status();
      slot = std::make_shared<NfSlot>(instance.name, *std::move(made),
                                      instance.failure_policy,
                                      config_.worker.pipeline.limits.flows);
    }
    slots.push_back(std::move(slot));
  }
  return slots;
}

std::vector<std::shared_ptr<MonitorCounters>> Engine::CountersFor(
    const Snapshot& snapshot, size_t number) const {
  const std::vector<Monitor>& before = current_->snapshot->monitors;
  std::vector<std::shared_ptr<MonitorCounters>> counters;
  for (const Monitor& monitor : snapshot.monitors) {
    std::shared_ptr<MonitorCounters> found;
    for (size_t i = 0; i < before.size(); ++i) {
      if (before[i].name == monitor.name) {
        found = current_->counters[number][i];
      }
    }
    counters.push_back(found != nullptr ? std::move(found)
                                        : std::make_shared<MonitorCounters>());
  }
  return counters;
}

absl::StatusOr<Engine::Configuration> Engine::Prepare(
    std::shared_ptr<const Snapshot> snapshot) const {
  if (absl::Status bounds = CheckBounds(*snapshot); !bounds.ok()) return bounds;
  Configuration next;
  for (size_t worker = 0; worker < workers_.size(); ++worker) {
    absl::StatusOr<std::vector<std::shared_ptr<NfSlot>>> slots =
        SlotsFor(*snapshot, worker);
    if (!slots.ok()) return slots.status();
    next.slots.push_back(*std::move(slots));
    next.counters.push_back(CountersFor(*snapshot, worker));
  }
  next.reevaluate_before = current_->reevaluate_before;
  next.undone = current_->undone;
  next.snapshot = std::move(snapshot);
  return next;
}

void Engine::Publish(Configuration next) {
  // Nobody refers any more to what was rolled back before the oldest revision.
  if (publisher_->retained_revisions() > 0) {
    const uint64_t oldest = publisher_->oldest_retained();
    std::erase_if(next.undone, [&](uint64_t r) { return r < oldest; });
  }
  std::vector<std::unique_ptr<WorkerSnapshot>> prepared;
  for (size_t worker = 0; worker < workers_.size(); ++worker) {
    auto ready = std::make_unique<WorkerSnapshot>();
    ready->snapshot = next.snapshot;
    ready->owned_slots = next.slots[worker];
    for (const auto& slot : ready->owned_slots) {
      ready->slots.push_back(slot.get());
    }
    ready->owned_counters = next.counters[worker];
    for (const auto& counters : ready->owned_counters) {
      ready->counters.push_back(counters.get());
    }
    ready->reevaluate_before = next.reevaluate_before;
    ready->undone = next.undone;
    prepared.push_back(std::move(ready));
  }
  publisher_->Publish(std::move(prepared));
  auto shared = std::make_shared<const Configuration>(std::move(next));
  const std::lock_guard lock(mutex_);
  previous_ = std::exchange(current_, std::move(shared));
}

absl::Status Engine::Apply(std::shared_ptr<const Snapshot> snapshot,
                           LiveFlows live_flows) {
  const uint64_t revision = snapshot->revision;
  absl::StatusOr<Configuration> next = Prepare(std::move(snapshot));
  if (!next.ok()) return next.status();
  if (live_flows == LiveFlows::kReevaluate) {
    next->reevaluate_before = revision;
    next->undone.clear();
  }
  Publish(*std::move(next));
  return absl::OkStatus();
}

absl::Status Engine::Check(const Snapshot& snapshot) const {
  return Prepare(std::make_shared<const Snapshot>(snapshot)).status();
}

void Engine::RollBack(uint64_t revision) {
  MOSAIC_CHECK(previous_ != nullptr);
  Configuration next = *previous_;
  auto snapshot = std::make_shared<Snapshot>(*previous_->snapshot);
  snapshot->revision = revision;
  next.snapshot = std::move(snapshot);
  next.undone.push_back(current_->snapshot->revision);
  Publish(std::move(next));
  const std::lock_guard lock(mutex_);
  previous_ = nullptr;
}

std::vector<Engine::CountedMonitor> Engine::Monitors(size_t number) const {
  const ConfigurationPointer current = Current();
  std::vector<CountedMonitor> monitors;
  for (size_t i = 0; i < current->counters[number].size(); ++i) {
    monitors.push_back(
        {current->snapshot->monitors[i].name, current->counters[number][i]});
  }
  return monitors;
}

std::vector<std::shared_ptr<const NfSlot>> Engine::NfSlots(
    size_t number) const {
  const ConfigurationPointer current = Current();
  const std::vector<std::shared_ptr<NfSlot>>& slots = current->slots[number];
  return {slots.begin(), slots.end()};
}

}  // namespace mosaic
