#include "control/metrics/control_source.h"

#include <utility>

namespace mosaic {
namespace {

constexpr double kNanosPerSecond = 1e9;

void CollectApplies(const ApplyMetrics& metrics, MetricFamilies& families) {
  families
      .Gauge("mosaic_config_revision",
             "Configuration revision that the control side holds.")
      .Add({}, static_cast<double>(metrics.revision.Read()));
  families
      .Gauge("mosaic_config_last_apply_timestamp_seconds",
             "Unix time of the last apply that every core runs; 0: none.")
      .Add({}, static_cast<double>(metrics.last_apply_unix_nanos.Read()) /
                   kNanosPerSecond);
  MetricFamilyWriter& applies = families.Counter(
      "mosaic_config_applies_total",
      "Configurations asked for, by what became of them. timeout: a core did "
      "not answer, look at mosaic_core_heartbeats_total.");
  for (size_t i = 0; i < kApplyOutcomeNames.size(); ++i) {
    applies.Add({{"result", kApplyOutcomeNames[i]}},
                static_cast<double>(metrics.applies[i].Read()));
  }
  MetricFamilyWriter& durations =
      families.Histogram("mosaic_config_apply_duration_seconds",
                         "Time of each step of an apply. quiesce: until every "
                         "core had taken it up.");
  for (size_t i = 0; i < kApplyPhaseNames.size(); ++i) {
    durations.Add({{"phase", kApplyPhaseNames[i]}}, metrics.durations[i].Read(),
                  kNanosPerSecond);
  }
}

void CollectObservers(const ObserverMetrics& metrics,
                      MetricFamilies& families) {
  families
      .Gauge("mosaic_observer_subscribers", "Event streams that are open now.")
      .Add({}, static_cast<double>(metrics.subscribers.load()));
  MetricFamilyWriter& events = families.Counter(
      "mosaic_observer_events_total",
      "Events on their way to subscribers, by what became of them. "
      "lost_subscriber: it reads too slowly; lost_core_ring: ask for fewer "
      "kinds.");
  for (size_t i = 0; i < kObserverResultNames.size(); ++i) {
    events.Add({{"result", kObserverResultNames[i]}},
               static_cast<double>(metrics.events[i].load()));
  }
}

void CollectCalls(const RpcMetrics& metrics, MetricFamilies& families) {
  MetricFamilyWriter& handled = families.Counter(
      "mosaic_grpc_server_handled_total",
      "Calls of the API that have ended, by method and status code.");
  MetricFamilyWriter& seconds =
      families.Histogram("mosaic_grpc_server_handling_seconds",
                         "Time of calls of the API; of a stream its life.");
  for (const RpcMetrics::Reading& reading : metrics.Read()) {
    const MetricLabel service = {"grpc_service", reading.method.service};
    const MetricLabel method = {"grpc_method", reading.method.method};
    for (size_t code = 0; code < RpcMetrics::kCodes; ++code) {
      handled.Add({service, method, {"grpc_code", RpcMetrics::CodeName(code)}},
                  static_cast<double>(reading.handled[code]));
    }
    seconds.Add({service, method}, reading.nanoseconds, kNanosPerSecond);
  }
}

}  // namespace

ControlSource::ControlSource(Facts facts, Parts parts)
    : facts_(std::move(facts)), parts_(std::move(parts)) {}

void ControlSource::Collect(MetricFamilies& families) const {
  CollectFacts(families);
  if (parts_.applies != nullptr) CollectApplies(*parts_.applies, families);
  if (parts_.draining) {
    families.Gauge("mosaic_draining", "1 from the start of a drain on, else 0.")
        .Add({}, parts_.draining() ? 1 : 0);
  }
  if (parts_.observers != nullptr) {
    CollectObservers(*parts_.observers, families);
  }
  if (parts_.calls != nullptr) CollectCalls(*parts_.calls, families);
}

void ControlSource::CollectFacts(MetricFamilies& families) const {
  families
      .Gauge("mosaic_build_info", "Constant 1; the labels say what was built.")
      .Add({{"version", facts_.version},
            {"git_commit", facts_.git_commit},
            {"dpdk_version", facts_.dpdk_version}},
           1);
  families
      .Gauge("mosaic_start_time_seconds", "Unix time at which Mosaic started.")
      .Add({}, static_cast<double>(facts_.start_unix_nanos) / kNanosPerSecond);
}

}  // namespace mosaic
