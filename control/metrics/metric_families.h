// MetricFamilies gathers the metrics of one scrape, family by family.
//
// Ownership   Copies every name and value.
// Threading   One scrape, one thread.

#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/base/histogram.h"
#include "prometheus/metric_family.h"

namespace mosaic {

// A label of a series. Values come from closed sets or are names of configured
// resources, never text of users or of the wire.
struct MetricLabel {
  std::string_view name;
  std::string value;

  MetricLabel(std::string_view of, std::string_view is) : name(of), value(is) {}
};
using MetricLabels = std::vector<MetricLabel>;

// One family: its series are told apart by their labels.
class MetricFamilyWriter {
 public:
  explicit MetricFamilyWriter(prometheus::MetricFamily family)
      : family_(std::move(family)) {}

  // A series of a counter or gauge. REQUIRES: the family is one.
  void Add(const MetricLabels& labels, double value);

  // A series of a histogram. `per_unit` of what was recorded is one of the
  // metric's own unit: 1e9 for nanoseconds that are exported as seconds.
  // REQUIRES: the family is one.
  void Add(const MetricLabels& labels, const HistogramReading& reading,
           double per_unit);

  const prometheus::MetricFamily& family() const { return family_; }

 private:
  prometheus::MetricFamily family_;
};

class MetricFamilies {
 public:
  // The family `name`, new at the first call with that name; the help text of
  // the first call stays. The reference is valid as long as this object.
  // REQUIRES: all calls with one name are of one kind.
  MetricFamilyWriter& Counter(std::string_view name, std::string_view help);
  MetricFamilyWriter& Gauge(std::string_view name, std::string_view help);
  MetricFamilyWriter& Histogram(std::string_view name, std::string_view help);

  // All families in the order in which they were begun.
  std::vector<prometheus::MetricFamily> Result() const;

 private:
  MetricFamilyWriter& Family(std::string_view name, std::string_view help,
                             prometheus::MetricType type);

  std::deque<MetricFamilyWriter> families_;
};

}  // namespace mosaic
