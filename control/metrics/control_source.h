// ControlSource tells what the control side counts: the daemon itself, applies
// of configurations, observers, and calls of the API.

#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "control/core/apply_metrics.h"
#include "control/core/observer_metrics.h"
#include "control/metrics/metrics_source.h"
#include "control/rpc/rpc_metrics.h"

namespace mosaic {

class ControlSource : public MetricsSource {
 public:
  struct Facts {
    std::string version;
    std::string git_commit;
    std::string dpdk_version;
    int64_t start_unix_nanos = 0;
  };
  // Null or empty where the program has no such part: its families are not
  // told then. All of it outlives the source.
  struct Parts {
    const ApplyMetrics* applies = nullptr;
    const ObserverMetrics* observers = nullptr;
    const RpcMetrics* calls = nullptr;
    std::function<bool()> draining;  // From any thread.
  };

  ControlSource(Facts facts, Parts parts);

  void Collect(MetricFamilies& families) const override;

 private:
  void CollectFacts(MetricFamilies& families) const;

  const Facts facts_;
  const Parts parts_;
};

}  // namespace mosaic
