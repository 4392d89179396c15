#include "control/metrics/engine_source.h"

#include <utility>

#include "dataplane/base/check.h"

namespace mosaic {
namespace {

std::vector<std::string> Numbers(size_t count) {
  std::vector<std::string> numbers;
  for (size_t i = 0; i < count; ++i) numbers.push_back(std::to_string(i));
  return numbers;
}

// The labels of cell `cell` of a row besides the core's.
MetricLabels LabelsOf(const CounterInfo& info, std::string_view core,
                      size_t cell) {
  MetricLabels labels = {{"core", core}};
  if (info.label.empty()) return labels;
  const size_t inner =
      info.second_label.empty() ? 1 : info.second_values.size();
  labels.push_back({info.label, info.label_values[cell / inner]});
  if (!info.second_label.empty()) {
    labels.push_back({info.second_label, info.second_values[cell % inner]});
  }
  return labels;
}

}  // namespace

EngineSource::EngineSource(const Engine& engine,
                           std::vector<Placement> placements,
                           uint64_t tsc_hertz)
    : engine_(engine),
      placements_(std::move(placements)),
      tsc_hertz_(tsc_hertz),
      names_(Numbers(engine.worker_count())) {
  MOSAIC_CHECK(placements_.size() == engine.worker_count());
}

void EngineSource::Collect(MetricFamilies& families) const {
  CollectPlacement(families);
  CollectCounters(families);
  CollectUsage(families);
  CollectHistograms(families);
}

void EngineSource::CollectPlacement(MetricFamilies& families) const {
  MetricFamilyWriter& info = families.Gauge(
      "mosaic_core_info", "Constant 1; the labels say where a core runs.");
  MetricFamilyWriter& hertz = families.Gauge(
      "mosaic_core_tsc_hertz",
      "Rate of the time stamp counter, to turn cycles into seconds.");
  MetricFamilyWriter& revision =
      families.Gauge("mosaic_core_config_revision",
                     "Configuration revision that a core runs. Behind "
                     "mosaic_config_revision for long: the core hangs.");
  for (size_t i = 0; i < names_.size(); ++i) {
    const std::string cpu = std::to_string(placements_[i].cpu);
    const std::string node = std::to_string(placements_[i].numa_node);
    info.Add({{"core", names_[i]},
              {"cpu", cpu},
              {"numa_node", node},
              {"role", "worker"}},
             1);
    hertz.Add({{"core", names_[i]}}, static_cast<double>(tsc_hertz_));
    revision.Add(
        {{"core", names_[i]}},
        static_cast<double>(engine_.worker(i).link().running_revision.load()));
  }
}

void EngineSource::CollectCounters(MetricFamilies& families) const {
  for (const CounterInfo& info : CoreCounterInfo()) {
    MetricFamilyWriter& family = info.is_gauge
                                     ? families.Gauge(info.name, info.help)
                                     : families.Counter(info.name, info.help);
    for (size_t i = 0; i < names_.size(); ++i) {
      const CoreCounters& counters = engine_.worker(i).counters();
      for (size_t cell = 0; cell < info.cells; ++cell) {
        const uint64_t value = CellOf(counters, info.first + cell).Read();
        family.Add(LabelsOf(info, names_[i], cell),
                   static_cast<double>(value) / info.per_unit);
      }
    }
  }
}

void EngineSource::CollectUsage(MetricFamilies& families) const {
  MetricFamilyWriter& flows =
      families.Gauge("mosaic_flows", "Flows that a core tracks now.");
  MetricFamilyWriter& flows_max =
      families.Gauge("mosaic_flows_max",
                     "Flows that a core can track at most: flows_per_worker.");
  MetricFamilyWriter& limit =
      families.Gauge("mosaic_stream_buffer_limit_bytes",
                     "Memory that a core's reassembly buffers may use: "
                     "reassembly_bytes_per_worker.");
  MetricFamilyWriter& timers = families.Gauge(
      "mosaic_timers_active", "Timers of a core that are armed now.");
  for (size_t i = 0; i < names_.size(); ++i) {
    const CoreUsage usage = engine_.worker(i).usage();
    const MetricLabels core = {{"core", names_[i]}};
    flows.Add(core, static_cast<double>(usage.flows));
    flows_max.Add(core, static_cast<double>(usage.flows_max));
    limit.Add(core, static_cast<double>(usage.buffer_limit_bytes));
    timers.Add(core, static_cast<double>(usage.timers));
  }
}

void EngineSource::CollectHistograms(MetricFamilies& families) const {
  const std::span<const HistogramInfo> infos = CoreHistogramInfo();
  for (size_t number = 0; number < infos.size(); ++number) {
    const HistogramInfo& info = infos[number];
    MetricFamilyWriter& family = families.Histogram(info.name, info.help);
    HistogramReading sum;
    for (size_t i = 0; i < names_.size(); ++i) {
      const HistogramReading reading =
          HistogramOf(engine_.worker(i).histograms(), number).Read();
      if (info.scope == HistogramScope::kByCore) {
        family.Add({{"core", names_[i]}}, reading, info.per_unit);
      } else if (i == 0) {
        sum = reading;
      } else {
        sum.Add(reading);
      }
    }
    if (info.scope == HistogramScope::kSum) family.Add({}, sum, info.per_unit);
  }
}

}  // namespace mosaic
