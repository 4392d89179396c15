// FlowKey names a flow: the innermost IP tuple, the same for both directions.
//
// The two endpoints are stored in ascending order of (address, port), so that a
// packet and its answer have one key; which of them sent a packet is kept
// beside the key as an EndpointIndex. IPv4 addresses fill the first four bytes
// of the address and `ip_version` tells them from IPv6 addresses with the same
// words.

#pragma once

#include <array>
#include <cstdint>
#include <cstring>

namespace mosaic {

// Which of a key's two endpoints: 0 is the lower one.
using EndpointIndex = uint8_t;

struct FlowKey {
  std::array<std::array<uint8_t, 16>, 2> address = {};  // Network order.
  std::array<uint16_t, 2> port = {};  // Host order; 0 for protocols without.
  uint8_t protocol = 0;               // IANA number; 0 names no flow.
  uint8_t ip_version = 0;             // 4 or 6.
  // The rest is 0 unless configured into the key.
  uint16_t port_id = 0;          // Index of the port the packet came in by.
  uint32_t vlan_id : 24 = 0;     // Outer tag's id, and the inner one's << 12.
  uint32_t tunnel_kind : 8 = 0;  // Of the innermost tunnel: an Encapsulation.
  uint32_t tunnel_id = 0;        // And its id.

  friend bool operator==(const FlowKey& a, const FlowKey& b) {
    return std::memcmp(&a, &b, sizeof(FlowKey)) == 0;
  }
};

static_assert(sizeof(FlowKey) == 48,
              "hashed and compared as three 16-byte words");

}  // namespace mosaic
