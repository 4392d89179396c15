// EventHub brings the workers' events to subscribers: it drains their taps on
// a thread of its own, merges the records, and puts each into the queues of
// those who want it.
//
//   worker 0 ─ tap ─┐                     ┌─ queue ─ EventSubscription::Next()
//   worker 1 ─ tap ─┼─► merge ─► filter ──┼─ queue ─ EventSubscription::Next()
//   worker 2 ─ tap ─┘                     └─ queue ─ ...
//
// Order       Records of one flow keep their order. Across workers they are
//             merged by packet index as far as they have arrived together.
// Loss        A full tap and a full queue lose records, count them exactly, and
//             tell it in the stream before the next record of that place. For
//             each subscriber, while it is subscribed:
//               produced = delivered + queued + filtered + sampled out
//                          + lost in taps + lost in its queue
// Bounds      kMaxSubscribers, each with a queue of at most kMaxQueue events.
//             A subscriber that never reads loses events and delays nobody.
// Memory      About 170 bytes for each event that waits in a queue, and
//             128 x tap capacity for each worker.
// Threading   Any thread, except as said at Drain().
// Cost        With nobody subscribed the thread sleeps and workers make no
//             records. Else it looks at the taps at most kLongestNap apart.

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "control/core/event_subscriber.h"
#include "control/core/observation.h"
#include "control/core/observer_metrics.h"
#include "dataplane/command/event_tap.h"

namespace mosaic {

struct SubscribeOptions {
  EventSelection selection;
  size_t queue_events = 0;  // 0: EventHub::kDefaultQueue.
  // There is a heartbeat after this long without anything else; 0:
  // EventHub::kDefaultHeartbeat.
  std::chrono::milliseconds heartbeat{0};
};

class EventHub;

// One subscriber's end. Destroying it unsubscribes: when the destructor
// returns, no wake callback runs or will run.
class EventSubscription {
 public:
  // REQUIRES: not called from its own wake callback; the hub still lives.
  ~EventSubscription();

  EventSubscription(const EventSubscription&) = delete;
  EventSubscription& operator=(const EventSubscription&) = delete;

  // The next observation, at once; false when there is none, and then the wake
  // callback is called once as soon as there is. One thread at a time.
  [[nodiscard]] bool Next(Observation& observation) {
    return subscriber_->Next(observation);
  }

  SubscriptionCounts counts() const { return subscriber_->counts(); }

 private:
  friend class EventHub;
  EventSubscription(EventHub& hub, std::shared_ptr<EventSubscriber> subscriber)
      : hub_(hub), subscriber_(std::move(subscriber)) {}

  EventHub& hub_;
  const std::shared_ptr<EventSubscriber> subscriber_;
};

class EventHub {
 public:
  using Clock = EventSubscriber::Clock;

  static constexpr size_t kMaxSubscribers = 16;
  static constexpr size_t kDefaultQueue = 4096;
  static constexpr size_t kMaxQueue = 65536;
  static constexpr std::chrono::seconds kDefaultHeartbeat{10};
  static constexpr std::chrono::milliseconds kShortestHeartbeat{100};
  static constexpr std::chrono::hours kLongestHeartbeat{1};
  static constexpr std::chrono::microseconds kShortestNap{500};
  static constexpr std::chrono::microseconds kLongestNap{5000};

  // `directory` outlives the hub. REQUIRES: `tap_capacity` is a power of two.
  EventHub(size_t workers, const MonitorDirectory& directory,
           size_t tap_capacity = EventTap::kDefaultCapacity);
  // Stops. REQUIRES: no subscription is left, and no worker uses a tap any
  // more.
  ~EventHub();

  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  // What worker `number` reports to, for EngineConfig::observers.
  EventTap& tap(size_t number) { return *taps_[number]; }

  // Starts and ends the thread; each at most once. Without the thread somebody
  // calls Drain().
  void Start();
  void Stop();

  // The subscription is live when it tells ObserverStarted. `wake` may be
  // empty; it runs on the hub's thread: it returns at once, may call Next(),
  // neither subscribes nor ends a subscription, and takes no lock under which
  // somebody ends one. Errors: RESOURCE_EXHAUSTED when there are
  // kMaxSubscribers already; INVALID_ARGUMENT, naming the value and the range,
  // for an option.
  absl::StatusOr<std::unique_ptr<EventSubscription>> Subscribe(
      SubscribeOptions options, std::function<void()> wake);

  // One round: takes up who has come and gone, takes what the taps hold, at
  // most kBatch records of each, and fans it out. Returns how many records it
  // took. On one thread; never beside Start().
  size_t Drain(Clock::time_point now);

  size_t subscribers() const;
  const ObserverMetrics& metrics() const { return metrics_; }

 private:
  friend class EventSubscription;
  using Subscribers = std::vector<std::shared_ptr<EventSubscriber>>;

  static constexpr size_t kBatch = 1024;

  // The records of one tap in a round.
  struct Inbox {
    std::vector<EventRecord> records;  // kBatch.
    size_t size = 0;
    size_t next = 0;         // Of those that are not merged yet.
    uint64_t expected = 0;   // Number of the next record if none is lost.
    uint64_t accounted = 0;  // Records below it have come, or are lost.
  };

  void Run();
  void Unsubscribe(const std::shared_ptr<EventSubscriber>& subscriber);
  void TakeUpSubscribers(Clock::time_point now);
  void Discard();
  void Fill(EventTap& tap, Inbox& inbox);
  void Merge();
  void AddLoss(uint32_t core, Inbox& inbox, uint64_t until);

  const MonitorDirectory& directory_;
  std::vector<std::unique_ptr<EventTap>> taps_;
  ObserverMetrics metrics_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;  // One of these.
  Subscribers subscribers_;          // mutex_
  uint64_t changes_ = 0;             // mutex_: of subscribers_.
  bool stop_ = false;                // mutex_
  std::thread thread_;

  // Of the thread that drains.
  Subscribers live_;
  uint64_t seen_changes_ = 0;
  std::vector<Inbox> inboxes_;  // By tap.
  std::vector<EventSubscriber::Step> round_;
  std::map<uint64_t, std::shared_ptr<const MonitorNames>> names_;  // A round's.
};

}  // namespace mosaic
