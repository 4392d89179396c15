#include "control/metrics/metric_families.h"

#include <cstdint>
#include <limits>

#include "dataplane/base/check.h"

namespace mosaic {
namespace {

prometheus::ClientMetric Series(const MetricLabels& labels) {
  prometheus::ClientMetric series;
  series.label.reserve(labels.size());
  for (const MetricLabel& label : labels) {
    series.label.push_back({std::string(label.name), label.value});
  }
  return series;
}

}  // namespace

void MetricFamilyWriter::Add(const MetricLabels& labels, double value) {
  MOSAIC_CHECK(family_.type != prometheus::MetricType::Histogram);
  prometheus::ClientMetric series = Series(labels);
  if (family_.type == prometheus::MetricType::Counter) {
    series.counter.value = value;
  } else {
    series.gauge.value = value;
  }
  family_.metric.push_back(std::move(series));
}

void MetricFamilyWriter::Add(const MetricLabels& labels,
                             const HistogramReading& reading, double per_unit) {
  MOSAIC_CHECK(family_.type == prometheus::MetricType::Histogram);
  prometheus::ClientMetric series = Series(labels);
  prometheus::ClientMetric::Histogram& histogram = series.histogram;
  uint64_t so_far = 0;
  for (size_t i = 0; i <= reading.bounds.size(); ++i) {
    so_far += reading.counts[i];
    const double bound = i < reading.bounds.size()
                             ? static_cast<double>(reading.bounds[i]) / per_unit
                             : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({so_far, bound});
  }
  histogram.sample_count = so_far;
  histogram.sample_sum = static_cast<double>(reading.sum) / per_unit;
  family_.metric.push_back(std::move(series));
}

MetricFamilyWriter& MetricFamilies::Counter(std::string_view name,
                                            std::string_view help) {
  return Family(name, help, prometheus::MetricType::Counter);
}

MetricFamilyWriter& MetricFamilies::Gauge(std::string_view name,
                                          std::string_view help) {
  return Family(name, help, prometheus::MetricType::Gauge);
}

MetricFamilyWriter& MetricFamilies::Histogram(std::string_view name,
                                              std::string_view help) {
  return Family(name, help, prometheus::MetricType::Histogram);
}

MetricFamilyWriter& MetricFamilies::Family(std::string_view name,
                                           std::string_view help,
                                           prometheus::MetricType type) {
  for (MetricFamilyWriter& writer : families_) {
    if (writer.family().name != name) continue;
    MOSAIC_CHECK(writer.family().type == type);
    return writer;
  }
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  return families_.emplace_back(std::move(family));
}

std::vector<prometheus::MetricFamily> MetricFamilies::Result() const {
  std::vector<prometheus::MetricFamily> result;
  result.reserve(families_.size());
  for (const MetricFamilyWriter& writer : families_) {
    result.push_back(writer.family());
  }
  return result;
}

}  // namespace mosaic
