// All metrics of a running engine with a port of DPDK's, as they are scraped.

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "control/metrics/control_source.h"
#include "control/metrics/engine_source.h"
#include "control/metrics/metrics_collector.h"
#include "control/metrics/policy_source.h"
#include "control/metrics/port_source.h"
#include "dataplane/io/allowed_cpus.h"
#include "dataplane/io/device_arguments.h"
#include "dataplane/io/eal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/metric_text.h"
#include "tests/support/temporary_file.h"

namespace mosaic {
namespace {

using testing::MetricText;

// A port of two queues that receives without end, and an engine whose only
// worker polls the first. EAL starts once, so all tests share one.
class Appliance : public ::testing::Environment {
 public:
  void SetUp() override {
    PortConfig wan;
    wan.name = "wan";
    wan.device = "null";
    wan.rx_queues = wan.tx_queues = 2;
    wan.pool_packets = 1023;
    EalConfig config;
    config.memory_mib = 128;
    config.worker_cpus = SpreadWorkers(1, AllowedCpus());
    config.log = EalConfig::Log::kErrors;
    ASSERT_TRUE(AddDevices({wan}, config).ok());
    auto eal = Eal::Start(config);
    ASSERT_TRUE(eal.ok()) << eal.status();
    eal_ = *std::move(eal);
    auto ports =
        PortSet::Open({wan}, [] { return Timestamp::FromNanos(1'000); });
    ASSERT_TRUE(ports.ok()) << ports.status();
    ports_ = *std::move(ports);
    ports_->port(0).rx_queue(0).AssignTo(numbers_);
    EngineConfig engine;
    engine.worker.tsc_hertz = Eal::TscHertz();
    engine.worker.now = [] { return Timestamp::FromNanos(1'000); };
    engine_ = std::make_unique<Engine>(
        engine, [](const NfInstance&, size_t) { return nullptr; },
        std::vector<PacketSource*>{&ports_->port(0).rx_queue(0)});
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->revision = 1;
    ASSERT_TRUE(
        engine_->Apply(std::move(snapshot), Engine::LiveFlows::kKeep).ok());
    collector_.Add(std::make_unique<ControlSource>(
        ControlSource::Facts{"1", "2", "3", 4},
        ControlSource::Parts{&applies_, &observers_, &calls_,
                             [] { return false; }}));
    collector_.Add(std::make_unique<EngineSource>(
        *engine_, std::vector<EngineSource::Placement>{{0, 0}},
        Eal::TscHertz()));
    collector_.Add(std::make_unique<PolicySource>(*engine_));
    collector_.Add(std::make_unique<PortSource>(*ports_));
  }
  void TearDown() override {
    engine_.reset();
    ports_.reset();
    eal_.reset();
  }

  Engine& engine() { return *engine_; }
  std::string Text() const { return collector_.Text(); }

 private:
  std::unique_ptr<Eal> eal_;
  PacketNumbers numbers_{0, 1};
  std::unique_ptr<PortSet> ports_;
  std::unique_ptr<Engine> engine_;
  ApplyMetrics applies_;
  ObserverMetrics observers_;
  RpcMetrics calls_{std::vector<RpcMetrics::Method>{{"s", "m"}}};
  MetricsCollector collector_;
};

Appliance* const kAppliance =
    static_cast<Appliance*>(::testing::AddGlobalTestEnvironment(new Appliance));

TEST(PortMetricsTest, APortIsToldWithItsQueuesAndPool) {
  const MetricText text(kAppliance->Text());
  EXPECT_EQ(text.Of("mosaic_port_info{port=\"wan\",driver=\"net_null\","
                    "device=\"null\"}"),
            1);
  EXPECT_EQ(text.Of("mosaic_port_up{port=\"wan\"}"), 1);
  EXPECT_EQ(text.Count("mosaic_port_queue_packets_total{port=\"wan\""), 4u);
  EXPECT_EQ(text.Count("mosaic_port_dropped_packets_total{port=\"wan\""), 5u);
  EXPECT_EQ(text.Of("mosaic_mempool_objects{pool=\"wan\",state=\"free\"}") +
                text.Of("mosaic_mempool_objects{pool=\"wan\","
                        "state=\"in_use\"}"),
            1023);
  EXPECT_GT(text.Of("mosaic_dpdk_heap_bytes{numa_node=\"0\","
                    "state=\"allocated\"}"),
            1'000'000);
}

TEST(PortMetricsTest, WhatAWorkerTakesIsCountedAtPortQueueAndCore) {
  size_t moved = 0;
  for (int i = 0; i < 5; ++i) moved += kAppliance->engine().worker(0).RunOnce();
  ASSERT_GT(moved, 0u);
  const MetricText text(kAppliance->Text());
  for (const char* series :
       {"mosaic_port_receive_packets_total{port=\"wan\"}",
        "mosaic_port_queue_packets_total{port=\"wan\",queue=\"0\","
        "direction=\"rx\"}",
        "mosaic_core_packets_total{core=\"0\",direction=\"rx\"}"}) {
    EXPECT_EQ(text.Of(series), static_cast<double>(moved)) << series;
  }
  EXPECT_EQ(text.Of("mosaic_core_loop_duration_seconds_count{core=\"0\"}"), 5);
}

TEST(PortMetricsTest, ScrapesRunBesideTheWorkerAndEachOther) {
  std::atomic<bool> stop{false};
  std::thread worker([&] {
    while (!stop) kAppliance->engine().worker(0).RunOnce();
  });
  std::vector<std::thread> scrapers;
  for (int i = 0; i < 2; ++i) {
    scrapers.emplace_back([] {
      for (int j = 0; j < 50; ++j) EXPECT_FALSE(kAppliance->Text().empty());
    });
  }
  for (std::thread& scraper : scrapers) scraper.join();
  stop = true;
  worker.join();
}

// The names in `text` that look like metrics.
std::set<std::string> MetricsNamedIn(const std::string& text) {
  constexpr char kLetters[] = "abcdefghijklmnopqrstuvwxyz_";
  std::set<std::string> names;
  size_t end = 0;
  for (size_t begin = text.find("mosaic_"); begin != std::string::npos;
       begin = text.find("mosaic_", end)) {
    end = std::min(text.find_first_not_of(kLetters, begin), text.size());
    const bool is_word =
        begin == 0 || std::string_view(kLetters).find(text[begin - 1]) ==
                          std::string_view::npos;
    if (is_word && end > begin + 7)
      names.insert(text.substr(begin, end - begin));
  }
  return names;
}

TEST(MetricNamesTest, EveryMetricThatAlertsAndRunbooksNameIsTold) {
  const MetricText told(kAppliance->Text());
  for (const char* file : {"/rules.yml", "/README.md"}) {
    std::ifstream stream(std::string(MOSAIC_PROMETHEUS) + file);
    std::stringstream text;
    text << stream.rdbuf();
    const std::set<std::string> names = MetricsNamedIn(text.str());
    EXPECT_GT(names.size(), 5u) << file;
    for (std::string name : names) {
      if (const size_t bucket = name.rfind("_bucket");
          bucket != std::string::npos) {
        name.resize(bucket);
      }
      EXPECT_TRUE(told.types.contains(name)) << file << " names " << name;
    }
  }
}

TEST(MetricNamesTest, PromtoolFindsNothingToComplainAbout) {
  ASSERT_EQ(std::system("command -v promtool > /dev/null"), 0)
      << "the package prometheus is not installed";
  const std::string text = kAppliance->Text();
  const testing::TemporaryFile file(
      std::vector<uint8_t>(text.begin(), text.end()));
  const std::string command = "promtool check metrics < " + file.path();
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace mosaic
