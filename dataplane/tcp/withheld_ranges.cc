#include "dataplane/tcp/withheld_ranges.h"

#include <algorithm>

namespace mosaic {

bool WithheldRanges::Add(const WithheldRange& range, uint8_t both) {
  Remove(range.begin, range.end);
  for (size_t i = 0; i < count_; ++i) {
    WithheldRange& near = range_[i];
    if (near.asked_from != range.asked_from ||
        (near.end != range.begin && near.begin != range.end)) {
      continue;
    }
    near.begin = std::min(near.begin, range.begin);
    near.end = std::max(near.end, range.end);
    return true;
  }
  if (count_ < kMax) {
    range_[count_++] = range;
    return true;
  }
  const auto distance = [&range](const WithheldRange& other) {
    if (other.begin >= range.end) return other.begin - range.end;
    return range.begin >= other.end ? range.begin - other.end : 0;
  };
  WithheldRange& nearest = *std::ranges::min_element(range_, {}, distance);
  nearest.begin = std::min(nearest.begin, range.begin);
  nearest.end = std::max(nearest.end, range.end);
  if (nearest.asked_from != range.asked_from) nearest.asked_from = both;
  return false;
}

void WithheldRanges::Remove(uint64_t begin, uint64_t end) {
  for (size_t i = 0; i < count_;) {
    WithheldRange& range = range_[i];
    if (range.end <= begin || range.begin >= end) {
      ++i;
      continue;
    }
    const WithheldRange behind = {end, range.end, range.asked_from};
    if (range.begin < begin) {
      const bool splits = behind.begin < behind.end;
      if (splits && count_ == kMax) {
        ++i;
        continue;
      }
      range.end = begin;
      if (splits) range_[count_++] = behind;
      ++i;
    } else if (behind.begin < behind.end) {
      range = behind;
      ++i;
    } else {
      range = range_[--count_];
    }
  }
}

void WithheldRanges::AskFrom(uint8_t asked_from) {
  for (WithheldRange& range : range_) range.asked_from = asked_from;
}

}  // namespace mosaic
