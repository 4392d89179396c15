// The hub without its thread: rounds are drained by hand, and time is given.

#include "control/core/event_hub.h"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "dataplane/api/packet_view.h"
#include "dataplane/base/packet.h"
#include "dataplane/event/subscription.h"
#include "gmock/gmock.h"

namespace mosaic {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

class EventHubTest : public ::testing::Test {
 protected:
  static constexpr size_t kTapCapacity = 8;

  EventHubTest() {
    subscription_.monitors = 1;
    subscription_.revision = 1;
    flow_.subscription = &subscription_;
    flow_.key.ip_version = 4;
    flow_.key.protocol = 6;
    Snapshot snapshot;
    snapshot.revision = 1;
    snapshot.monitors.resize(1);
    snapshot.monitors[0].name = "monitors/all";
    directory_.Add(snapshot);
  }

  std::unique_ptr<EventSubscription> Subscribe(SubscribeOptions options = {}) {
    auto made = hub_.Subscribe(std::move(options), [this] { ++wakes_; });
    EXPECT_TRUE(made.ok()) << made.status();
    return *std::move(made);
  }

  // Worker `core` raises an event of flow `flow_id` for packet `index`.
  void Raise(size_t core, uint64_t index,
             EventKind kind = EventKind::kConnectionStart,
             uint64_t flow_id = 1) {
    packet_.index = index;
    PacketView view(packet_, parsed_, Side::kClient);
    Event event;
    event.kind = kind;
    event.packet = &view;
    flow_.id = flow_id;
    hub_.tap(core).OnEvent(event, flow_);
  }

  size_t Drain(std::chrono::milliseconds after = 0ms) {
    now_ += after;
    return hub_.Drain(now_);
  }

  // All that `subscription` is told now: "core:index", "lost core n",
  // "lost queue n", "started", "heartbeat delivered/lost".
  static std::vector<std::string> Read(EventSubscription& subscription) {
    std::vector<std::string> texts;
    Observation observation;
    while (subscription.Next(observation)) texts.push_back(Text(observation));
    return texts;
  }

  static std::string Text(const Observation& observation) {
    if (const auto* event = std::get_if<ObservedEvent>(&observation.what)) {
      return std::to_string(event->record.core) + ":" +
             std::to_string(event->record.packet_index);
    }
    if (const auto* lost = std::get_if<LostEvents>(&observation.what)) {
      return lost->point == LossPoint::kSubscriberQueue
                 ? "lost queue " + std::to_string(lost->count)
                 : "lost " + std::to_string(lost->core) + " " +
                       std::to_string(lost->count);
    }
    if (const auto* beat = std::get_if<ObserverHeartbeat>(&observation.what)) {
      return "heartbeat " + std::to_string(beat->events_delivered) + "/" +
             std::to_string(beat->events_lost);
    }
    return "started";
  }

  Packet packet_;
  const ParsedPacket parsed_;
  Subscription subscription_;
  Flow flow_;
  MonitorDirectory directory_;
  EventHub hub_{3, directory_, kTapCapacity};
  EventHub::Clock::time_point now_{};
  int wakes_ = 0;
};

TEST_F(EventHubTest, TellsTheBeginningFirstAndOnlyWhatComesAfterIt) {
  Raise(0, 1);
  const auto subscription = Subscribe();
  Raise(0, 2);
  EXPECT_THAT(Read(*subscription), IsEmpty());
  Drain();
  Raise(0, 3);
  Drain();
  EXPECT_THAT(Read(*subscription), ElementsAre("started", "0:3"));
}

TEST_F(EventHubTest, WorkersAreAskedForWhatSubscribersWantTogether) {
  EXPECT_TRUE(hub_.tap(2).wanted().empty());
  SubscribeOptions packets;
  packets.selection.allow.resize(1);
  packets.selection.allow[0].kinds = {EventKind::kPacketIn};
  SubscribeOptions ends;
  ends.selection.allow.resize(1);
  ends.selection.allow[0].kinds = {EventKind::kConnectionEnd};
  auto first = Subscribe(packets);
  const auto second = Subscribe(ends);
  Drain();
  EXPECT_EQ(hub_.tap(2).wanted(),
            MaskOf(EventKind::kPacketIn) | MaskOf(EventKind::kConnectionEnd));
  first.reset();
  Drain();
  EXPECT_EQ(hub_.tap(0).wanted(), MaskOf(EventKind::kConnectionEnd));
}

TEST_F(EventHubTest, AskForNothingWhenTheLastHasGone) {
  auto subscription = Subscribe();
  Drain();
  EXPECT_FALSE(hub_.tap(0).wanted().empty());
  subscription.reset();
  Drain();
  EXPECT_TRUE(hub_.tap(0).wanted().empty());
}

TEST_F(EventHubTest, RecordsOfAllWorkersAreMergedByPacket) {
  const auto subscription = Subscribe();
  Drain();
  Raise(2, 1);
  Raise(2, 5);
  Raise(0, 3);
  Raise(0, 4);
  Raise(1, 2);
  EXPECT_EQ(Drain(), 5u);
  EXPECT_THAT(Read(*subscription),
              ElementsAre("started", "2:1", "1:2", "0:3", "0:4", "2:5"));
}

TEST_F(EventHubTest, AnEventKnowsTheNamesOfItsMonitors) {
  const auto subscription = Subscribe();
  Drain();
  Raise(0, 1);
  Drain();
  Observation observation;
  ASSERT_TRUE(subscription->Next(observation));
  ASSERT_TRUE(subscription->Next(observation));
  EXPECT_EQ(observation.sequence, 2u);
  EXPECT_THAT(std::get<ObservedEvent>(observation.what).monitors(),
              ElementsAre("monitors/all"));
}

TEST_F(EventHubTest, WhatAFullRingLostIsToldBeforeTheWorkersNextRecord) {
  const auto subscription = Subscribe();
  Drain();
  for (uint64_t i = 0; i < kTapCapacity + 3; ++i) Raise(1, i);
  Drain();
  std::vector<std::string> told = Read(*subscription);
  ASSERT_EQ(told.size(), 1 + kTapCapacity + 1);
  EXPECT_EQ(told.back(), "lost 1 3") << "told though nothing follows";

  for (uint64_t i = 0; i < kTapCapacity + 2; ++i) Raise(1, 20 + i);
  Raise(0, 40);
  // Makes room behind the loss, by taking the oldest record.
  EventRecord record;
  ASSERT_TRUE(hub_.tap(1).Pop(record));
  Raise(1, 50);
  Drain();
  told = Read(*subscription);
  EXPECT_THAT(std::vector(told.begin() + kTapCapacity, told.end()),
              ElementsAre("0:40", "lost 1 2", "1:50"));
  EXPECT_EQ(told.front(), "lost 1 1") << "the record that the test took";
}

TEST_F(EventHubTest, AFullQueueLosesTheNewestAndTellsItInItsPlace) {
  SubscribeOptions options;
  options.queue_events = 2;
  const auto subscription = Subscribe(options);
  const auto other = Subscribe();
  Drain();
  for (uint64_t i = 0; i < 5; ++i) Raise(0, i);
  Drain();
  Observation first;
  ASSERT_TRUE(subscription->Next(first));  // The beginning.
  ASSERT_TRUE(subscription->Next(first));
  EXPECT_EQ(Text(first), "0:0");
  Raise(0, 7);
  Drain();
  EXPECT_THAT(Read(*subscription), ElementsAre("0:1", "lost queue 3", "0:7"));
  EXPECT_THAT(Read(*other),
              ElementsAre("started", "0:0", "0:1", "0:2", "0:3", "0:4", "0:7"));
}

TEST_F(EventHubTest, AQueueThatWasReadEmptyTellsItsLossWithoutANewEvent) {
  SubscribeOptions options;
  options.queue_events = 1;
  const auto subscription = Subscribe(options);
  Drain();
  for (uint64_t i = 0; i < 4; ++i) Raise(0, i);
  Drain();
  EXPECT_THAT(Read(*subscription),
              ElementsAre("started", "0:0", "lost queue 3"));
  EXPECT_THAT(Read(*subscription), IsEmpty());
}

TEST_F(EventHubTest, SequencesHaveNoGapWhateverIsTold) {
  SubscribeOptions options;
  options.queue_events = 2;
  options.heartbeat = 100ms;
  const auto subscription = Subscribe(options);
  Drain();
  uint64_t expected = 1;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < round; ++i) Raise(i % 3, round * 100 + i);
    Drain(150ms);
    Observation observation;
    while (subscription->Next(observation)) {
      EXPECT_EQ(observation.sequence, expected++);
    }
  }
  EXPECT_GT(expected, 40u);
}

TEST_F(EventHubTest, TheReaderIsWokenOnceUntilItFindsNothingAgain) {
  const auto subscription = Subscribe();
  Drain();
  EXPECT_EQ(wakes_, 1);  // The beginning.
  Raise(0, 1);
  Drain();
  EXPECT_EQ(wakes_, 1);
  EXPECT_THAT(Read(*subscription), ElementsAre("started", "0:1"));
  Drain();
  EXPECT_EQ(wakes_, 1);
  Raise(0, 2);
  Drain();
  Raise(0, 3);
  Drain();
  EXPECT_EQ(wakes_, 2);
}

TEST_F(EventHubTest, WhatIsFilteredDoesNotWake) {
  SubscribeOptions options;
  options.selection.allow.resize(1);
  options.selection.allow[0].flow.server_ports = {443};
  const auto subscription = Subscribe(options);
  Drain();
  EXPECT_THAT(Read(*subscription), ElementsAre("started"));
  Raise(0, 1);
  Drain();
  EXPECT_EQ(wakes_, 1);
  EXPECT_EQ(subscription->counts().filtered, 1u);
}

TEST_F(EventHubTest, AHeartbeatComesWhenNothingElseDid) {
  SubscribeOptions options;
  options.heartbeat = 200ms;
  const auto subscription = Subscribe(options);
  Drain();
  Drain(199ms);
  EXPECT_THAT(Read(*subscription), ElementsAre("started"));
  Raise(0, 1);
  Drain(1ms);
  Drain(199ms);
  EXPECT_THAT(Read(*subscription), ElementsAre("0:1"));
  Drain(1ms);
  Drain(200ms);
  Drain(200ms);
  EXPECT_THAT(Read(*subscription), ElementsAre("heartbeat 1/0"))
      << "they do not pile up";
}

TEST_F(EventHubTest, ARoundTakesABoundedNumberAndTheRestComesNext) {
  MonitorDirectory directory;
  EventHub hub(1, directory, 4096);
  auto made = hub.Subscribe({}, nullptr);
  ASSERT_TRUE(made.ok());
  hub.Drain(now_);
  PacketView view(packet_, parsed_, Side::kClient);
  Event event;
  event.kind = EventKind::kConnectionStart;
  event.packet = &view;
  for (int i = 0; i < 1500; ++i) hub.tap(0).OnEvent(event, flow_);
  EXPECT_EQ(hub.Drain(now_), 1024u);
  EXPECT_EQ(hub.Drain(now_), 476u);
  EXPECT_EQ(Read(**made).size(), 1501u);
  made->reset();
}

TEST_F(EventHubTest, OneSubscriberTooManyIsRefusedAndMayComeLater) {
  std::vector<std::unique_ptr<EventSubscription>> subscriptions;
  for (size_t i = 0; i < EventHub::kMaxSubscribers; ++i) {
    subscriptions.push_back(Subscribe());
  }
  EXPECT_EQ(hub_.subscribers(), EventHub::kMaxSubscribers);
  const auto refused = hub_.Subscribe({}, nullptr);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(refused.status().message()), HasSubstr("16"));
  subscriptions.pop_back();
  EXPECT_TRUE(hub_.Subscribe({}, nullptr).ok());
}

TEST_F(EventHubTest, OptionsOutOfRangeAreRefusedWithTheRange) {
  SubscribeOptions options;
  options.queue_events = EventHub::kMaxQueue;
  EXPECT_TRUE(hub_.Subscribe(options, nullptr).ok());
  options.queue_events = EventHub::kMaxQueue + 1;
  EXPECT_THAT(std::string(hub_.Subscribe(options, nullptr).status().message()),
              HasSubstr("65537 is not in [1, 65536]"));
  options = {};
  options.heartbeat = 99ms;
  EXPECT_THAT(std::string(hub_.Subscribe(options, nullptr).status().message()),
              HasSubstr("99 ms is not in [100 ms, 1 h]"));
  options.heartbeat = 1h + 1ms;
  EXPECT_EQ(hub_.Subscribe(options, nullptr).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(hub_.subscribers(), 0u);
}

TEST_F(EventHubTest, MetricsSayWhoWatchesAndWhatBecameOfRecords) {
  SubscribeOptions options;
  options.queue_events = 2;
  auto subscription = Subscribe(options);
  Drain();
  for (uint64_t i = 0; i < kTapCapacity + 5; ++i) Raise(0, i);
  Drain();
  Read(*subscription);
  const ObserverMetrics& metrics = hub_.metrics();
  const auto count = [&](ObserverResult result) {
    return metrics.events[static_cast<size_t>(result)].load();
  };
  EXPECT_EQ(metrics.subscribers.load(), 1u);
  EXPECT_EQ(count(ObserverResult::kSent), 2u);
  EXPECT_EQ(count(ObserverResult::kLostSubscriber), kTapCapacity - 2);
  EXPECT_EQ(count(ObserverResult::kLostCoreRing), 5u);
  subscription.reset();
  EXPECT_EQ(metrics.subscribers.load(), 0u);
}

}  // namespace
}  // namespace mosaic
