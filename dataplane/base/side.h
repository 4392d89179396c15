// The two ends of a flow. The client is who sent the first bare SYN; else who
// received the first SYN/ACK; else who sent the first packet.

#pragma once

#include <cstddef>
#include <cstdint>

namespace mosaic {

enum class Side : uint8_t {
  kClient = 0,
  kServer = 1,
};

inline constexpr size_t kSides = 2;

constexpr size_t Index(Side side) { return static_cast<size_t>(side); }

constexpr Side Other(Side side) {
  return side == Side::kClient ? Side::kServer : Side::kClient;
}

}  // namespace mosaic
