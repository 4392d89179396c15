#include "control/core/drain_control.h"

#include "absl/strings/str_cat.h"
#include "control/core/wall_time.h"

namespace mosaic {

DrainControl::DrainControl(Engine& engine, WorkerTasks& tasks, Clock& clock)
    : engine_(engine), tasks_(tasks), clock_(clock) {}

MaybeError DrainControl::Start(const v1::DrainRequest& request) {
  absl::Duration timeout = kDefaultTimeout;
  if (request.has_timeout()) {
    timeout = FromProto(request.timeout());
    if (timeout < absl::ZeroDuration() || timeout > kMaxTimeout) {
      return InvalidField("timeout", absl::StrCat(absl::FormatDuration(timeout),
                                                  " is not in [0s, 24h]"));
    }
  }
  return Start(timeout, request.end_remaining_flows() ? Remaining::kEnd
                                                      : Remaining::kStay);
}

MaybeError DrainControl::Start(absl::Duration timeout, Remaining remaining) {
  const std::lock_guard lock(mutex_);
  if (phase_ != Phase::kOff) {
    Error error{absl::StatusCode::kFailedPrecondition,
                error_reason::kAlreadyDraining,
                "the daemon is draining already; undrain it first"};
    error.preconditions.push_back(
        {error_reason::kAlreadyDraining, "daemon", error.message});
    return error;
  }
  engine_.SetNewFlows(NewFlows::kPass);
  phase_ = Phase::kWaiting;
  remaining_ = remaining;
  deadline_ = clock_.Monotonic() + timeout;
  timed_out_ = false;
  ending_.clear();
  return std::nullopt;
}

uint64_t DrainControl::TrackedFlows() const {
  uint64_t flows = 0;
  for (size_t i = 0; i < engine_.worker_count(); ++i) {
    flows += engine_.worker(i).pipeline().tracker().table().size();
  }
  return flows;
}

// A worker gets another task only when it is done with the one before, so one
// that is silent is given one at most.
void DrainControl::EndRemaining() {
  ending_.resize(engine_.worker_count());
  for (size_t i = 0; i < ending_.size(); ++i) {
    if (ending_[i] != nullptr && !ending_[i]->done()) continue;
    ending_[i] = nullptr;
    if (engine_.worker(i).pipeline().tracker().table().size() == 0) continue;
    auto task = std::make_shared<FlowEnding>(EndReason::kDrained);
    if (tasks_.Post(i, task)) ending_[i] = std::move(task);
  }
}

DrainControl::Progress DrainControl::Advance() {
  const std::lock_guard lock(mutex_);
  Progress progress;
  progress.flows_remaining = TrackedFlows();
  if (phase_ == Phase::kOff) return progress;
  if (phase_ != Phase::kDone && progress.flows_remaining == 0) {
    phase_ = Phase::kDone;
  }
  if (phase_ == Phase::kWaiting && clock_.Monotonic() >= deadline_) {
    timed_out_ = true;
    phase_ = remaining_ == Remaining::kEnd ? Phase::kEnding : Phase::kDone;
  }
  if (phase_ == Phase::kEnding) {
    EndRemaining();
    if (clock_.Monotonic() >= deadline_ + kEndingTime) phase_ = Phase::kDone;
  }
  progress.done = phase_ == Phase::kDone;
  progress.timed_out = timed_out_;
  return progress;
}

void DrainControl::Undrain() {
  const std::lock_guard lock(mutex_);
  engine_.SetNewFlows(NewFlows::kTrack);
  phase_ = Phase::kOff;
  for (const auto& task : ending_) {
    if (task != nullptr) task->Cancel();
  }
  ending_.clear();
}

bool DrainControl::draining() const {
  const std::lock_guard lock(mutex_);
  return phase_ != Phase::kOff;
}

}  // namespace mosaic
