#include "control/core/applier.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "control/core/worker_names.h"
#include "dataplane/command/revision_census.h"
#include "google/protobuf/util/message_differencer.h"

namespace mosaic {
namespace {

// Between two looks at whether the workers have it: about a round of a busy
// worker at first.
constexpr absl::Duration kFirstNap = absl::Microseconds(20);
constexpr absl::Duration kLongestNap = absl::Milliseconds(1);

// What a census may take; without it nothing is lost but memory for a while.
constexpr absl::Duration kCensusDeadline = absl::Milliseconds(100);

// Records a phase when it ends, whichever way.
class PhaseTimer {
 public:
  PhaseTimer(ApplyPhase phase, Clock& clock, ApplyMetrics& metrics)
      : phase_(phase),
        clock_(clock),
        metrics_(metrics),
        begin_(clock.Monotonic()) {}
  ~PhaseTimer() {
    metrics_.Record(phase_, absl::ToChronoNanoseconds(Elapsed()));
  }
  PhaseTimer(const PhaseTimer&) = delete;
  PhaseTimer& operator=(const PhaseTimer&) = delete;

  absl::Duration Elapsed() const { return clock_.Monotonic() - begin_; }

 private:
  const ApplyPhase phase_;
  Clock& clock_;
  ApplyMetrics& metrics_;
  const absl::Duration begin_;
};

Error SilentWorkers(const std::vector<size_t>& silent, absl::Duration deadline,
                    absl::string_view consequence) {
  Error error{absl::StatusCode::kDeadlineExceeded, error_reason::kWorkerSilent,
              absl::StrCat(WorkerNames(silent), " did not answer within ",
                           absl::FormatDuration(deadline), "; ", consequence)};
  error.retry_after = deadline;
  return error;
}

Error NfNotMade(const absl::Status& status) {
  Error error{absl::StatusCode::kFailedPrecondition, error_reason::kNfNotMade,
              std::string(status.message())};
  error.preconditions.push_back(
      {error_reason::kNfNotMade, "nfInstances", error.message});
  return error;
}

// Where an instance of `config` is in `before`, unchanged; null if nowhere.
const v1::NfInstance* Unchanged(const v1::NfInstance& instance,
                                const v1::Config& before) {
  using google::protobuf::util::MessageDifferencer;
  const auto found =
      std::ranges::find(before.nf_instances(), instance.name(),
                        [](const auto& nf) { return nf.name(); });
  return found != before.nf_instances().end() &&
                 MessageDifferencer::Equals(*found, instance)
             ? &*found
             : nullptr;
}

}  // namespace

Applier::Applier(Engine& engine, WorkerTasks& tasks, FilterCache& filters,
                 MonitorDirectory& monitors, Clock& clock,
                 ApplyMetrics& metrics, Options options)
    : engine_(engine),
      tasks_(tasks),
      filters_(filters),
      monitors_(monitors),
      clock_(clock),
      metrics_(metrics),
      options_(std::move(options)) {}

Result<Applier::SnapshotPointer> Applier::Compile(const v1::Config& config) {
  const PhaseTimer timer(ApplyPhase::kCompile, clock_, metrics_);
  absl::StatusOr<SnapshotPointer> built =
      BuildSnapshot(config, last_published_ + 1, options_.defaults, filters_);
  absl::Status status = built.status();
  if (status.ok()) status = CheckBounds(**built);
  if (!status.ok()) {
    return Error{status.code(), error_reason::kInvalidField,
                 std::string(status.message())};
  }
  // A worker configures a function when the pointer differs.
  auto snapshot = std::make_shared<Snapshot>(**built);
  for (int i = 0; i < config.nf_instances_size(); ++i) {
    NfInstance& made = snapshot->nf_instances[static_cast<size_t>(i)];
    if (snapshot_ == nullptr ||
        Unchanged(config.nf_instances(i), config_) == nullptr) {
      continue;
    }
    const auto old = std::ranges::find(snapshot_->nf_instances, made.name,
                                       &NfInstance::name);
    if (old != snapshot_->nf_instances.end()) made.config = old->config;
  }
  return SnapshotPointer(std::move(snapshot));
}

MaybeError Applier::MakeRoom() {
  Reclaim();
  if (engine_.retained_revisions() < options_.max_retained_revisions) {
    return std::nullopt;
  }
  Error error{
      absl::StatusCode::kResourceExhausted, error_reason::kRevisionsRetained,
      absl::StrCat("flows are attached under ", engine_.retained_revisions(),
                   " earlier configurations, and no more than ",
                   options_.max_retained_revisions,
                   " are kept; wait for some to end, and apply with live_flows "
                   "REEVALUATE before it comes to this")};
  error.quotas.push_back({"retained_revisions", error.message});
  return error;
}

void Applier::Reclaim() {
  engine_.Reclaim();
  if (engine_.retained_revisions() >= options_.census_revisions) {
    std::vector<std::shared_ptr<WorkerTask>> census;
    for (size_t i = 0; i < engine_.worker_count(); ++i) {
      census.push_back(std::make_shared<RevisionCensus>());
      if (!tasks_.Post(i, census.back())) return;
    }
    const absl::Duration deadline = clock_.Monotonic() + kCensusDeadline;
    if (!tasks_.Wait(census, deadline).empty()) return;
    std::vector<SnapshotPublisher::InUse> in_use;
    for (const auto& task : census) {
      in_use.push_back(static_cast<const RevisionCensus&>(*task).in_use());
    }
    engine_.Reclaim(in_use);
  }
  retained_.store(engine_.retained_revisions());
  if (retained_.load() > 0) {
    monitors_.ForgetBefore(engine_.oldest_retained_revision());
  }
}

uint64_t Applier::TrackedFlows() const {
  uint64_t flows = 0;
  for (size_t i = 0; i < engine_.worker_count(); ++i) {
    flows += engine_.worker(i).pipeline().tracker().table().size();
  }
  return flows;
}

std::vector<size_t> Applier::WaitForWorkers(std::vector<size_t> silent) {
  const absl::Duration deadline = clock_.Monotonic() + options_.deadline;
  absl::Duration nap = kFirstNap;
  while (true) {
    const bool is_late = clock_.Monotonic() >= deadline;
    std::vector<size_t> lagging = engine_.Lagging();
    std::erase_if(lagging, [&](size_t worker) {
      return std::ranges::count(silent, worker) > 0;
    });
    if (lagging.empty() || is_late) return lagging;
    clock_.Sleep(nap);
    nap = std::min(2 * nap, kLongestNap);
  }
}

Error Applier::RollBack(const std::vector<size_t>& silent) {
  Snapshot before = snapshot_ == nullptr ? Snapshot() : *snapshot_;
  before.revision = ++last_published_;
  monitors_.Add(before);
  engine_.RollBack(last_published_);
  revision_.store(last_published_);
  static_cast<void>(WaitForWorkers(silent));
  Reclaim();
  return SilentWorkers(silent, options_.deadline,
                       "every worker runs, or goes back to, what it ran "
                       "before");
}

MaybeError Applier::Publish(SnapshotPointer snapshot,
                            Engine::LiveFlows live_flows) {
  const PhaseTimer timer(ApplyPhase::kPublish, clock_, metrics_);
  monitors_.Add(*snapshot);
  const absl::Status status = engine_.Apply(std::move(snapshot), live_flows);
  if (!status.ok()) return NfNotMade(status);
  ++last_published_;
  return std::nullopt;
}

Result<Applied> Applier::Check(const v1::Config& config,
                               Engine::LiveFlows live_flows) {
  if (auto error = MakeRoom()) return *error;
  const Result<SnapshotPointer> snapshot = Compile(config);
  if (!snapshot.ok()) return snapshot.error();
  const absl::Status made = engine_.Check(*snapshot.value());
  if (!made.ok()) return NfNotMade(made);
  Applied applied;
  applied.revision = revision();
  applied.workers = workers();
  if (live_flows == Engine::LiveFlows::kReevaluate) {
    applied.live_flows = TrackedFlows();
  }
  return applied;
}

Result<Applied> Applier::Apply(const v1::Config& config,
                               Engine::LiveFlows live_flows) {
  if (auto error = MakeRoom()) return *error;
  const Result<SnapshotPointer> snapshot = Compile(config);
  if (!snapshot.ok()) return snapshot.error();
  // A worker that did not take up the last one would not take up this one.
  if (const auto silent = WaitForWorkers({}); !silent.empty()) {
    return SilentWorkers(silent, options_.deadline, "nothing was changed");
  }
  if (options_.before_apply) {
    const absl::Status ready = options_.before_apply(config);
    if (!ready.ok()) return NfNotMade(ready);
  }
  if (auto error = Publish(snapshot.value(), live_flows)) return *error;

  Applied applied;
  {
    const PhaseTimer timer(ApplyPhase::kQuiesce, clock_, metrics_);
    if (const auto silent = WaitForWorkers({}); !silent.empty()) {
      return RollBack(silent);
    }
    applied.quiesce = timer.Elapsed();
  }
  applied.revision = last_published_;
  applied.workers = workers();
  applied.time = clock_.Now();
  if (live_flows == Engine::LiveFlows::kReevaluate) {
    applied.live_flows = TrackedFlows();
  }
  snapshot_ = snapshot.value();
  config_ = config;
  revision_.store(applied.revision);
  Reclaim();
  metrics_.Count(ApplyOutcome::kOk);
  metrics_.revision.Set(applied.revision);
  metrics_.last_apply_unix_nanos.Set(
      static_cast<uint64_t>(absl::ToUnixNanos(applied.time)));
  return applied;
}

}  // namespace mosaic
