// MetricsCollector is everything that Mosaic tells Prometheus: the families of
// all sources, read when they are asked for.
//
// Ownership   Owns its sources; what they read outlives it.
// Threading   Add() before the first scrape; scrapes from any thread, one after
//             the other.

#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "control/metrics/metrics_source.h"
#include "prometheus/collectable.h"

namespace mosaic {

class MetricsCollector : public prometheus::Collectable {
 public:
  // Its families come behind those of the sources added before.
  void Add(std::unique_ptr<MetricsSource> source);

  std::vector<prometheus::MetricFamily> Collect() const override;

  // The same in Prometheus's text format.
  std::string Text() const;

 private:
  std::vector<std::unique_ptr<MetricsSource>> sources_;
  mutable std::mutex mutex_;  // Held by the scrape that runs.
};

}  // namespace mosaic
