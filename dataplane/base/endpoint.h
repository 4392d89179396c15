// Endpoint is one end of a flow: an address and a port.

#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "dataplane/base/flow_key.h"

namespace mosaic {

struct Endpoint {
  std::array<uint8_t, 16> address =
      {};  // Network order; IPv4 in the first four.
  uint8_t ip_version = 4;
  uint16_t port = 0;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

inline Endpoint EndpointOf(const FlowKey& key, EndpointIndex index) {
  return {key.address[index], key.ip_version, key.port[index]};
}

// The address alone, "192.0.2.1" or "2001:db8::1".
std::string AddressText(const Endpoint& endpoint);

// With the port, "192.0.2.1:80" or "[2001:db8::1]:80".
std::string Text(const Endpoint& endpoint);

}  // namespace mosaic
