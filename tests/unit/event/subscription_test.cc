#include "dataplane/event/subscription.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/recording_nf.h"

namespace mosaic {
namespace {

constexpr Side kClient = Side::kClient;
constexpr Side kServer = Side::kServer;

// A snapshot with monitors and functions to be set up by the test, and the
// slots of one worker.
class SubscriptionTest : public ::testing::Test {
 protected:
  SubscriptionTest() { snapshot_.revision = 1; }

  // A function, by number.
  size_t AddNf(RecordingNf::Behaviour behaviour = {}) {
    owned_.push_back(std::make_unique<NfSlot>(
        "nfInstances/" + std::to_string(owned_.size()),
        std::make_unique<RecordingNf>("nf", behaviour, journal_),
        FailurePolicy::kOpen, 1));
    slots_.push_back(owned_.back().get());
    return slots_.size() - 1;
  }

  Monitor& AddMonitor(std::vector<size_t> nfs) {
    Monitor monitor;
    monitor.nf_instances = std::move(nfs);
    snapshot_.monitors.push_back(monitor);
    return snapshot_.monitors.back();
  }

  Subscription* Acquire(const std::vector<Attachment>& attachments) {
    while (counters_.size() < snapshot_.monitors.size()) {
      counters_.push_back(&owned_counters_.emplace_back());
    }
    return table_.Acquire({&snapshot_, slots_, counters_}, attachments);
  }

  static RecordingNf::Behaviour Wanting(EventMask mask) {
    RecordingNf::Behaviour behaviour;
    behaviour.wants = mask;
    return behaviour;
  }
  static RecordingNf::Behaviour WantingData() {
    return Wanting(EventMask::Of(EventKind::kNewData, Hook::kNone));
  }

  std::vector<std::string> journal_;
  std::vector<std::unique_ptr<NfSlot>> owned_;
  std::vector<NfSlot*> slots_;
  std::deque<MonitorCounters> owned_counters_;
  std::vector<MonitorCounters*> counters_;
  Snapshot snapshot_;
  SubscriptionTable table_;
};

// --- Sharing
// ------------------------------------------------------------------

TEST_F(SubscriptionTest, AMillionFlowsWithOneContentShareOne) {
  AddMonitor({AddNf()});
  Subscription* const first = Acquire({{}});
  for (int i = 1; i < 1'000'000; ++i) ASSERT_EQ(Acquire({{}}), first);
  EXPECT_EQ(table_.size(), 1u);
  EXPECT_EQ(first->flows, 1'000'000u);
}

TEST_F(SubscriptionTest, EachPartOfTheContentTellsSubscriptionsApart) {
  AddMonitor({AddNf()}).flow_policies.resize(2);
  AddMonitor({AddNf()});
  std::set<Subscription*> different;
  for (const std::vector<Attachment>& content :
       std::vector<std::vector<Attachment>>{{},
                                            {{.monitor = 0}},
                                            {{.monitor = 1}},
                                            {{.flow_policy = 1}},
                                            {{.flow_policy = 2}},
                                            {{.stopped = 1}},
                                            {{.stopped = 2}},
                                            {{.monitor = 0}, {.monitor = 1}},
                                            {{.monitor = 1}, {.monitor = 0}}}) {
    different.insert(Acquire(content));
    EXPECT_EQ(Acquire(content)->attachment_count, content.size());
  }
  EXPECT_EQ(different.size(), 9u);
}

TEST_F(SubscriptionTest, ContentOfAnotherRevisionIsNotShared) {
  AddMonitor({AddNf()});
  Subscription* const old = Acquire({{}});
  snapshot_.revision = 2;
  EXPECT_NE(Acquire({{}}), old);
}

// --- Lifetime
// -----------------------------------------------------------------

TEST_F(SubscriptionTest, UnusedOneIsKeptWhileItsRevisionIsCurrent) {
  AddMonitor({AddNf()});
  table_.SetCurrentRevision(1);
  Subscription* const made = Acquire({{}});
  table_.Release(made);
  EXPECT_EQ(table_.size(), 1u);
  EXPECT_EQ(Acquire({{}}), made);
}

TEST_F(SubscriptionTest, OneOfAnOldRevisionGoesWithItsLastFlow) {
  AddMonitor({AddNf()});
  table_.SetCurrentRevision(1);
  Subscription* const made = Acquire({{}});
  static_cast<void>(Acquire({{}}));

  table_.SetCurrentRevision(2);
  EXPECT_EQ(table_.OldestRevision(), 1u);
  table_.Release(made);
  EXPECT_EQ(table_.OldestRevision(), 1u);
  table_.Release(made);
  EXPECT_EQ(table_.OldestRevision(), 2u);
  EXPECT_EQ(table_.size(), 0u);
}

TEST_F(SubscriptionTest, ChangeOfRevisionForgetsWhatIsUnused) {
  AddMonitor({AddNf()});
  table_.SetCurrentRevision(1);
  table_.Release(Acquire({{}}));
  table_.SetCurrentRevision(2);
  EXPECT_EQ(table_.size(), 0u);
  EXPECT_EQ(table_.OldestRevision(), 2u);
}

TEST_F(SubscriptionTest, FullTableRefusesAndTakesAgainWhenOneIsUnused) {
  AddMonitor({AddNf()}).flow_policies.resize(65535);
  table_.SetCurrentRevision(1);
  std::vector<Subscription*> all;
  for (uint16_t i = 0; i < SubscriptionTable::kMaxSubscriptions; ++i) {
    all.push_back(Acquire({{.flow_policy = i}}));
    ASSERT_NE(all.back(), nullptr) << i;
  }
  constexpr uint16_t kNext = SubscriptionTable::kMaxSubscriptions;

  EXPECT_EQ(Acquire({{.flow_policy = kNext}}), nullptr);
  EXPECT_EQ(Acquire({{.flow_policy = 7}}), all[7]);
  table_.Release(all[5]);
  EXPECT_NE(Acquire({{.flow_policy = kNext}}), nullptr);
  EXPECT_EQ(Acquire({{.flow_policy = 5}}), nullptr);
}

// With all but one place in use each new content makes the last one give way;
// that must not cost a walk over the table. 100,000 of these walks would be
// 800 million steps.
TEST_F(SubscriptionTest, ChangesInAnAlmostFullTableStayCheap) {
  AddMonitor({AddNf()}).flow_policies.resize(65535);
  table_.SetCurrentRevision(1);
  for (uint16_t i = 1; i < SubscriptionTable::kMaxSubscriptions; ++i) {
    ASSERT_NE(Acquire({{.flow_policy = i}}), nullptr);
  }
  for (uint32_t i = 0; i < 100'000; ++i) {
    const uint16_t policy = static_cast<uint16_t>(10'000 + i % 50'000);
    Subscription* const made = Acquire({{.flow_policy = policy}});
    ASSERT_NE(made, nullptr);
    ASSERT_EQ(made->attachment[0].flow_policy, policy);
    table_.Release(made);
  }
  EXPECT_EQ(table_.size(), SubscriptionTable::kMaxSubscriptions);
}

TEST_F(SubscriptionTest, RandomAcquisitionsAgreeWithAPlainList) {
  AddMonitor({AddNf()}).flow_policies.resize(65535);
  AddMonitor({AddNf()}).flow_policies.resize(65535);
  std::mt19937 random(3);
  std::vector<std::pair<std::vector<Attachment>, Subscription*>> held;
  table_.SetCurrentRevision(1);
  for (int i = 0; i < 60'000; ++i) {
    if (i % 20'000 == 19'999) {
      ++snapshot_.revision;
      table_.SetCurrentRevision(snapshot_.revision);
    }
    const bool acquires = random() % 8 < (i / 5'000 % 2 == 0 ? 6u : 2u);
    if (acquires || held.empty()) {
      std::vector<Attachment> content;
      for (uint8_t monitor = 0; monitor < 2; ++monitor) {
        if (random() % 2 == 0) continue;
        content.push_back({.monitor = monitor,
                           .flow_policy = static_cast<uint16_t>(random() % 99),
                           .stopped = static_cast<uint8_t>(random() % 4)});
      }
      Subscription* const got = Acquire(content);
      if (got == nullptr) continue;
      ASSERT_TRUE(std::ranges::equal(got->attachments(), content));
      ASSERT_EQ(got->revision, snapshot_.revision);
      held.emplace_back(content, got);
      continue;
    }
    std::swap(held[random() % held.size()], held.back());
    auto [content, got] = held.back();
    held.pop_back();
    ASSERT_TRUE(std::ranges::equal(got->attachments(), content));
    table_.Release(got);
  }
  uint64_t oldest = snapshot_.revision;
  for (const auto& [content, got] : held) {
    oldest = std::min(oldest, got->revision);
  }
  EXPECT_EQ(table_.OldestRevision(), oldest);
  for (const auto& [content, got] : held) table_.Release(got);
  EXPECT_EQ(table_.OldestRevision(), snapshot_.revision);
}

// --- Bounds
// -------------------------------------------------------------------

TEST_F(SubscriptionTest, MoreMonitorsAndFunctionsThanTheBoundsAreLeftOut) {
  std::vector<Attachment> attachments;
  for (uint8_t i = 0; i <= Subscription::kMaxAttachments; ++i) {
    AddMonitor({AddNf(), AddNf()});
    attachments.push_back({.monitor = i});
  }
  const Subscription* const made = Acquire(attachments);
  EXPECT_EQ(made->attachments().size(), Subscription::kMaxAttachments);
  EXPECT_EQ(made->links().size(), Subscription::kMaxLinks);
}

// --- What follows from the listeners
// --------------------------------------------

TEST_F(SubscriptionTest, LinksComeInTheOrderOfMonitorsAndOfTheirFunctions) {
  const size_t a = AddNf(), b = AddNf(), c = AddNf();
  AddMonitor({c, a});
  AddMonitor({b});
  const Subscription* const made = Acquire({{.monitor = 0}, {.monitor = 1}});
  ASSERT_EQ(made->links().size(), 3u);
  EXPECT_EQ(made->link[0].slot, slots_[c]);
  EXPECT_EQ(made->link[1].slot, slots_[a]);
  EXPECT_EQ(made->link[2].slot, slots_[b]);
}

TEST_F(SubscriptionTest, SettingsServeEveryMonitor) {
  Monitor first;
  AddMonitor({AddNf(WantingData())}).side = {
      SidePolicy{100, OverlapPolicy::kLast, Retain::kBytes, 10},
      SidePolicy{300, OverlapPolicy::kFirst, Retain::kNone, 0}};
  AddMonitor({AddNf(WantingData())}).side = {
      SidePolicy{200, OverlapPolicy::kBsd, Retain::kBytes, 50},
      SidePolicy{250, OverlapPolicy::kLast, Retain::kNone, 99}};

  const Subscription* const made = Acquire({{.monitor = 0}, {.monitor = 1}});

  const SideSettings& client = made->side[Index(kClient)];
  EXPECT_EQ(client.buffer_bytes, 200u);
  EXPECT_EQ(client.overlap, OverlapPolicy::kLast);
  EXPECT_EQ(client.retain, Retain::kBytes);
  EXPECT_EQ(client.retain_bytes, 50u);
  const SideSettings& server = made->side[Index(kServer)];
  EXPECT_EQ(server.buffer_bytes, 300u);
  EXPECT_EQ(server.overlap, OverlapPolicy::kFirst);
  EXPECT_EQ(server.retain, Retain::kNone);
  EXPECT_EQ(server.retain_bytes, 0u);
}

TEST_F(SubscriptionTest, OneMonitorsBytesDoNotTakeTheUnacknowledgedOfAnother) {
  AddMonitor({AddNf(WantingData())}).side[0].retain = Retain::kUnacked;
  Monitor& bytes = AddMonitor({AddNf(WantingData())});
  bytes.side[0].retain = Retain::kBytes;
  bytes.side[0].retain_bytes = 10;

  const Subscription* const both = Acquire({{.monitor = 0}, {.monitor = 1}});
  EXPECT_EQ(both->side[0].retain, Retain::kBytes);
  EXPECT_EQ(both->side[0].retain_bytes, 10u);
  EXPECT_TRUE(both->side[0].retain_unacked);
  EXPECT_FALSE(Acquire({{.monitor = 1}})->side[0].retain_unacked);
}

TEST_F(SubscriptionTest, SideThatNobodyReadsHasNoBuffer) {
  AddMonitor(
      {AddNf(Wanting(EventMask::Of(EventKind::kNewData, Hook::kNone, kServer) |
                     EventMask::Of(EventKind::kPacketIn, Hook::kSender)))});
  const Subscription* const made = Acquire({{}});
  EXPECT_EQ(made->side[Index(kClient)].buffer_bytes, 0u);
  EXPECT_GT(made->side[Index(kServer)].buffer_bytes, 0u);
}

TEST_F(SubscriptionTest, BufferOfZeroTakesNewDataFromTheMask) {
  AddMonitor({AddNf()}).side[Index(kServer)].buffer_bytes = 0;
  const Subscription* const made = Acquire({{}});
  EXPECT_FALSE(made->mask.Has(EventKind::kNewData, Hook::kNone, kServer));
  EXPECT_TRUE(made->mask.Has(EventKind::kNewData, Hook::kNone, kClient));
  EXPECT_EQ(made->side[Index(kServer)].buffer_bytes, 0u);
}

TEST_F(SubscriptionTest, ListenersForRetransmissionsKeepTheUnacknowledged) {
  RecordingNf::Behaviour comparing = WantingData();
  comparing.compares_retransmissions = true;
  AddMonitor({AddNf(comparing)});
  AddMonitor({AddNf(Wanting(
      EventMask::Of(EventKind::kRetransmission, Hook::kSender, kClient)))});
  const Subscription* const by_wish = Acquire({{.monitor = 0}});
  EXPECT_EQ(by_wish->side[Index(kClient)].retain, Retain::kUnacked);
  EXPECT_EQ(by_wish->side[Index(kServer)].retain, Retain::kUnacked);
  // What the client sends again is for the server.
  const Subscription* const by_event = Acquire({{.monitor = 1}});
  EXPECT_EQ(by_event->side[Index(kServer)].retain, Retain::kUnacked);
  EXPECT_EQ(by_event->side[Index(kClient)].buffer_bytes, 0u);
}

TEST_F(SubscriptionTest, StoppedSideIsToldOfNothingButItsEnd) {
  AddMonitor({AddNf()});
  const Subscription* const made = Acquire({{.stopped = 1}});
  EXPECT_FALSE(made->mask.Has(EventKind::kPacketIn, Hook::kSender, kClient));
  EXPECT_FALSE(made->mask.Has(EventKind::kNewData, Hook::kNone, kClient));
  EXPECT_TRUE(
      made->mask.Has(EventKind::kConnectionEnd, Hook::kReceiver, kClient));
  EXPECT_TRUE(made->mask.Has(EventKind::kNewData, Hook::kNone, kServer));
  EXPECT_EQ(made->side[Index(kClient)].buffer_bytes, 0u);
  EXPECT_GT(made->side[Index(kServer)].buffer_bytes, 0u);
}

TEST_F(SubscriptionTest, PayloadLimitIsTheSmallestOfAMonitor) {
  Monitor& monitor = AddMonitor({AddNf()});
  for (uint64_t amount : {500u, 300u, 400u}) {
    StopPolicy stop;
    stop.side = kServer;
    stop.condition = StopPolicy::Condition::kPayloadBytes;
    stop.amount = amount;
    monitor.stop.push_back(stop);
  }
  const Subscription* const made = Acquire({{}});
  EXPECT_TRUE(made->has_stop_policies);
  EXPECT_EQ(made->link[0].payload_limit[Index(kServer)], 300u);
  EXPECT_EQ(made->link[0].payload_limit[Index(kClient)], UINT64_MAX);
}

TEST_F(SubscriptionTest, FlowPolicyReplacesTheMonitorsOwn) {
  Monitor& monitor = AddMonitor({AddNf()});
  FlowPolicy policy;
  policy.side[0].buffer_bytes = 5;
  policy.side[1].buffer_bytes = 6;
  monitor.stop.resize(1);
  monitor.flow_policies.push_back(policy);

  const Subscription* const made = Acquire({{.flow_policy = 1}});

  EXPECT_EQ(made->side[0].buffer_bytes, 5u);
  EXPECT_EQ(made->side[1].buffer_bytes, 6u);
  EXPECT_FALSE(made->has_stop_policies);
  EXPECT_TRUE(Acquire({{}})->has_stop_policies);
}

TEST_F(SubscriptionTest, ShortestIdleTimeoutCounts) {
  AddMonitor({AddNf()});
  AddMonitor({AddNf()}).idle_timeout = Duration::Seconds(7);
  AddMonitor({AddNf()}).idle_timeout = Duration::Seconds(5);
  EXPECT_EQ(Acquire({{.monitor = 0}})->idle_timeout, Duration());
  EXPECT_EQ(
      Acquire({{.monitor = 0}, {.monitor = 1}, {.monitor = 2}})->idle_timeout,
      Duration::Seconds(5));
}

// --- One function in several monitors
// -------------------------------------------

TEST_F(SubscriptionTest, FunctionOfTwoMonitorsHearsAFlowOnce) {
  const size_t shared = AddNf();
  AddMonitor({shared});
  AddMonitor({shared});
  EXPECT_EQ(Acquire({{.monitor = 0}, {.monitor = 1}})->links().size(), 1u);
}

TEST_F(SubscriptionTest, FunctionOfTwoMonitorsHearsWhatEitherGivesIt) {
  const size_t shared = AddNf();
  StopPolicy stop;
  stop.side = kServer;
  stop.condition = StopPolicy::Condition::kPayloadBytes;
  stop.amount = 100;
  Monitor& small = AddMonitor({shared});
  small.stop.push_back(stop);
  small.side[Index(kClient)].buffer_bytes = 0;
  Monitor& large = AddMonitor({shared});
  large.side[Index(kServer)].buffer_bytes = 1u << 20;

  const Subscription* const both = Acquire({{.monitor = 0}, {.monitor = 1}});
  EXPECT_TRUE(both->mask.Has(EventKind::kNewData, Hook::kNone, kClient));
  EXPECT_EQ(both->side[Index(kServer)].buffer_bytes, 1u << 20);
  EXPECT_EQ(both->link[0].payload_limit[Index(kServer)], UINT64_MAX);

  const Subscription* const first_stopped =
      Acquire({{.monitor = 0, .stopped = 3}, {.monitor = 1}});
  EXPECT_TRUE(
      first_stopped->mask.Has(EventKind::kNewData, Hook::kNone, kServer));
  EXPECT_GT(first_stopped->side[Index(kClient)].buffer_bytes, 0u);

  // The other monitor's freedom ends with it.
  const Subscription* const second_stopped =
      Acquire({{.monitor = 0}, {.monitor = 1, .stopped = 3}});
  EXPECT_EQ(second_stopped->link[0].payload_limit[Index(kServer)], 100u);
  EXPECT_FALSE(
      second_stopped->mask.Has(EventKind::kNewData, Hook::kNone, kClient));
}

TEST_F(SubscriptionTest, LinkNamesEveryMonitorThatAttachedItsFunction) {
  const size_t shared = AddNf(), other = AddNf();
  AddMonitor({other});
  AddMonitor({shared});
  AddMonitor({other, shared});
  const Subscription* const made =
      Acquire({{.monitor = 0}, {.monitor = 1}, {.monitor = 2}});
  ASSERT_EQ(made->links().size(), 2u);
  EXPECT_EQ(made->link[0].attachments, 0b101);
  EXPECT_EQ(made->link[1].attachments, 0b110);
}

}  // namespace
}  // namespace mosaic
