// EventSubscriber is the hub's end of one subscription: the filter, and the
// bounded queue between the hub's thread and the reader.
//
// Loss        A record that finds the queue full is lost. How many were is kept
//             beside the next record that finds room, so that the reader is
//             told in the right place.
// Threading   Take(), Start() and Beat() on the hub's thread; Next() on one
//             other at a time; Close() and counts() on any.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "control/core/event_filter.h"
#include "control/core/observation.h"
#include "control/core/observer_metrics.h"

namespace mosaic {

// What became of the records that a subscription has met.
struct SubscriptionCounts {
  uint64_t delivered = 0;  // Given out by Next().
  uint64_t queued = 0;
  uint64_t filtered = 0;
  uint64_t sampled_out = 0;
  uint64_t lost_core_ring = 0;
  uint64_t lost_queue = 0;
};

class EventSubscriber {
 public:
  using Clock = std::chrono::steady_clock;

  // One step of a round of the hub: a record, or a loss.
  struct Step {
    const EventRecord* record = nullptr;  // Null: `lost` of `core` are missing.
    const std::shared_ptr<const MonitorNames>* names = nullptr;
    uint32_t core = 0;
    uint64_t lost = 0;
  };

  EventSubscriber(EventSelection selection, size_t queue_events,
                  std::chrono::milliseconds heartbeat,
                  std::function<void()> wake, ObserverMetrics& metrics);

  EventMask wanted() const { return matcher_.wanted(); }

  // Queues the beginning.
  void Start(Clock::time_point now);
  // Queues what the subscriber wants of a round.
  void Take(std::span<const Step> round, Clock::time_point now);
  // Queues a heartbeat if it is time.
  void Beat(Clock::time_point now);

  [[nodiscard]] bool Next(Observation& observation);

  // When it returns, no wake callback runs or will run.
  void Close();

  SubscriptionCounts counts() const;

 private:
  struct Slot {
    ObservedEvent event;
    uint64_t lost_core_before = 0;  // Of the record's core.
    uint64_t lost_queue_before = 0;
  };

  void Push(const Step& step);  // REQUIRES: mutex_ is held, as below.
  void PopInto(Observation& observation);
  bool TakePendingLoss(Observation& observation);
  void Wake();  // REQUIRES: mutex_ is not held.

  // The hub's thread.
  EventMatcher matcher_;
  std::vector<const Step*> told_;
  Clock::time_point last_activity_;

  const size_t queue_events_;
  const std::chrono::milliseconds heartbeat_;
  ObserverMetrics& metrics_;

  std::mutex wake_mutex_;  // Held while the callback runs.
  std::function<void()> wake_;

  mutable std::mutex mutex_;  // All below.
  std::deque<Slot> queue_;
  // Losses behind the last queued record, by core, and of the queue.
  std::map<uint32_t, uint64_t> pending_core_;
  uint64_t pending_queue_ = 0;
  bool start_due_ = false;
  bool heartbeat_due_ = false;
  bool reader_waits_ = true;  // Next() found nothing.
  uint64_t next_sequence_ = 1;
  SubscriptionCounts counts_;
};

}  // namespace mosaic
