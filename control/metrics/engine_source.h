// EngineSource tells what the workers count, what they use, and where they run.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "control/metrics/metrics_source.h"
#include "dataplane/engine/engine.h"

namespace mosaic {

class EngineSource : public MetricsSource {
 public:
  struct Placement {
    int cpu = 0;
    int numa_node = -1;  // -1: none.
  };

  // `placements` by worker. `tsc_hertz` as WorkerConfig has it.
  // REQUIRES: one for each worker; `engine` outlives the source.
  EngineSource(const Engine& engine, std::vector<Placement> placements,
               uint64_t tsc_hertz);

  void Collect(MetricFamilies& families) const override;

 private:
  void CollectPlacement(MetricFamilies& families) const;
  void CollectCounters(MetricFamilies& families) const;
  void CollectUsage(MetricFamilies& families) const;
  void CollectHistograms(MetricFamilies& families) const;

  const Engine& engine_;
  const std::vector<Placement> placements_;
  const uint64_t tsc_hertz_;
  const std::vector<std::string> names_;  // By worker: "0", "1", ...
};

}  // namespace mosaic
