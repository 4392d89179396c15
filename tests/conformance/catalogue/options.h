// TCP options for scripts.

#pragma once

#include <cstdint>

#include "tests/support/packet_builder.h"

namespace mosaic::conformance {

inline PacketBuilder::Bytes WindowScale(uint8_t shift) {
  return {3, 3, shift, 1};
}
inline PacketBuilder::Bytes Mss(uint16_t mss) {
  return {2, 4, static_cast<uint8_t>(mss >> 8), static_cast<uint8_t>(mss)};
}
// As stacks lay them out.
inline PacketBuilder::Bytes Timestamps(uint32_t value, uint32_t echo) {
  PacketBuilder::Bytes bytes = {1, 1, 8, 10};
  for (const uint32_t word : {value, echo}) {
    for (int shift = 24; shift >= 0; shift -= 8) {
      bytes.push_back(static_cast<uint8_t>(word >> shift));
    }
  }
  return bytes;
}
inline PacketBuilder::Bytes Md5Signature() {
  PacketBuilder::Bytes bytes(18, 0xab);
  bytes[0] = 19;
  bytes[1] = 18;
  return bytes;
}
inline PacketBuilder::Bytes FastOpenCookie() {
  return {34, 10, 1, 2, 3, 4, 5, 6, 7, 8, 1, 1};
}

}  // namespace mosaic::conformance
