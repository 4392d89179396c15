// Workers, the hub and its readers, each on a thread of its own: every record
// is told, filtered, sampled out or lost, and the sums are exact.

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <semaphore>
#include <thread>
#include <utility>
#include <vector>

#include "control/core/event_hub.h"
#include "dataplane/engine/engine.h"
#include "gtest/gtest.h"
#include "tests/support/traffic_mix.h"
#include "tests/support/vector_source.h"

namespace mosaic::testing {
namespace {

// What a subscriber was told, added up.
struct Tally {
  uint64_t observations = 0;
  uint64_t events = 0;
  uint64_t lost_core_ring = 0;
  uint64_t lost_queue = 0;
  bool started = false;
  bool sequences_hold = true;
  std::map<uint64_t, std::vector<EventKind>> by_flow;

  void Add(const Observation& observation) {
    sequences_hold &= observation.sequence == ++observations;
    if (std::holds_alternative<ObserverStarted>(observation.what)) {
      started = true;
    } else if (const auto* event =
                   std::get_if<ObservedEvent>(&observation.what)) {
      ++events;
      by_flow[event->record.flow_id].push_back(event->record.kind);
    } else if (const auto* lost = std::get_if<LostEvents>(&observation.what)) {
      (lost->point == LossPoint::kCoreRing ? lost_core_ring : lost_queue) +=
          lost->count;
    }
  }
};

// A subscription with a thread that reads it whenever there is something.
class Reader {
 public:
  enum class Reads : uint8_t { kAtOnce, kAtTheEnd };

  Reader(EventHub& hub, SubscribeOptions options, Reads reads) {
    auto made = hub.Subscribe(std::move(options), [this] { wake_.release(); });
    EXPECT_TRUE(made.ok());
    subscription_ = *std::move(made);
    // Live from here on.
    wake_.acquire();
    Observation observation;
    EXPECT_TRUE(subscription_->Next(observation));
    tally_.Add(observation);
    EXPECT_TRUE(tally_.started);
    if (reads == Reads::kAtOnce) thread_ = std::thread([this] { Run(); });
  }

  // When nothing more comes: reads what is left.
  void Finish() {
    if (thread_.joinable()) {
      finish_.store(true);
      wake_.release();
      thread_.join();
    }
    ReadAll();
  }

  const Tally& tally() const { return tally_; }
  SubscriptionCounts counts() const { return subscription_->counts(); }

 private:
  void Run() {
    while (true) {
      ReadAll();
      if (finish_.load()) return;
      wake_.acquire();
    }
  }
  void ReadAll() {
    Observation observation;
    while (subscription_->Next(observation)) tally_.Add(observation);
  }

  std::counting_semaphore<> wake_{0};
  std::atomic<bool> finish_{false};
  std::unique_ptr<EventSubscription> subscription_;
  Tally tally_;
  std::thread thread_;
};

// Runs the mixed traffic, `rounds` times over, on `workers` threads.
class ObservedEngine {
 public:
  ObservedEngine(EventHub& hub, MonitorDirectory& directory, size_t workers,
                 int rounds)
      : source_(Repeated(rounds)) {
    EngineConfig config;
    config.workers = workers;
    config.worker.pipeline = MixedTrafficSetup().pipeline;
    config.worker.burst_packets = 16;
    config.seed = {1, 2};
    for (size_t i = 0; i < workers; ++i) {
      config.observers.push_back(&hub.tap(i));
    }
    engine_ = std::make_unique<Engine>(
        config,
        [](const NfInstance&,
           size_t) -> absl::StatusOr<std::unique_ptr<NetworkFunction>> {
          return absl::InternalError("there is no function");
        },
        std::vector<PacketSource*>{&source_});
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->revision = 1;
    snapshot->monitors = {StreamMonitor({})};
    snapshot->monitors[0].midstream = Midstream::kPickup;
    directory.Add(*snapshot);
    EXPECT_TRUE(
        engine_->Apply(std::move(snapshot), Engine::LiveFlows::kKeep).ok());
  }

  void Run() {
    std::vector<std::thread> threads;
    for (size_t i = 0; i < engine_->worker_count(); ++i) {
      threads.emplace_back([this, i] { engine_->RunWorker(i); });
    }
    for (std::thread& thread : threads) thread.join();
  }

  uint64_t Sum(uint64_t (*read)(const CoreCounters&)) const {
    uint64_t sum = 0;
    for (size_t i = 0; i < engine_->worker_count(); ++i) {
      sum += read(engine_->worker(i).counters());
    }
    return sum;
  }

 private:
  static std::vector<TimedPacket> Repeated(int rounds) {
    const std::vector<TimedPacket> once = MixedTraffic();
    std::vector<TimedPacket> packets;
    Duration later;
    for (int i = 0; i < rounds; ++i) {
      for (const TimedPacket& packet : once) {
        packets.push_back({packet.time + later, packet.packet});
      }
      later = later + (once.back().time - once.front().time) +
              Duration::Seconds(1000);
    }
    return packets;
  }

  VectorSource source_;
  std::unique_ptr<Engine> engine_;
};

// Takes what is left after the workers have ended.
void DrainAll(EventHub& hub) {
  hub.Stop();
  while (hub.Drain(EventHub::Clock::now()) > 0) {
  }
}

uint64_t Produced(EventHub& hub, size_t workers) {
  uint64_t produced = 0;
  for (size_t i = 0; i < workers; ++i) produced += hub.tap(i).produced();
  return produced;
}

SubscribeOptions Options(size_t queue_events) {
  SubscribeOptions options;
  options.queue_events = queue_events;
  options.heartbeat = EventHub::kLongestHeartbeat;
  return options;
}

TEST(EventHubThreads, EverySubscribersSumsAreExactWhateverIsLost) {
  constexpr size_t kWorkers = 3;
  MonitorDirectory directory;
  // Small rings and queues, so that records are lost at every place.
  EventHub hub(kWorkers, directory, 64);
  ObservedEngine engine(hub, directory, kWorkers, 4);
  hub.Start();
  std::vector<std::unique_ptr<Reader>> readers;
  const auto add = [&](SubscribeOptions options, Reader::Reads reads) {
    readers.push_back(std::make_unique<Reader>(hub, std::move(options), reads));
  };
  add(Options(EventHub::kMaxQueue), Reader::Reads::kAtOnce);
  add(Options(16), Reader::Reads::kAtOnce);
  add(Options(10), Reader::Reads::kAtTheEnd);  // Never reads while it runs.
  SubscribeOptions data = Options(1000);
  data.selection.allow.resize(1);
  data.selection.allow[0].kinds = {EventKind::kNewData, EventKind::kPacketIn};
  data.selection.deny.resize(1);
  data.selection.deny[0].flow.protocols = {17};
  add(data, Reader::Reads::kAtOnce);
  SubscribeOptions sample = Options(EventHub::kMaxQueue);
  sample.selection.sample_one_in = 3;
  add(sample, Reader::Reads::kAtOnce);

  engine.Run();
  DrainAll(hub);
  const uint64_t produced = Produced(hub, kWorkers);
  EXPECT_GT(produced, 10'000u);
  for (size_t i = 0; i < readers.size(); ++i) {
    SCOPED_TRACE(i);
    Reader& reader = *readers[i];
    reader.Finish();
    const SubscriptionCounts counts = reader.counts();
    EXPECT_EQ(counts.queued, 0u);
    EXPECT_EQ(produced, counts.delivered + counts.filtered +
                            counts.sampled_out + counts.lost_core_ring +
                            counts.lost_queue);
    // What was told is what was counted.
    EXPECT_EQ(reader.tally().events, counts.delivered);
    EXPECT_EQ(reader.tally().lost_core_ring, counts.lost_core_ring);
    EXPECT_EQ(reader.tally().lost_queue, counts.lost_queue);
    EXPECT_TRUE(reader.tally().sequences_hold);
    EXPECT_EQ(counts.lost_core_ring, readers[0]->counts().lost_core_ring);
  }
  EXPECT_EQ(readers[2]->counts().delivered, 10u);
  EXPECT_GT(readers[2]->counts().lost_queue, 0u);
  EXPECT_GT(readers[3]->counts().filtered, 0u);
  EXPECT_GT(readers[4]->counts().sampled_out, 0u);
}

TEST(EventHubThreads, WithRoomEveryFlowIsToldFromStartToEndInOrder) {
  constexpr size_t kWorkers = 2;
  MonitorDirectory directory;
  EventHub hub(kWorkers, directory, size_t{1} << 16);
  ObservedEngine engine(hub, directory, kWorkers, 1);
  hub.Start();
  Reader reader(hub, Options(EventHub::kMaxQueue), Reader::Reads::kAtOnce);
  engine.Run();
  DrainAll(hub);
  reader.Finish();
  EXPECT_EQ(reader.counts().lost_core_ring, 0u);
  EXPECT_EQ(reader.counts().lost_queue, 0u);
  EXPECT_EQ(
      reader.tally().by_flow.size(),
      engine.Sum([](const CoreCounters& c) { return c.flows_created.Read(); }));
  for (const auto& [flow, kinds] : reader.tally().by_flow) {
    EXPECT_EQ(kinds.front(), EventKind::kConnectionStart) << flow;
    EXPECT_EQ(kinds.back(), EventKind::kConnectionEnd) << flow;
    EXPECT_EQ(std::ranges::count(kinds, EventKind::kConnectionStart), 1);
    EXPECT_EQ(std::ranges::count(kinds, EventKind::kConnectionEnd), 1);
  }
}

TEST(EventHubThreads, SubscribersComeAndGoWhileTheEngineRuns) {
  constexpr size_t kWorkers = 2;
  MonitorDirectory directory;
  EventHub hub(kWorkers, directory, 256);
  ObservedEngine engine(hub, directory, kWorkers, 4);
  hub.Start();
  std::atomic<bool> running{true};
  std::thread churn([&] {
    while (running.load()) {
      Reader first(hub, Options(8), Reader::Reads::kAtOnce);
      Reader second(hub, Options(8), Reader::Reads::kAtTheEnd);
      first.Finish();
      second.Finish();
      EXPECT_TRUE(first.tally().sequences_hold);
      EXPECT_TRUE(second.tally().sequences_hold);
    }
  });
  engine.Run();
  running.store(false);
  churn.join();
  EXPECT_EQ(hub.subscribers(), 0u);
}

}  // namespace
}  // namespace mosaic::testing
