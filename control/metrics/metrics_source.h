// MetricsSource is a part of Mosaic that has metrics to tell.

#pragma once

#include "control/metrics/metric_families.h"

namespace mosaic {

class MetricsSource {
 public:
  virtual ~MetricsSource() = default;

  // Adds the source's families with every series it has, those at 0 too. Runs
  // on the scrape's thread beside workers and control, one scrape at a time:
  // reads atomics, or takes locks that nobody holds for long, and never waits
  // for a worker.
  virtual void Collect(MetricFamilies& families) const = 0;
};

}  // namespace mosaic
