#include "control/metrics/policy_source.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>

namespace mosaic {
namespace {

struct MonitorSums {
  uint64_t flows = 0;
  uint64_t packets = 0;
  std::array<uint64_t, kMonitorFilters> filter_matches = {};
};

struct FunctionSums {
  uint64_t forwarded = 0;
  uint64_t dropped = 0;
  uint64_t held = 0;
  uint64_t faults = 0;
  uint64_t detached = 0;
  // By the counter's number. A function's counters are the same on all workers.
  std::vector<NfCounter> counters;
  std::vector<uint64_t> values;
};

void AddCounters(const NfSlot& slot, FunctionSums& sums) {
  const std::span<const NfCounter> counters = slot.nf->counters();
  if (sums.counters.empty()) {
    sums.counters.assign(counters.begin(), counters.end());
    sums.values.resize(counters.size());
  }
  // While a configuration is on its way, workers may differ in the type.
  if (sums.counters.size() != counters.size()) return;
  for (size_t i = 0; i < counters.size(); ++i) {
    if (counters[i].name == sums.counters[i].name) {
      sums.values[i] += counters[i].value->Read();
    }
  }
}

// Resource names are exported by their id: "monitors/web" as "web".
std::string_view IdOf(std::string_view name) {
  return name.substr(name.find('/') + 1);
}

}  // namespace

void PolicySource::Collect(MetricFamilies& families) const {
  CollectMonitors(families);
  CollectFunctions(families);
}

void PolicySource::CollectMonitors(MetricFamilies& families) const {
  std::map<std::string, MonitorSums> by_name;
  for (size_t worker = 0; worker < engine_.worker_count(); ++worker) {
    for (const Engine::CountedMonitor& monitor : engine_.Monitors(worker)) {
      MonitorSums& sums = by_name[monitor.name];
      sums.flows += monitor.counters->flows.Read();
      sums.packets += monitor.counters->packets.Read();
      for (size_t i = 0; i < kMonitorFilters; ++i) {
        sums.filter_matches[i] += monitor.counters->filter_matches[i].Read();
      }
    }
  }
  MetricFamilyWriter& flows = families.Gauge(
      "mosaic_monitor_flows", "Flows that a monitor is attached to now.");
  MetricFamilyWriter& packets =
      families.Counter("mosaic_monitor_packets_total",
                       "Packets of the flows that a monitor is attached to; of "
                       "a RAW monitor those that its filter matched.");
  MetricFamilyWriter& matches = families.Counter(
      "mosaic_monitor_filter_matches_total",
      "Packets that a monitor's filter matched. None where there should be "
      "some: try the expression with mosaicctl filter explain.");
  for (const auto& [name, sums] : by_name) {
    const MetricLabel monitor = {"monitor", IdOf(name)};
    flows.Add({monitor}, static_cast<double>(sums.flows));
    packets.Add({monitor}, static_cast<double>(sums.packets));
    for (size_t i = 0; i < kMonitorFilters; ++i) {
      matches.Add({monitor, {"filter", kMonitorFilterNames[i]}},
                  static_cast<double>(sums.filter_matches[i]));
    }
  }
}

void PolicySource::CollectFunctions(MetricFamilies& families) const {
  std::map<std::string, FunctionSums> by_name;
  for (size_t worker = 0; worker < engine_.worker_count(); ++worker) {
    for (const auto& slot : engine_.NfSlots(worker)) {
      FunctionSums& sums = by_name[slot->name];
      sums.forwarded += slot->forwarded.Read();
      sums.dropped += slot->dropped.Read();
      sums.held += slot->held.Read();
      sums.faults += slot->faults.Read();
      sums.detached += slot->detached() ? 1 : 0;
      AddCounters(*slot, sums);
    }
  }
  MetricFamilyWriter& packets =
      families.Counter("mosaic_nf_packets_total",
                       "Packets that a network function judged, by verdict.");
  MetricFamilyWriter& faults = families.Counter(
      "mosaic_nf_faults_total",
      "Exceptions of a network function, contained at the hook. After 100 on a "
      "core it is detached there: have it mended.");
  MetricFamilyWriter& detached =
      families.Gauge("mosaic_nf_detached_cores",
                     "Cores on which a network function was detached after too "
                     "many faults; its failure policy answers for it.");
  for (const auto& [name, sums] : by_name) {
    const MetricLabel nf = {"nf", IdOf(name)};
    packets.Add({nf, {"verdict", "forward"}},
                static_cast<double>(sums.forwarded));
    packets.Add({nf, {"verdict", "drop"}}, static_cast<double>(sums.dropped));
    packets.Add({nf, {"verdict", "hold"}}, static_cast<double>(sums.held));
    faults.Add({nf, {"kind", "exception"}}, static_cast<double>(sums.faults));
    detached.Add({nf}, static_cast<double>(sums.detached));
    for (size_t i = 0; i < sums.counters.size(); ++i) {
      families
          .Counter("mosaic_nf_" + std::string(sums.counters[i].name) + "_total",
                   sums.counters[i].help)
          .Add({nf}, static_cast<double>(sums.values[i]));
    }
  }
}

}  // namespace mosaic
