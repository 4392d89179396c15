// PacketSink is the seam by which a worker sends its packets: a queue of a
// port, or whatever a test puts in its place.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/base/packet.h"

namespace mosaic {

class PacketSink {
 public:
  virtual ~PacketSink() = default;

  // Ends the life of every one of `packets`, in their order: it is sent, or
  // freed and counted with the reason. None has an owner afterwards. Returns
  // how many were sent. Never waits for long.
  // REQUIRES: each has bytes: it was neither freed nor moved from.
  virtual size_t Send(std::span<Packet> packets) = 0;

  // Index of the port that it sends by, if it is one's: what tells by which
  // port the answer to a packet leaves.
  virtual std::optional<uint16_t> port() const { return std::nullopt; }
};

}  // namespace mosaic
