// The control side from many threads, over workers that run on their own.

#include <atomic>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "control/core/config_store.h"
#include "gtest/gtest.h"
#include "tests/unit/core/core_harness.h"

namespace mosaic {
namespace {

using testing::Parse;

// Datagrams of some flows, for ever.
class EndlessSource : public PacketSource {
 public:
  EndlessSource() {
    for (uint16_t i = 0; i < 64; ++i) {
      frames_.push_back(PacketBuilder()
                            .Ipv4("10.0.0.1", "10.1.0.1")
                            .Udp(static_cast<uint16_t>(2000 + i), 53)
                            .Build());
    }
  }
  size_t Receive(std::span<Packet> burst) override {
    for (Packet& packet : burst) {
      PacketBuilder::Bytes& frame = frames_[index_ % frames_.size()];
      packet = Packet();
      packet.data = frame.data();
      packet.length = static_cast<uint32_t>(frame.size());
      packet.wire_length = packet.length;
      packet.time =
          Timestamp() + Duration::Micros(static_cast<int64_t>(index_));
      packet.clock = packet.time;
      packet.index = index_++;
    }
    return burst.size();
  }
  State state() const override { return State::kActive; }

 private:
  std::vector<PacketBuilder::Bytes> frames_;
  uint64_t index_ = 0;
};

class QuietFunction : public NetworkFunction {
 public:
  EventMask subscriptions() const override {
    return EventMask::Of(EventKind::kPacketIn, Hook::kSender);
  }
  void Configure(std::shared_ptr<const NfConfig>) override {}
  Verdict OnEvent(const Event&, FlowView&) override {
    return Verdict::kForward;
  }
};

// Everything, with the system's clock and a thread for each worker.
class RunningCore {
 public:
  explicit RunningCore(size_t workers)
      : engine(Config(workers),
               [](const NfInstance&,
                  size_t) -> absl::StatusOr<std::unique_ptr<NetworkFunction>> {
                 return std::make_unique<QuietFunction>();
               },
               {&source}),
        filters(CheckInThisProcess),
        tasks(engine, clock),
        applier(engine, tasks, filters, monitors, clock, metrics, Options()),
        store(applier, filters, clock, metrics,
              [this](v1::NfInstance& nf) { FillNfStatus(engine, nf); }),
        flows(tasks, monitors, clock, WallTime()) {
    for (size_t i = 0; i < workers; ++i) {
      threads.emplace_back([this, i] { engine.RunWorker(i); });
    }
  }
  ~RunningCore() {
    engine.Stop();
    for (std::thread& thread : threads) thread.join();
  }

  static EngineConfig Config(size_t workers) {
    EngineConfig config;
    config.workers = workers;
    config.worker.pipeline.limits.flows = 1024;
    config.worker.pipeline.limits.reassembly_bytes = 1 << 20;
    config.worker.pipeline.limits.timeouts.enabled = false;
    config.seed = {1, 2};
    return config;
  }
  // A loaded machine may take long to give each worker its turn.
  static Applier::Options Options() {
    Applier::Options options;
    options.deadline = absl::Seconds(60);
    return options;
  }

  SystemClock clock;
  EndlessSource source;
  Engine engine;
  FilterCache filters;
  MonitorDirectory monitors;
  WorkerTasks tasks;
  ApplyMetrics metrics;
  Applier applier;
  ConfigStore store;
  FlowQuery flows;
  std::vector<std::thread> threads;
};

v1::ApplyConfigRequest Document(int number) {
  auto request = Parse<v1::ApplyConfigRequest>(
      "config { nf_instances { name: 'nfInstances/f' firewall { } } monitors { "
      "name: 'monitors/a' type: MONITOR_TYPE_STREAM nf_instances: "
      "'nfInstances/f' } }");
  request.mutable_config()->mutable_monitors(0)->set_priority(
      static_cast<uint32_t>(number));
  request.set_live_flows(number % 3 == 0 ? v1::LIVE_FLOWS_REEVALUATE
                                         : v1::LIVE_FLOWS_KEEP);
  return request;
}

TEST(CoreThreads, TwoHundredAppliesReachWorkersThatProcessPackets) {
  RunningCore core(2);
  for (int i = 1; i <= 200; ++i) {
    const auto applied = core.store.ApplyConfig(Document(i));
    ASSERT_TRUE(applied.ok()) << applied.error().message;
    ASSERT_EQ(applied.value().result().revision(), static_cast<uint64_t>(i));
    for (size_t w = 0; w < 2; ++w) {
      ASSERT_EQ(core.engine.worker(w).link().running_revision.load(),
                static_cast<uint64_t>(i));
    }
    ASSERT_LE(core.applier.retained_revisions(),
              Applier::Options().census_revisions + 1);
  }
  EXPECT_GT(core.engine.worker(0).counters().rx_packets.Read(), 0u);
}

// Writers of one monitor each, a writer that applies and takes back a document,
// and readers: no write is lost, and what is read is whole.
TEST(CoreThreads, ConcurrentWritersAndReadersSeeWholeStates) {
  RunningCore core(2);
  ASSERT_TRUE(core.store.ApplyConfig(Document(1)).ok());
  constexpr int kWrites = 15;
  std::atomic<bool> done{false};
  std::vector<std::thread> threads;
  for (int writer = 0; writer < 3; ++writer) {
    threads.emplace_back([&, writer] {
      const std::string id = absl::StrCat("w", writer);
      auto create = Parse<v1::CreateMonitorRequest>(absl::StrCat(
          "monitor_id: '", id, "' monitor { type: MONITOR_TYPE_STREAM }"));
      EXPECT_TRUE(core.store.CreateMonitor(create).ok());
      for (int i = 1; i <= kWrites; ++i) {
        auto update = Parse<v1::UpdateMonitorRequest>(absl::StrCat(
            "monitor { name: 'monitors/", id, "' priority: ", i, " }"));
        const auto updated = core.store.UpdateMonitor(update);
        EXPECT_TRUE(updated.ok());
      }
    });
  }
  std::vector<std::thread> readers;
  readers.emplace_back([&] {
    while (!done.load()) {
      const v1::GetConfigResponse config = core.store.GetConfig();
      EXPECT_GE(config.config().monitors_size(), 1);
      for (const v1::Monitor& monitor : config.config().monitors()) {
        EXPECT_FALSE(monitor.etag().empty());
      }
    }
  });
  readers.emplace_back([&] {
    while (!done.load()) {
      const auto listed =
          core.flows.ListFlows(v1::ListFlowsRequest(), absl::Seconds(60));
      EXPECT_TRUE(listed.ok());
    }
  });
  for (std::thread& thread : threads) thread.join();
  done.store(true);
  for (std::thread& thread : readers) thread.join();
  const v1::GetConfigResponse config = core.store.GetConfig();
  ASSERT_EQ(config.config().monitors_size(), 4);
  for (int i = 1; i < 4; ++i) {
    EXPECT_EQ(config.config().monitors(i).priority(),
              static_cast<uint32_t>(kWrites));
  }
  EXPECT_EQ(core.applier.revision(), 1u + 3 * (kWrites + 1));
}

}  // namespace
}  // namespace mosaic
