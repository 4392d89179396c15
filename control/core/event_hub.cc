#include "control/core/event_hub.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "dataplane/base/check.h"

namespace mosaic {

EventSubscription::~EventSubscription() { hub_.Unsubscribe(subscriber_); }

EventHub::EventHub(size_t workers, const MonitorDirectory& directory,
                   size_t tap_capacity)
    : directory_(directory), inboxes_(workers) {
  for (size_t i = 0; i < workers; ++i) {
    taps_.push_back(
        std::make_unique<EventTap>(static_cast<uint32_t>(i), tap_capacity));
    inboxes_[i].records.resize(kBatch);
  }
}

EventHub::~EventHub() {
  Stop();
  MOSAIC_CHECK(subscribers_.empty());
}

void EventHub::Start() {
  MOSAIC_CHECK(!thread_.joinable());
  thread_ = std::thread([this] { Run(); });
}

void EventHub::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void EventHub::Run() {
  std::chrono::microseconds nap = kShortestNap;
  while (true) {
    const size_t taken = Drain(Clock::now());
    std::unique_lock lock(mutex_);
    if (stop_) return;
    if (changes_ != seen_changes_) continue;
    const auto called = [this] { return stop_ || changes_ != seen_changes_; };
    if (live_.empty()) {
      changed_.wait(lock, called);
      continue;
    }
    // A tap that gave a whole batch may hold another one.
    if (taken >= kBatch) continue;
    nap = taken > 0 ? kShortestNap : std::min(2 * nap, kLongestNap);
    changed_.wait_for(lock, nap, called);
  }
}

absl::StatusOr<std::unique_ptr<EventSubscription>> EventHub::Subscribe(
    SubscribeOptions options, std::function<void()> wake) {
  if (options.queue_events == 0) options.queue_events = kDefaultQueue;
  if (options.queue_events > kMaxQueue) {
    return absl::InvalidArgumentError(
        absl::StrCat("max_queue_events: ", options.queue_events,
                     " is not in [1, ", kMaxQueue, "]"));
  }
  if (options.heartbeat.count() == 0) options.heartbeat = kDefaultHeartbeat;
  if (options.heartbeat < kShortestHeartbeat ||
      options.heartbeat > kLongestHeartbeat) {
    return absl::InvalidArgumentError(
        absl::StrCat("heartbeat_interval: ", options.heartbeat.count(),
                     " ms is not in [100 ms, 1 h]"));
  }
  auto subscriber = std::make_shared<EventSubscriber>(
      std::move(options.selection), options.queue_events, options.heartbeat,
      std::move(wake), metrics_);
  {
    const std::lock_guard lock(mutex_);
    if (subscribers_.size() == kMaxSubscribers) {
      return absl::ResourceExhaustedError(
          absl::StrCat("event streams: ", kMaxSubscribers,
                       " are open, more are not allowed"));
    }
    subscribers_.push_back(subscriber);
    ++changes_;
  }
  metrics_.subscribers.fetch_add(1, std::memory_order_relaxed);
  changed_.notify_one();
  return std::unique_ptr<EventSubscription>(
      new EventSubscription(*this, std::move(subscriber)));
}

void EventHub::Unsubscribe(const std::shared_ptr<EventSubscriber>& subscriber) {
  {
    const std::lock_guard lock(mutex_);
    std::erase(subscribers_, subscriber);
    ++changes_;
  }
  metrics_.subscribers.fetch_sub(1, std::memory_order_relaxed);
  changed_.notify_one();
  subscriber->Close();
}

size_t EventHub::subscribers() const {
  const std::lock_guard lock(mutex_);
  return subscribers_.size();
}

void EventHub::TakeUpSubscribers(Clock::time_point now) {
  Subscribers before;
  {
    const std::lock_guard lock(mutex_);
    if (changes_ == seen_changes_) return;
    seen_changes_ = changes_;
    before = std::exchange(live_, subscribers_);
  }
  // What nobody was there to hear is no news to who comes now.
  if (before.empty()) Discard();
  EventMask wanted;
  for (const auto& subscriber : live_) wanted = wanted | subscriber->wanted();
  for (const auto& tap : taps_) tap->SetWanted(wanted);
  for (const auto& subscriber : live_) {
    if (std::ranges::count(before, subscriber) == 0) subscriber->Start(now);
  }
}

void EventHub::Discard() {
  EventRecord record;
  for (size_t i = 0; i < taps_.size(); ++i) {
    uint64_t& expected = inboxes_[i].expected;
    expected = taps_[i]->produced();
    while (taps_[i]->Pop(record))
      expected = std::max(expected, record.number + 1);
  }
}

size_t EventHub::Drain(Clock::time_point now) {
  TakeUpSubscribers(now);
  if (live_.empty()) {
    Discard();
    return 0;
  }
  size_t taken = 0;
  for (size_t i = 0; i < taps_.size(); ++i) {
    Fill(*taps_[i], inboxes_[i]);
    taken += inboxes_[i].size;
  }
  Merge();
  for (const auto& subscriber : live_) {
    if (!round_.empty()) subscriber->Take(round_, now);
    subscriber->Beat(now);
  }
  return taken;
}

void EventHub::Fill(EventTap& tap, Inbox& inbox) {
  const uint64_t produced = tap.produced();
  inbox.size = 0;
  inbox.next = 0;
  while (inbox.size < kBatch && tap.Pop(inbox.records[inbox.size])) {
    ++inbox.size;
  }
  // Whatever was made before an empty ring was found has come or never will.
  inbox.accounted = inbox.size < kBatch ? produced : 0;
}

void EventHub::AddLoss(uint32_t core, Inbox& inbox, uint64_t until) {
  if (until <= inbox.expected) return;
  const uint64_t lost = until - inbox.expected;
  inbox.expected = until;
  round_.push_back({nullptr, nullptr, core, lost});
  metrics_.Count(ObserverResult::kLostCoreRing, lost);
}

void EventHub::Merge() {
  round_.clear();
  names_.clear();
  while (true) {
    Inbox* first = nullptr;
    for (Inbox& inbox : inboxes_) {
      if (inbox.next == inbox.size) continue;
      if (first == nullptr || inbox.records[inbox.next].packet_index <
                                  first->records[first->next].packet_index) {
        first = &inbox;
      }
    }
    if (first == nullptr) break;
    const EventRecord& record = first->records[first->next++];
    AddLoss(record.core, *first, record.number);
    first->expected = record.number + 1;
    const auto [names, is_new] = names_.try_emplace(record.revision);
    if (is_new) names->second = directory_.NamesOf(record.revision);
    round_.push_back({&record, &names->second, record.core, 0});
  }
  for (size_t i = 0; i < taps_.size(); ++i) {
    AddLoss(taps_[i]->core(), inboxes_[i], inboxes_[i].accounted);
  }
}

}  // namespace mosaic
