#include <array>
#include <memory>

#include "control/metrics/control_source.h"
#include "control/metrics/engine_source.h"
#include "control/metrics/metrics_collector.h"
#include "control/metrics/policy_source.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/metric_text.h"

namespace mosaic {
namespace {

using testing::MetricText;

constexpr std::array<uint64_t, 2> kBounds = {1'000, 5'000'000};

class OneHistogram : public MetricsSource {
 public:
  void Collect(MetricFamilies& families) const override {
    Histogram histogram(kBounds);
    histogram.Record(1'000);
    histogram.Record(2'000);
    histogram.Record(9'000'000'000);
    families.Histogram("h_seconds", "A histogram.")
        .Add({{"core", "0"}}, histogram.Read(), 1e9);
  }
};

class OneSeries : public MetricsSource {
 public:
  explicit OneSeries(std::string nf) : nf_(std::move(nf)) {}
  void Collect(MetricFamilies& families) const override {
    families.Counter("c_total", "A counter.").Add({{"nf", nf_}}, 3);
  }

 private:
  const std::string nf_;
};

TEST(MetricsCollectorTest, AHistogramIsCumulativeAndInBaseUnits) {
  MetricsCollector collector;
  collector.Add(std::make_unique<OneHistogram>());
  const MetricText text(collector.Text());
  EXPECT_EQ(text.types.at("h_seconds"), "histogram");
  EXPECT_EQ(text.Of("h_seconds_bucket{core=\"0\",le=\"1e-06\"}"), 1);
  EXPECT_EQ(text.Of("h_seconds_bucket{core=\"0\",le=\"0.005\"}"), 2);
  EXPECT_EQ(text.Of("h_seconds_bucket{core=\"0\",le=\"+Inf\"}"), 3);
  EXPECT_EQ(text.Of("h_seconds_count{core=\"0\"}"), 3);
  EXPECT_NEAR(text.Of("h_seconds_sum{core=\"0\"}"), 9.000003, 1e-9);
}

TEST(MetricsCollectorTest, SourcesThatShareAFamilyAddToIt) {
  MetricsCollector collector;
  collector.Add(std::make_unique<OneSeries>("a"));
  collector.Add(std::make_unique<OneSeries>("b"));
  const MetricText text(collector.Text());
  EXPECT_EQ(text.Of("c_total{nf=\"a\"}"), 3);
  EXPECT_EQ(text.Of("c_total{nf=\"b\"}"), 3);
  EXPECT_EQ(text.helps.size(), 1u);
}

// A function with a counter, as nf/ has them.
class Counting : public NetworkFunction {
 public:
  EventMask subscriptions() const override {
    return EventMask::Of(EventKind::kPacketIn, Hook::kSender, Side::kClient);
  }
  void Configure(std::shared_ptr<const NfConfig>) override {}
  Verdict OnEvent(const Event&, FlowView&) override {
    return Verdict::kForward;
  }
  std::span<const NfCounter> counters() const override { return kinds_; }

 private:
  Counter tastes_;
  const std::array<NfCounter, 1> kinds_ = {
      NfCounter{"tastes", "Packets tasted.", &tastes_}};
};

// An engine of `workers` that runs `functions` and as many monitors.
class EngineMetrics {
 public:
  explicit EngineMetrics(size_t workers, size_t functions = 1)
      : engine_(Config(workers),
                [](const NfInstance&, size_t) {
                  return std::make_unique<Counting>();
                },
                {}) {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->revision = 1;
    for (size_t i = 0; i < functions; ++i) {
      NfInstance instance;
      instance.name = "nfInstances/nf" + std::to_string(i);
      snapshot->nf_instances.push_back(instance);
      Monitor monitor;
      monitor.name = "monitors/m" + std::to_string(i);
      monitor.nf_instances = {i};
      snapshot->monitors.push_back(monitor);
    }
    EXPECT_TRUE(
        engine_.Apply(std::move(snapshot), Engine::LiveFlows::kKeep).ok());
    for (size_t i = 0; i < workers; ++i) engine_.worker(i).RunOnce();
    std::vector<EngineSource::Placement> placements;
    for (size_t i = 0; i < workers; ++i) {
      placements.push_back({static_cast<int>(i), 0});
    }
    collector_.Add(std::make_unique<EngineSource>(engine_, placements,
                                                  uint64_t{2'000'000'000}));
    collector_.Add(std::make_unique<PolicySource>(engine_));
  }

  MetricText Text() const { return MetricText(collector_.Text()); }

 private:
  static EngineConfig Config(size_t workers) {
    EngineConfig config;
    config.workers = workers;
    config.worker.pipeline.limits.flows = 1024;
    return config;
  }

  Engine engine_;
  MetricsCollector collector_;
};

TEST(EngineMetricsTest, SeriesAreThereAt0BeforeTheFirstPacket) {
  const MetricText text = EngineMetrics(2).Text();
  for (const char* series :
       {"mosaic_core_packets_total{core=\"1\",direction=\"tx\"}",
        "mosaic_core_dropped_packets_total{core=\"0\",reason=\"nf\"}",
        "mosaic_parse_errors_total{core=\"0\",reason=\"link_truncated\"}",
        "mosaic_flows_ended_total{core=\"1\",reason=\"drained\"}",
        "mosaic_stream_stopped_total{core=\"0\",side=\"server\","
        "reason=\"age\"}",
        "mosaic_stream_buffer_bytes{core=\"0\",side=\"client\"}",
        "mosaic_flows{core=\"0\"}", "mosaic_timers_active{core=\"1\"}",
        "mosaic_core_loop_duration_seconds_count{core=\"0\"}",
        "mosaic_flow_lifetime_seconds_count",
        "mosaic_monitor_packets_total{monitor=\"m0\"}",
        "mosaic_monitor_filter_matches_total{monitor=\"m0\",filter=\"syn\"}",
        "mosaic_nf_packets_total{nf=\"nf0\",verdict=\"drop\"}",
        "mosaic_nf_tastes_total{nf=\"nf0\"}"}) {
    EXPECT_EQ(text.Of(series), 0) << series;
  }
}

TEST(EngineMetricsTest, WhatIsFixedIsToldAsItIs) {
  const MetricText text = EngineMetrics(2).Text();
  EXPECT_EQ(text.Of("mosaic_core_info{core=\"1\",cpu=\"1\",numa_node=\"0\","
                    "role=\"worker\"}"),
            1);
  EXPECT_EQ(text.Of("mosaic_flows_max{core=\"0\"}"), 1024);
  EXPECT_EQ(text.Of("mosaic_core_tsc_hertz{core=\"0\"}"), 2e9);
  EXPECT_EQ(text.Of("mosaic_core_config_revision{core=\"1\"}"), 1);
  EXPECT_GT(text.Of("mosaic_core_longest_apply_seconds{core=\"0\"}"), 0);
  EXPECT_LT(text.Of("mosaic_core_longest_apply_seconds{core=\"0\"}"), 1);
}

TEST(EngineMetricsTest, EachFamilyHasATypeAndHelpAndATelltaleName) {
  const MetricText text = EngineMetrics(1).Text();
  EXPECT_EQ(text.types.size(), text.helps.size());
  for (const auto& [name, type] : text.types) {
    EXPECT_TRUE(name.starts_with("mosaic_")) << name;
    EXPECT_EQ(name.ends_with("_total"), type == "counter") << name;
    EXPECT_TRUE(text.helps.at(name).ends_with('.')) << name;
  }
}

TEST(EngineMetricsTest, SeriesGrowWithCoresAndResourcesOnly) {
  const size_t one = EngineMetrics(1).Text().series.size();
  const size_t two = EngineMetrics(2).Text().series.size();
  const size_t five = EngineMetrics(5).Text().series.size();
  const size_t by_core = two - one;
  EXPECT_EQ(five, one + 4 * by_core);
  EXPECT_LE(by_core, 240u);
  const size_t more_resources = EngineMetrics(1, 3).Text().series.size();
  EXPECT_EQ(more_resources, one + 2 * 11u)
      << "5 series for a monitor, 6 for a function with one counter";
}

TEST(ControlMetricsTest, PartsThatAreNotThereAreNotTold) {
  MetricsCollector collector;
  collector.Add(std::make_unique<ControlSource>(
      ControlSource::Facts{"1.2.3", "abcdef", "DPDK 22.11.0",
                           1'700'000'000'500'000'000},
      ControlSource::Parts{}));
  const MetricText text(collector.Text());
  EXPECT_EQ(text.series.size(), 2u);
  EXPECT_EQ(text.Of("mosaic_build_info{version=\"1.2.3\",git_commit=\"abcdef\","
                    "dpdk_version=\"DPDK 22.11.0\"}"),
            1);
  EXPECT_EQ(text.Of("mosaic_start_time_seconds"), 1'700'000'000.5);
}

TEST(ControlMetricsTest, AppliesObserversAndDrainsAreToldByResult) {
  ApplyMetrics applies;
  applies.Count(ApplyOutcome::kConflict);
  applies.Record(ApplyPhase::kQuiesce, std::chrono::microseconds(70));
  applies.revision.Set(12);
  ObserverMetrics observers;
  observers.subscribers = 2;
  observers.Count(ObserverResult::kLostSubscriber, 5);
  bool draining = false;
  MetricsCollector collector;
  ControlSource::Parts parts;
  parts.applies = &applies;
  parts.observers = &observers;
  parts.draining = [&] { return draining; };
  collector.Add(std::make_unique<ControlSource>(ControlSource::Facts{}, parts));

  const MetricText text(collector.Text());
  EXPECT_EQ(text.Of("mosaic_config_applies_total{result=\"conflict\"}"), 1);
  EXPECT_EQ(text.Of("mosaic_config_applies_total{result=\"ok\"}"), 0);
  EXPECT_EQ(text.Of("mosaic_config_revision"), 12);
  EXPECT_EQ(text.Of("mosaic_config_last_apply_timestamp_seconds"), 0);
  const std::string quiesce =
      "mosaic_config_apply_duration_seconds_bucket{phase=\"quiesce\",";
  EXPECT_EQ(text.Of(quiesce + "le=\"5e-05\"}"), 0);
  EXPECT_EQ(text.Of(quiesce + "le=\"0.0001\"}"), 1);
  EXPECT_EQ(text.Of("mosaic_observer_subscribers"), 2);
  EXPECT_EQ(text.Of("mosaic_observer_events_total{result=\"lost_subscriber\"}"),
            5);
  EXPECT_EQ(text.Of("mosaic_draining"), 0);
  draining = true;
  EXPECT_EQ(MetricText(collector.Text()).Of("mosaic_draining"), 1);
}

TEST(ControlMetricsTest, CallsAreToldByMethodAndCodeAndNoCallerAddsASeries) {
  const std::vector<RpcMetrics::Method> methods = {
      {"mosaic.v1.MonitorService", "GetMonitor"}};
  RpcMetrics calls(methods);
  MetricsCollector collector;
  ControlSource::Parts parts;
  parts.calls = &calls;
  collector.Add(std::make_unique<ControlSource>(ControlSource::Facts{}, parts));
  const size_t series_before = MetricText(collector.Text()).series.size();

  calls.Record("mosaic.v1.MonitorService", "GetMonitor",
               absl::StatusCode::kNotFound, std::chrono::milliseconds(3));
  for (const char* strange : {"a", "b", "c"}) {
    calls.Record("evil", strange, absl::StatusCode::kUnimplemented,
                 std::chrono::milliseconds(1));
  }
  calls.Record("mosaic.v1.MonitorService", "GetMonitor",
               static_cast<absl::StatusCode>(99), std::chrono::seconds(-1));

  const MetricText text(collector.Text());
  EXPECT_EQ(text.series.size(), series_before);
  const std::string get =
      "grpc_service=\"mosaic.v1.MonitorService\",grpc_method=\"GetMonitor\"";
  EXPECT_EQ(text.Of("mosaic_grpc_server_handled_total{" + get +
                    ",grpc_code=\"NOT_FOUND\"}"),
            1);
  EXPECT_EQ(text.Of("mosaic_grpc_server_handled_total{" + get +
                    ",grpc_code=\"UNKNOWN\"}"),
            1);
  EXPECT_EQ(text.Of("mosaic_grpc_server_handling_seconds_count{" + get + "}"),
            2);
  EXPECT_EQ(text.Of("mosaic_grpc_server_handled_total{grpc_service=\"unknown\","
                    "grpc_method=\"unknown\",grpc_code=\"UNIMPLEMENTED\"}"),
            3);
}

}  // namespace
}  // namespace mosaic
