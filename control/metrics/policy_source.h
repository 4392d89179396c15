// PolicySource tells what the workers count for the monitors and the network
// functions of the configuration that they run. A series ends when its resource
// is deleted.
//
// Bounds      Snapshot::kMaxMonitors and kMaxNfInstances.

#pragma once

#include "control/metrics/metrics_source.h"
#include "dataplane/engine/engine.h"

namespace mosaic {

class PolicySource : public MetricsSource {
 public:
  // `engine` outlives the source.
  explicit PolicySource(const Engine& engine) : engine_(engine) {}

  void Collect(MetricFamilies& families) const override;

 private:
  void CollectMonitors(MetricFamilies& families) const;
  void CollectFunctions(MetricFamilies& families) const;

  const Engine& engine_;
};

}  // namespace mosaic
