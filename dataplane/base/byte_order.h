// Reads and writes of big-endian (network order) numbers at any alignment.
//
// The caller has checked that the bytes are there.

#pragma once

#include <cstdint>
#include <cstring>

namespace mosaic {

inline uint16_t ReadBig16(const uint8_t* at) {
  uint16_t raw;
  std::memcpy(&raw, at, sizeof raw);
  return __builtin_bswap16(raw);
}

inline uint32_t ReadBig32(const uint8_t* at) {
  uint32_t raw;
  std::memcpy(&raw, at, sizeof raw);
  return __builtin_bswap32(raw);
}

inline void WriteBig16(uint8_t* at, uint16_t value) {
  const uint16_t raw = __builtin_bswap16(value);
  std::memcpy(at, &raw, sizeof raw);
}

inline void WriteBig32(uint8_t* at, uint32_t value) {
  const uint32_t raw = __builtin_bswap32(value);
  std::memcpy(at, &raw, sizeof raw);
}

}  // namespace mosaic
