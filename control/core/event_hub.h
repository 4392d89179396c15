// EventHub brings the workers' events to subscribers: it drains their taps on
// a thread of its own, merges the records, and puts each into the queues of
// those who want it.
//
//   worker 0 ─ tap ─┐                     ┌─ queue ─ Subscription::Next()
//   worker 1 ─ tap ─┼─► merge ─► filter ──┼─ queue ─ Subscription::Next()
//   worker 2 ─ tap ─┘                     └─ queue ─ ...
//
// Order       Records of one flow keep their order. Across workers they are
//             merged by packet index as far as they have arrived together.
// Loss        A full tap and a full queue lose records, count them exactly, and
//             tell it in the stream before the next record of that place. For
//             each subscriber, while it is subscribed:
//               produced = delivered + filtered + sampled out
//                          + lost in taps + lost in its queue
// Bounds      kMaxSubscribers, each with a queue of at most kMaxQueue events.
//             A subscriber that never reads loses events and delays nobody.
// Memory      About 150 bytes for each event that waits in a queue.
// Threading   All of it from any thread, except as said at Drain().
// Cost        With nobody subscribed the thread sleeps and workers make no
//             records. Else it polls, at most kLongestNap apart.

#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "control/core/event_filter.h"
#include "control/core/monitor_directory.h"
#include "dataplane/command/event_tap.h"

namespace mosaic {

// Where events were lost.
enum class LossPoint : uint8_t {
  kCoreRing,         // Between a worker and the hub: all subscribers together
                     // cannot keep up. Ask for fewer kinds.
  kSubscriberQueue,  // In this subscriber's queue: it reads too slowly.
};

struct ObservedEvent {
  EventRecord record;
  std::shared_ptr<const MonitorNames> names;  // Of its revision; may be null.
  std::vector<std::string> monitors() const {
    return names == nullptr ? std::vector<std::string>()
                            : Select(*names, record.monitors);
  }
};

struct LostEvents {
  LossPoint point = LossPoint::kCoreRing;
  uint32_t core = 0;  // kCoreRing only.
  uint64_t count = 0;
};

struct ObserverHeartbeat {
  uint64_t events_delivered = 0;  // Given out so far.
  uint64_t events_lost = 0;       // At both points, so far.
};

// The first observation of every subscription.
struct ObserverStarted {};

// What a subscriber is told. `sequence` counts from 1 without gaps.
struct Observation {
  uint64_t sequence = 0;
  std::variant<ObserverStarted, ObservedEvent, LostEvents, ObserverHeartbeat>
      what;
};

struct SubscribeOptions {
  EventSelection selection;
  size_t queue_events = 0;  // 0: EventHub::kDefaultQueue.
  // After this long without an observation there is a heartbeat; 0:
  // EventHub::kDefaultHeartbeat.
  std::chrono::milliseconds heartbeat{0};
};

class EventHub;
class Subscriber;  // The hub's end of a subscription; see event_hub.cc.

// One subscriber's end. Destroying it unsubscribes: when the destructor
// returns, no wake callback runs or will run.
class EventSubscription {
 public:
  // Of every record that was drained while it was subscribed.
  struct Counts {
    uint64_t delivered = 0;  // Given out by Next().
    uint64_t queued = 0;
    uint64_t filtered = 0;
    uint64_t sampled_out = 0;
    uint64_t lost_core_ring = 0;
    uint64_t lost_queue = 0;
  };

  // REQUIRES: not called from its own wake callback; the hub still lives.
  ~EventSubscription();

  EventSubscription(const EventSubscription&) = delete;
  EventSubscription& operator=(const EventSubscription&) = delete;

  // The next observation, at once; false when there is none, and then the wake
  // callback is called once as soon as there is. One thread at a time.
  [[nodiscard]] bool Next(Observation& observation);

  Counts counts() const;

 private:
  friend class EventHub;
  EventSubscription(EventHub& hub, std::shared_ptr<Subscriber> subscriber);

  EventHub& hub_;
  const std::shared_ptr<Subscriber> subscriber_;
};

class EventHub {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr size_t kMaxSubscribers = 16;
  static constexpr size_t kDefaultQueue = 4096;
  static constexpr size_t kMaxQueue = 65536;
  static constexpr std::chrono::milliseconds kLongestNap{5};
  static constexpr std::chrono::seconds kDefaultHeartbeat{10};
  static constexpr std::chrono::milliseconds kShortestHeartbeat{100};

  // `directory` outlives the hub.
  EventHub(size_t workers, const MonitorDirectory& directory,
           size_t tap_capacity = EventTap::kDefaultCapacity);
  // REQUIRES: no subscription is left, and no worker uses a tap any more.
  ~EventHub();

  EventHub(const EventHub&) = delete;
  EventHub& operator=(const EventHub&) = delete;

  // What worker `number` reports to; for EngineConfig::observers.
  EventTap& tap(size_t number) { return *taps_[number]; }

  // Starts and ends the thread; each may be called once. Without the thread
  // somebody calls Drain().
  void Start();
  void Stop();

  // `wake` runs on the hub's thread: it returns at once, may call Next(), and
  // neither subscribes nor ends a subscription. Errors: RESOURCE_EXHAUSTED when
  // there are kMaxSubscribers already; INVALID_ARGUMENT, naming the value and
  // the range, for an option.
  absl::StatusOr<std::unique_ptr<EventSubscription>> Subscribe(
      SubscribeOptions options, std::function<void()> wake);

  // One round: takes what the taps hold, at most kBatch records of each, and
  // fans it out. Returns how many it took. On one thread; never beside Start().
  size_t Drain(Clock::time_point now);

  size_t subscribers() const;

 private:
  friend class EventSubscription;
  using Subscribers = std::vector<std::shared_ptr<Subscriber>>;

  static constexpr size_t kBatch = 1024;

  // The records of one tap that a round has taken and not yet told.
  struct Inbox {
    std::vector<EventRecord> records;  // kBatch.
    size_t size = 0;
    size_t next = 0;
    uint64_t expected = 0;  // Number of the next record if none is lost.
  };

  void Run();
  void Unsubscribe(const std::shared_ptr<Subscriber>& subscriber);
  Subscribers CurrentSubscribers() const;
  void UpdateWanted();  // REQUIRES: mutex_ is held.
  size_t Fill(size_t tap);
  void TellLoss(const Subscribers& subscribers, uint32_t core, uint64_t count);
  void Merge(const Subscribers& subscribers);

  const MonitorDirectory& directory_;
  std::vector<std::unique_ptr<EventTap>> taps_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;  // Subscribers, or stop_.
  Subscribers subscribers_;          // mutex_
  bool stop_ = false;                // mutex_
  std::thread thread_;

  // Of the thread that drains.
  std::vector<Inbox> inboxes_;
  uint64_t names_revision_ = 0;
  std::shared_ptr<const MonitorNames> names_;  // Of names_revision_.
};

}  // namespace mosaic
