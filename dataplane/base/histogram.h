// Histogram counts values by ranges that are fixed at compile time, for
// Prometheus: a bucket for each bound, and one for what is above them all.
//
// Ownership   Refers to bounds of static storage.
// Threading   One writer, or writers under one lock; any reader. A reading
// taken
//             while a value is recorded may miss it in part, never forever.
// Cost        Record() compares with the bounds from the lowest on: put the
//             usual values first.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/base/check.h"
#include "dataplane/base/counter.h"

namespace mosaic {

// What a histogram has counted.
struct HistogramReading {
  static constexpr size_t kMaxBuckets = 13;

  std::span<const uint64_t> bounds;  // Inclusive, ascending.
  // By bucket, not cumulative; [bounds.size()] is what is above all bounds.
  std::array<uint64_t, kMaxBuckets> counts = {};
  uint64_t sum = 0;

  // Adds the counts of `other`. REQUIRES: the same bounds.
  void Add(const HistogramReading& other) {
    MOSAIC_CHECK(bounds.data() == other.bounds.data());
    for (size_t i = 0; i < counts.size(); ++i) counts[i] += other.counts[i];
    sum += other.sum;
  }
};

class Histogram {
 public:
  // `bounds` in the unit of what is recorded. REQUIRES: ascending, of static
  // storage, fewer than kMaxBuckets.
  explicit Histogram(std::span<const uint64_t> bounds) : bounds_(bounds) {
    MOSAIC_CHECK(bounds.size() < HistogramReading::kMaxBuckets);
    for (size_t i = 1; i < bounds.size(); ++i) {
      MOSAIC_CHECK(bounds[i - 1] < bounds[i]);
    }
  }

  void Record(uint64_t value) {
    size_t bucket = 0;
    while (bucket < bounds_.size() && value > bounds_[bucket]) ++bucket;
    counts_[bucket].Add(1);
    sum_.Add(value);
  }

  HistogramReading Read() const {
    HistogramReading reading;
    reading.bounds = bounds_;
    for (size_t i = 0; i < counts_.size(); ++i) {
      reading.counts[i] = counts_[i].Read();
    }
    reading.sum = sum_.Read();
    return reading;
  }

 private:
  const std::span<const uint64_t> bounds_;
  std::array<Counter, HistogramReading::kMaxBuckets> counts_;
  Counter sum_;
};

}  // namespace mosaic
