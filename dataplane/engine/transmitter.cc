#include "dataplane/engine/transmitter.h"

#include <algorithm>
#include <span>
#include <utility>

#include "dataplane/edit/segment_split.h"

namespace mosaic {

Transmitter::Transmitter(const std::vector<PacketSink*>& sinks,
                         CoreCounters& counters)
    : counters_(counters) {
  for (PacketSink* sink : sinks) {
    lanes_.push_back(sink == nullptr ? nullptr : std::make_unique<Lane>());
    if (sink != nullptr) lanes_.back()->sink = sink;
  }
}

bool Transmitter::sends() const {
  return std::ranges::any_of(lanes_,
                             [](const auto& lane) { return lane != nullptr; });
}

uint16_t Transmitter::LaneFrom(uint16_t port) const {
  return port < lanes_.size() && lanes_[port] != nullptr ? port : kNoLane;
}

uint16_t Transmitter::LaneTowards(uint16_t port) const {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i] != nullptr && lanes_[i]->sink->port() == port) {
      return static_cast<uint16_t>(i);
    }
  }
  return kNoLane;
}

void Transmitter::Forward(Packet& packet) {
  if (packet.port >= lanes_.size() || lanes_[packet.port] == nullptr) {
    counters_.consumed_packets.Add(1);
    packet.Free();
    return;
  }
  Lane& lane = *lanes_[packet.port];
  if (lane.size == lane.packet.size()) Send(lane);
  lane.packet[lane.size++] = std::move(packet);
}

void Transmitter::ForwardInParts(Packet& packet, const ParsedPacket& parsed,
                                 uint32_t payload_bytes,
                                 PacketBuffers& buffers) {
  Packet part = std::move(packet);
  ParsedPacket part_parsed = parsed;
  while (part_parsed.payload_captured > payload_bytes) {
    Packet rest;
    ParsedPacket rest_parsed;
    if (!SplitSegment(payload_bytes, buffers, part, part_parsed, rest,
                      rest_parsed)) {
      break;
    }
    counters_.originated_packets.Add(1);
    Forward(part);
    part = std::move(rest);
    part_parsed = rest_parsed;
  }
  Forward(part);
}

void Transmitter::Send(Lane& lane) {
  const size_t sent = lane.sink->Send(std::span(lane.packet).first(lane.size));
  counters_.tx_packets.Add(sent);
  counters_.dropped_packets[static_cast<size_t>(DropReason::kTxRefused)].Add(
      lane.size - sent);
  lane.size = 0;
}

}  // namespace mosaic
