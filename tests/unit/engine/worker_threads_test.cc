// The engine with a thread for each worker: the same events as on one, nothing
// lost between the rings, and an end when it is told to stop.

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/engine/engine.h"
#include "gtest/gtest.h"
#include "tests/support/packet_builder.h"
#include "tests/support/traffic_mix.h"
#include "tests/support/vector_source.h"

namespace mosaic::testing {
namespace {

using Events = std::map<uint64_t, std::vector<std::string>>;

// Hears what a flow log would, of one worker.
class Listener : public NetworkFunction {
 public:
  explicit Listener(Events& events) : events_(events) {}

  EventMask subscriptions() const override {
    return EventsOf({EventKind::kConnectionStart, EventKind::kNewData,
                     EventKind::kError, EventKind::kStateChange,
                     EventKind::kConnectionEnd});
  }
  void Configure(std::shared_ptr<const NfConfig>) override {}
  Verdict OnEvent(const Event& event, FlowView& flow) override {
    events_[flow.id()].push_back(
        std::to_string(event.now.nanos()) + ' ' +
        std::to_string(EventMask::Bit(event.kind, event.hook, event.side)) +
        ' ' + std::string(event.data.begin(), event.data.end()) +
        std::to_string(event.error.offset) + '+' +
        std::to_string(event.error.length) + ' ' +
        std::to_string(static_cast<int>(event.new_state)) + ' ' +
        std::to_string(static_cast<int>(event.end_reason)));
    return Verdict::kForward;
  }

 private:
  Events& events_;
};

// An engine on threads of its own, with a listener on each worker.
class ThreadedEngine {
 public:
  ThreadedEngine(size_t workers, PacketSource& source) : events_(workers) {
    EngineConfig config;
    config.workers = workers;
    config.worker.pipeline = MixedTrafficSetup().pipeline;
    config.worker.burst_packets = 16;
    config.seed = {1, 2};
    engine_ = std::make_unique<Engine>(
        config,
        [this](const NfInstance&, size_t worker) {
          return std::make_unique<Listener>(events_[worker]);
        },
        std::vector<PacketSource*>{&source});
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->revision = 1;
    snapshot->monitors = MixedTrafficSetup().monitors;
    snapshot->nf_instances.resize(1);
    EXPECT_TRUE(
        engine_->Apply(std::move(snapshot), Engine::LiveFlows::kKeep).ok());
  }

  void Start() {
    for (size_t i = 0; i < engine_->worker_count(); ++i) {
      threads_.emplace_back([this, i] { engine_->RunWorker(i); });
    }
  }
  void Join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  Engine& engine() { return *engine_; }

  // All workers' events, after Join().
  Events Merged() const {
    Events merged;
    for (const Events& of_worker : events_) {
      for (const auto& [flow, texts] : of_worker) {
        EXPECT_TRUE(merged.emplace(flow, texts).second)
            << "flow " << flow << " was on two workers";
      }
    }
    return merged;
  }

  // Every packet that a worker received met its fate.
  void ExpectAllPacketsSettled() const {
    uint64_t received = 0;
    uint64_t settled = 0;
    uint64_t pending = 0;
    for (size_t i = 0; i < engine_->worker_count(); ++i) {
      const CoreCounters& c = engine_->worker(i).counters();
      received += c.rx_packets.Read();
      settled += c.consumed_packets.Read();
      for (const Counter& dropped : c.dropped_packets) {
        settled += dropped.Read();
      }
      pending += c.handed_off_packets.Read() - c.taken_over_packets.Read();
    }
    EXPECT_EQ(received, settled);
    EXPECT_EQ(pending, 0u) << "packets left in a ring";
  }

 private:
  std::vector<Events> events_;
  std::unique_ptr<Engine> engine_;
  std::vector<std::thread> threads_;
};

Events Play(size_t workers) {
  VectorSource source(MixedTraffic());
  ThreadedEngine threaded(workers, source);
  threaded.Start();
  threaded.Join();
  threaded.ExpectAllPacketsSettled();
  return threaded.Merged();
}

TEST(WorkerThreads, EventsOfAFlowDoNotDependOnTheNumberOfWorkers) {
  const Events expected = Play(1);
  EXPECT_GT(expected.size(), 60u);
  for (const size_t workers : {2, 3, 5}) {
    const Events events = Play(workers);
    ASSERT_EQ(events.size(), expected.size());
    for (const auto& [flow, texts] : expected) {
      ASSERT_EQ(events.at(flow), texts)
          << "flow " << flow << " on " << workers << " workers";
    }
  }
}

// The receiving worker may be waiting for room in another's ring just then.
TEST(WorkerThreads, StopEndsAllWorkersAndSettlesWhatWasReceived) {
  const std::vector<TimedPacket> traffic = MixedTraffic();
  for (int round = 0; round < 5; ++round) {
    VectorSource source(traffic, VectorSource::Repeat::kForEver);
    ThreadedEngine threaded(3, source);
    threaded.Start();
    while (threaded.engine().worker(2).counters().taken_over_packets.Read() <
           5000) {
      std::this_thread::yield();
    }
    threaded.engine().Stop();
    threaded.Join();
    threaded.ExpectAllPacketsSettled();
    for (size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(threaded.engine().worker(i).pipeline().tracker().table().size(),
                0u);
    }
  }
}

TEST(WorkerThreads, AConfigurationReachesWorkersThatRun) {
  const std::vector<TimedPacket> traffic = MixedTraffic();
  VectorSource source(traffic, VectorSource::Repeat::kForEver);
  ThreadedEngine threaded(2, source);
  threaded.Start();
  for (uint64_t revision = 2; revision < 20; ++revision) {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->revision = revision;
    snapshot->monitors = MixedTrafficSetup().monitors;
    snapshot->nf_instances.resize(1);
    ASSERT_TRUE(threaded.engine()
                    .Apply(std::move(snapshot), Engine::LiveFlows::kReevaluate)
                    .ok());
    while (!threaded.engine().AllRunning()) std::this_thread::yield();
    threaded.engine().Reclaim();
  }
  threaded.engine().Stop();
  threaded.Join();
  threaded.ExpectAllPacketsSettled();
}

TEST(WorkerThreads, StopEndsWorkersThatWereNeverConfigured) {
  VectorSource source(MixedTraffic(), VectorSource::Repeat::kForEver);
  EngineConfig config;
  config.workers = 2;
  Engine engine(config, nullptr, {&source});
  std::thread first([&] { engine.RunWorker(0); });
  std::thread second([&] { engine.RunWorker(1); });
  engine.Stop();
  first.join();
  second.join();
}

}  // namespace
}  // namespace mosaic::testing
