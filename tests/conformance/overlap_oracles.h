// Two oracles of what FIRST and LAST make of overlapping segments on a short
// line, written independently of each other and of the engine.
//
// Both are small values: copying one is how the enumeration goes back to an
// earlier point of a schedule.

#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace mosaic::conformance {

constexpr uint32_t kMaxLine = 8;

struct Segment {
  uint8_t begin;
  uint8_t end;
};

// What one arrival did, and the stream after it.
struct Outcome {
  uint8_t delivered = 0;    // Bytes in order so far.
  uint8_t pending = 0;      // Bytes held behind a hole.
  uint8_t conflicting = 0;  // Bytes of this arrival that differ from held ones.
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

enum class Winner : uint8_t { kFirst, kLast };

// Oracle 1: the state of each byte of the line.
class ByteMap {
 public:
  explicit ByteMap(Winner winner) : winner_(winner) {}

  // `mark` is the content of every byte of this segment.
  Outcome Arrive(Segment segment, uint8_t mark) {
    Outcome outcome;
    for (uint32_t i = segment.begin; i < segment.end; ++i) {
      if (!held_[i]) {
        held_[i] = true;
        content_[i] = mark;
        continue;
      }
      if (content_[i] != mark) ++outcome.conflicting;
      if (winner_ == Winner::kLast && i >= delivered_) content_[i] = mark;
    }
    while (delivered_ < kMaxLine && held_[delivered_]) ++delivered_;
    outcome.delivered = static_cast<uint8_t>(delivered_);
    for (uint32_t i = delivered_; i < kMaxLine; ++i) {
      if (held_[i]) ++outcome.pending;
    }
    return outcome;
  }

  // The byte of the line at `i`, or 0 if there is none.
  uint8_t At(uint32_t i) const { return content_[i]; }

 private:
  std::array<uint8_t, kMaxLine> content_{};
  std::array<bool, kMaxLine> held_{};
  uint32_t delivered_ = 0;
  Winner winner_;
};

// Oracle 2: what was delivered, as a string, and a sorted list of disjoint
// intervals of equal bytes that wait.
class IntervalList {
 public:
  explicit IntervalList(Winner winner) : winner_(winner) {}

  Outcome Arrive(Segment segment, uint8_t mark) {
    Outcome outcome;
    uint32_t begin = segment.begin;
    for (; begin < segment.end && begin < length_; ++begin) {
      if (stream_[begin] != mark) ++outcome.conflicting;
    }
    if (begin < segment.end) {
      for (uint32_t k = 0; k < waiting_; ++k) {
        const Interval& e = list_[k];
        const uint32_t from = std::max<uint32_t>(e.begin, begin);
        const uint32_t to = std::min<uint32_t>(e.end, segment.end);
        if (from < to && e.mark != mark) outcome.conflicting += to - from;
      }
      const Interval fresh{static_cast<uint8_t>(begin), segment.end, mark};
      if (winner_ == Winner::kLast) {
        PutOver(fresh);
      } else {
        PutUnder(fresh);
      }
      DeliverFront();
    }
    outcome.delivered = static_cast<uint8_t>(length_);
    for (uint32_t k = 0; k < waiting_; ++k) {
      outcome.pending += list_[k].end - list_[k].begin;
    }
    return outcome;
  }

  uint8_t At(uint32_t i) const {
    if (i < length_) return stream_[i];
    for (uint32_t k = 0; k < waiting_; ++k) {
      if (list_[k].begin <= i && i < list_[k].end) return list_[k].mark;
    }
    return 0;
  }

 private:
  struct Interval {
    uint8_t begin;
    uint8_t end;
    uint8_t mark;
  };
  using List = std::array<Interval, 2 * kMaxLine>;

  // Cuts `fresh` out of what waits, then adds it whole.
  void PutOver(Interval fresh) {
    List kept{};
    uint32_t n = 0;
    bool added = false;
    for (uint32_t k = 0; k < waiting_; ++k) {
      const Interval e = list_[k];
      if (e.begin < fresh.begin) {
        kept[n++] = {e.begin, std::min(e.end, fresh.begin), e.mark};
      }
      if (!added && e.end > fresh.begin) {
        kept[n++] = fresh;
        added = true;
      }
      if (e.end > fresh.end) {
        kept[n++] = {std::max(e.begin, fresh.end), e.end, e.mark};
      }
    }
    if (!added) kept[n++] = fresh;
    list_ = kept;
    waiting_ = n;
  }

  // Adds the parts of `fresh` that lie between what waits.
  void PutUnder(Interval fresh) {
    List kept{};
    uint32_t n = 0;
    for (uint32_t k = 0; k < waiting_; ++k) {
      const Interval e = list_[k];
      if (fresh.begin < fresh.end && fresh.begin < e.begin) {
        kept[n++] = {fresh.begin, std::min(fresh.end, e.begin), fresh.mark};
      }
      fresh.begin = std::max(fresh.begin, e.end);
      kept[n++] = e;
    }
    if (fresh.begin < fresh.end) kept[n++] = fresh;
    list_ = kept;
    waiting_ = n;
  }

  void DeliverFront() {
    uint32_t taken = 0;
    for (; taken < waiting_ && list_[taken].begin == length_; ++taken) {
      while (length_ < list_[taken].end) stream_[length_++] = list_[taken].mark;
    }
    std::copy(list_.begin() + taken, list_.begin() + waiting_, list_.begin());
    waiting_ -= taken;
  }

  std::array<uint8_t, kMaxLine> stream_{};
  uint32_t length_ = 0;
  List list_{};
  uint32_t waiting_ = 0;
  Winner winner_;
};

}  // namespace mosaic::conformance
