// PortSource tells what the ports count, their packet pools, and DPDK's memory.

#pragma once

#include "control/metrics/metrics_source.h"
#include "dataplane/io/port.h"

namespace mosaic {

class PortSource : public MetricsSource {
 public:
  // `ports` outlives the source. REQUIRES: EAL runs.
  explicit PortSource(PortSet& ports) : ports_(ports) {}

  void Collect(MetricFamilies& families) const override;

 private:
  PortSet& ports_;
};

}  // namespace mosaic
