// ListenAddress is where a server listens: an IP address and a port.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace mosaic::config {

struct ListenAddress {
  std::string address;  // Without brackets.
  uint16_t port = 0;
  int ip_version = 4;

  // "127.0.0.1:9464" or "[::1]:9464".
  std::string ToString() const;
};

// Reads "ADDRESS:PORT" with an IPv4 address or an IPv6 address in brackets, and
// a port from 1 to 65535. INVALID_ARGUMENT with what is allowed for any other
// text; names are not looked up.
absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text);

}  // namespace mosaic::config
