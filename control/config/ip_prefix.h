// IpPrefix is an IPv4 or IPv6 network: an address and how many of its leading
// bits count.

#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"

namespace mosaic::config {

struct IpPrefix {
  uint8_t ip_version = 4;                // 4 or 6.
  uint8_t bits = 0;                      // At most 32 or 128.
  std::array<uint8_t, 16> address = {};  // Network order; IPv4 in the first 4.
};

// Reads "192.0.2.0/24", "2001:db8::/32" or a single address. An error says what
// is wrong: no address, too many bits, or a bit set outside the prefix, which
// is more often a typing mistake than meant; the message then names the
// network.
absl::StatusOr<IpPrefix> ParseIpPrefix(std::string_view text);

}  // namespace mosaic::config
