// Burst is up to 64 packets that go through the stages together, with what the
// stages found out about each.
//
// Threading   One worker. Memory  Part of the worker; re-used for each burst.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/base/packet.h"
#include "dataplane/parse/parsed_packet.h"

namespace mosaic {

struct Burst {
  static constexpr size_t kMaxPackets = 64;

  std::array<Packet, kMaxPackets> packet;
  std::array<ParsedPacket, kMaxPackets> parsed;
  // Number of the flow record that is likely to be the packet's.
  std::array<uint32_t, kMaxPackets> candidate;
  size_t size = 0;

  std::span<Packet> packets() { return {packet.data(), size}; }
  std::span<ParsedPacket> parsed_packets() { return {parsed.data(), size}; }
};

}  // namespace mosaic
