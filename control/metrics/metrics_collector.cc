#include "control/metrics/metrics_collector.h"

#include <utility>

#include "prometheus/text_serializer.h"

namespace mosaic {

void MetricsCollector::Add(std::unique_ptr<MetricsSource> source) {
  sources_.push_back(std::move(source));
}

std::vector<prometheus::MetricFamily> MetricsCollector::Collect() const {
  const std::lock_guard lock(mutex_);
  MetricFamilies families;
  for (const auto& source : sources_) source->Collect(families);
  return families.Result();
}

std::string MetricsCollector::Text() const {
  return prometheus::TextSerializer().Serialize(Collect());
}

}  // namespace mosaic
