// Every histogram of a worker, and the name and help text each is exported
// under. To add one, add a field and its row in core_histograms.cc.
//
// Threading   One writer, the worker; any reader.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "dataplane/base/histogram.h"

namespace mosaic {

struct CoreHistograms {
  CoreHistograms();

  Histogram loop_duration;     // Nanoseconds of rounds that moved packets.
  Histogram rx_burst_packets;  // Of bursts that are not empty.
  Histogram flow_lifetime;     // Nanoseconds from first to last packet.
  Histogram timer_lateness;    // Nanoseconds from when it was due.
};

inline constexpr size_t kCoreHistograms =
    sizeof(CoreHistograms) / sizeof(Histogram);

// Which series a metric has.
enum class HistogramScope : uint8_t {
  kByCore,  // One for each core.
  kSum,     // One for all cores together.
};

struct HistogramInfo {
  std::string_view name;  // Prometheus name.
  std::string_view help;  // What to look for.
  HistogramScope scope;
  double per_unit;  // Recorded, in one of the metric's own unit.
};

// By the number of the field.
std::span<const HistogramInfo> CoreHistogramInfo();

// Field `i` of `histograms`. REQUIRES: i < kCoreHistograms.
inline const Histogram& HistogramOf(const CoreHistograms& histograms,
                                    size_t i) {
  return reinterpret_cast<const Histogram*>(&histograms)[i];
}

}  // namespace mosaic
