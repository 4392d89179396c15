// Verdict: what a network function wants done with the packet that caused an
// event.

#pragma once

#include <cstdint>

namespace mosaic {

// Mildest first: of several answers the severest counts, so the order matters.
enum class Verdict : uint8_t {
  kForward,
  kDrop,       // Drop this packet. At the sender's hook the receiver never sees
               // it; later, its bytes are marked as not forwarded.
  kBlockFlow,  // Drop this packet and every later one of its flow.
};

}  // namespace mosaic
