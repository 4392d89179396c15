// Reads numbers of a capture file, which is in the byte order of whoever wrote
// it.

#pragma once

#include <cstdint>
#include <cstring>

namespace mosaic {

class FileByteOrder {
 public:
  enum class Order : uint8_t { kAsHere, kSwapped };

  FileByteOrder() = default;
  explicit FileByteOrder(Order order) : order_(order) {}

  // REQUIRES: the bytes are there. Any alignment.
  uint16_t Read16(const uint8_t* at) const {
    uint16_t raw;
    std::memcpy(&raw, at, sizeof raw);
    return order_ == Order::kSwapped ? __builtin_bswap16(raw) : raw;
  }
  uint32_t Read32(const uint8_t* at) const {
    uint32_t raw;
    std::memcpy(&raw, at, sizeof raw);
    return order_ == Order::kSwapped ? __builtin_bswap32(raw) : raw;
  }
  uint64_t Read64(const uint8_t* at) const {
    uint64_t raw;
    std::memcpy(&raw, at, sizeof raw);
    return order_ == Order::kSwapped ? __builtin_bswap64(raw) : raw;
  }

 private:
  Order order_ = Order::kAsHere;
};

}  // namespace mosaic
