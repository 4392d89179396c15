// What made-up traffic is made of: repeatable chance, and the bytes of streams.

#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <numbers>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace mosaic::bench {

// The same numbers on every machine, unlike the standard's distributions.
class Chance {
 public:
  explicit Chance(uint64_t seed) : engine_(seed) {}

  uint64_t Word() { return engine_(); }
  // In [0, n).
  uint32_t Below(uint32_t n) {
    return static_cast<uint32_t>(((engine_() >> 32) * n) >> 32);
  }
  // In [0, 1).
  double Real() { return static_cast<double>(engine_() >> 11) * 0x1p-53; }
  // Of mean 0 and deviation 1 (Box and Muller).
  double Normal() {
    const double radius = std::sqrt(-2 * std::log(1 - Real()));
    return radius * std::cos(2 * std::numbers::pi * Real());
  }

 private:
  std::mt19937_64 engine_;
};

// Bytes of streams: a header of the connection's own, then a part of one random
// table that all share, so that memory does not grow with the traffic.
class Content {
 public:
  // A span of the table never has to be put together, up to this length.
  static constexpr size_t kLongestSpan = 65'536;
  static constexpr size_t kTableBytes = size_t{1} << 20;

  explicit Content(Chance& chance) : table_(kTableBytes + kLongestSpan) {
    for (size_t i = 0; i < kTableBytes; ++i) {
      table_[i] = static_cast<uint8_t>(chance.Word());
    }
    std::copy_n(table_.begin(), kLongestSpan, table_.begin() + kTableBytes);
  }

  // REQUIRES: length <= kLongestSpan.
  std::span<const uint8_t> Part(uint64_t offset, size_t length) const {
    return std::span(table_).subspan(offset % kTableBytes, length);
  }

 private:
  std::vector<uint8_t> table_;
};

// A stream of one side.
struct Stream {
  std::string header;
  uint64_t body_at = 0;  // In the Content.
  uint64_t length = 0;   // Header included.

  // Copies where the header and the body meet; `room` is for that.
  std::span<const uint8_t> Bytes(const Content& content, uint64_t offset,
                                 size_t count, std::span<uint8_t> room) const {
    if (offset >= header.size()) {
      return content.Part(body_at + offset - header.size(), count);
    }
    const size_t of_header = std::min(count, header.size() - offset);
    std::memcpy(room.data(), header.data() + offset, of_header);
    const auto rest = content.Part(body_at, count - of_header);
    std::copy(rest.begin(), rest.end(), room.begin() + of_header);
    return room.first(count);
  }
};

}  // namespace mosaic::bench
