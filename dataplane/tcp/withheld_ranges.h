// WithheldRanges notes which bytes of one direction readers were offered whose
// packet then was dropped: the receiver does not have them, and who refused
// them is to be asked again when they are sent again.
//
// Bounds      kMax ranges. One more joins the nearest: more is asked about than
//             was dropped, never less.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mosaic {

struct WithheldRange {
  uint64_t begin = 0;  // Offsets of the stream.
  uint64_t end = 0;
  uint8_t asked_from = 0;  // The caller's: whom to ask.
};

class WithheldRanges {
 public:
  static constexpr size_t kMax = 4;

  // Adds a range, which takes the place of what it overlaps. Returns false if
  // it joined another one for lack of room, which then begins with `both`.
  // REQUIRES: range.begin < range.end.
  bool Add(const WithheldRange& range, uint8_t both);
  // Takes [begin, end) out. Of a range that reaches beyond both ends the rest
  // is one range still, if there is no room for two.
  void Remove(uint64_t begin, uint64_t end);
  // Whom to ask is `asked_from` for all of them from now on.
  void AskFrom(uint8_t asked_from);

  // In no order.
  std::span<const WithheldRange> ranges() const {
    return {range_.data(), count_};
  }
  bool empty() const { return count_ == 0; }

 private:
  std::array<WithheldRange, kMax> range_;
  uint8_t count_ = 0;
};

}  // namespace mosaic
