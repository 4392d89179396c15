#include "control/core/event_subscriber.h"

#include <utility>

namespace mosaic {

EventSubscriber::EventSubscriber(EventSelection selection, size_t queue_events,
                                 std::chrono::milliseconds heartbeat,
                                 std::function<void()> wake,
                                 ObserverMetrics& metrics)
    : matcher_(std::move(selection)),
      queue_events_(queue_events),
      heartbeat_(heartbeat),
      metrics_(metrics),
      wake_(std::move(wake)) {}

void EventSubscriber::Start(Clock::time_point now) {
  last_activity_ = now;
  {
    const std::lock_guard lock(mutex_);
    start_due_ = true;
  }
  Wake();
}

void EventSubscriber::Take(std::span<const Step> round, Clock::time_point now) {
  told_.clear();
  uint64_t filtered = 0;
  uint64_t sampled_out = 0;
  for (const Step& step : round) {
    if (step.record == nullptr) {
      told_.push_back(&step);
      continue;
    }
    switch (matcher_.Judge(*step.record, *step.names)) {
      case EventMatcher::Answer::kTell:
        told_.push_back(&step);
        break;
      case EventMatcher::Answer::kFiltered:
        ++filtered;
        break;
      case EventMatcher::Answer::kSampledOut:
        ++sampled_out;
        break;
    }
  }
  {
    const std::lock_guard lock(mutex_);
    counts_.filtered += filtered;
    counts_.sampled_out += sampled_out;
    for (const Step* step : told_) Push(*step);
  }
  if (sampled_out > 0) metrics_.Count(ObserverResult::kSampledOut, sampled_out);
  if (told_.empty()) return;
  last_activity_ = now;
  Wake();
}

void EventSubscriber::Push(const Step& step) {
  if (step.record == nullptr) {
    pending_core_[step.core] += step.lost;
    counts_.lost_core_ring += step.lost;
    return;
  }
  if (queue_.size() == queue_events_) {
    ++pending_queue_;
    ++counts_.lost_queue;
    metrics_.Count(ObserverResult::kLostSubscriber, 1);
    return;
  }
  Slot& slot = queue_.emplace_back();
  slot.event = {*step.record, *step.names};
  slot.lost_queue_before = std::exchange(pending_queue_, 0);
  if (pending_core_.empty()) return;
  const auto lost = pending_core_.find(step.record->core);
  if (lost == pending_core_.end()) return;
  slot.lost_core_before = lost->second;
  pending_core_.erase(lost);
}

void EventSubscriber::Beat(Clock::time_point now) {
  if (now - last_activity_ < heartbeat_) return;
  last_activity_ = now;
  {
    const std::lock_guard lock(mutex_);
    heartbeat_due_ = true;
  }
  Wake();
}

void EventSubscriber::Wake() {
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(reader_waits_, false)) return;
  }
  const std::lock_guard lock(wake_mutex_);
  if (wake_) wake_();
}

void EventSubscriber::Close() {
  const std::lock_guard lock(wake_mutex_);
  wake_ = nullptr;
}

bool EventSubscriber::TakePendingLoss(Observation& observation) {
  if (!pending_core_.empty()) {
    const auto [core, count] = *pending_core_.begin();
    pending_core_.erase(pending_core_.begin());
    observation.what = LostEvents{LossPoint::kCoreRing, core, count};
    return true;
  }
  if (pending_queue_ == 0) return false;
  observation.what = LostEvents{LossPoint::kSubscriberQueue, 0,
                                std::exchange(pending_queue_, 0)};
  return true;
}

void EventSubscriber::PopInto(Observation& observation) {
  Slot& slot = queue_.front();
  if (slot.lost_core_before > 0) {
    observation.what = LostEvents{LossPoint::kCoreRing, slot.event.record.core,
                                  std::exchange(slot.lost_core_before, 0)};
    return;
  }
  if (slot.lost_queue_before > 0) {
    observation.what = LostEvents{LossPoint::kSubscriberQueue, 0,
                                  std::exchange(slot.lost_queue_before, 0)};
    return;
  }
  observation.what = std::move(slot.event);
  queue_.pop_front();
  ++counts_.delivered;
  metrics_.Count(ObserverResult::kSent, 1);
}

bool EventSubscriber::Next(Observation& observation) {
  const std::lock_guard lock(mutex_);
  if (std::exchange(start_due_, false)) {
    observation.what = ObserverStarted();
  } else if (!queue_.empty()) {
    PopInto(observation);
  } else if (TakePendingLoss(observation)) {
    // Told behind everything that came before it.
  } else if (std::exchange(heartbeat_due_, false)) {
    observation.what = ObserverHeartbeat{
        counts_.delivered, counts_.lost_core_ring + counts_.lost_queue};
  } else {
    reader_waits_ = true;
    return false;
  }
  observation.sequence = next_sequence_++;
  return true;
}

SubscriptionCounts EventSubscriber::counts() const {
  const std::lock_guard lock(mutex_);
  SubscriptionCounts counts = counts_;
  counts.queued = queue_.size();
  return counts;
}

}  // namespace mosaic
