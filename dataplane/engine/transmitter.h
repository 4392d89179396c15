// Transmitter is the last stage: a packet goes out by the port that its own is
// paired with, or its way ends here.
//
// Ownership   Takes packets; borrows the sinks.
// Threading   Owner worker only. Each worker has sinks (queues) of its own.
// Cost        Packets of one burst leave in one call for each port.

#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

#include "dataplane/base/packet.h"
#include "dataplane/edit/packet_buffers.h"
#include "dataplane/engine/burst.h"
#include "dataplane/io/packet_sink.h"
#include "dataplane/parse/parsed_packet.h"
#include "dataplane/stats/core_counters.h"

namespace mosaic {

class Transmitter {
 public:
  // `sinks[i]` takes what came in by port i; null, or missing, for a port that
  // only receives. They outlive the transmitter.
  Transmitter(const std::vector<PacketSink*>& sinks, CoreCounters& counters);

  // Whether any port sends at all.
  bool sends() const;

  // What Packet::port must be for a packet to leave as one that came in by
  // `port` does, or back towards `port`; kNoLane if it cannot.
  static constexpr uint16_t kNoLane = UINT16_MAX;
  uint16_t LaneFrom(uint16_t port) const;
  uint16_t LaneTowards(uint16_t port) const;

  // The packet's fate: transmitted, consumed, or dropped as tx_refused.
  void Forward(Packet& packet);

  // Forward() for a segment that leaves in parts of at most `payload_bytes`.
  // Without a buffer for the rest the whole goes on, longer than it should.
  void ForwardInParts(Packet& packet, const ParsedPacket& parsed,
                      uint32_t payload_bytes, PacketBuffers& buffers);

  // Sends what Forward() has gathered. To be called after each burst.
  void Flush() {
    for (const std::unique_ptr<Lane>& lane : lanes_) {
      if (lane != nullptr && lane->size > 0) Send(*lane);
    }
  }

 private:
  struct Lane {
    PacketSink* sink = nullptr;
    size_t size = 0;
    std::array<Packet, Burst::kMaxPackets> packet;
  };

  void Send(Lane& lane);

  std::vector<std::unique_ptr<Lane>> lanes_;  // By the port of arrival.
  CoreCounters& counters_;
};

}  // namespace mosaic
