// FirstPacket is the beginning of the packet by which a flow's client would
// open it, IP and transport header, made again from the flow's record. Stream
// filters look at nothing else, so that a live flow can be judged by new ones,
// whichever of its packets comes next.
//
// Memory      The object holds the bytes.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/flow/flow.h"

namespace mosaic {

class FirstPacket {
 public:
  explicit FirstPacket(const Flow& flow);

  // From the IP header on.
  std::span<const uint8_t> bytes() const { return {bytes_.data(), length_}; }

 private:
  std::array<uint8_t, 60> bytes_ = {};  // An IPv6 and a TCP header.
  size_t length_;
};

}  // namespace mosaic
