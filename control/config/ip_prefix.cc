#include "control/config/ip_prefix.h"

#include <arpa/inet.h>

#include <algorithm>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "control/config/diagnostic.h"

namespace mosaic::config {
namespace {

// Clears the bits behind the prefix.
IpPrefix Masked(IpPrefix prefix) {
  for (size_t i = 0; i < prefix.address.size(); ++i) {
    const int kept = std::clamp(prefix.bits - static_cast<int>(8 * i), 0, 8);
    prefix.address[i] &= static_cast<uint8_t>(0xff00 >> kept);
  }
  return prefix;
}

std::string ToString(const IpPrefix& prefix) {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(prefix.ip_version == 4 ? AF_INET : AF_INET6, prefix.address.data(),
            text, sizeof(text));
  return absl::StrCat(text, "/", prefix.bits);
}

}  // namespace

absl::StatusOr<IpPrefix> ParseIpPrefix(std::string_view text) {
  const size_t slash = text.find('/');
  // inet_pton stops at a NUL, which a string may hold.
  const std::string address(text.substr(0, slash));
  IpPrefix prefix;
  if (address.find('\0') == std::string::npos &&
      inet_pton(AF_INET, address.c_str(), prefix.address.data()) == 1) {
    prefix.ip_version = 4;
  } else if (address.find('\0') == std::string::npos &&
             inet_pton(AF_INET6, address.c_str(), prefix.address.data()) == 1) {
    prefix.ip_version = 6;
  } else {
    return absl::InvalidArgumentError(absl::StrCat(
        Quoted(text),
        " is not a network such as 192.0.2.0/24 or 2001:db8::/32"));
  }

  const uint32_t max_bits = prefix.ip_version == 4 ? 32 : 128;
  uint32_t bits = max_bits;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const bool is_number =
        !digits.empty() &&
        digits.find_first_not_of("0123456789") == std::string_view::npos &&
        absl::SimpleAtoi(absl::string_view(digits.data(), digits.size()),
                         &bits);
    if (!is_number || bits > max_bits) {
      return absl::InvalidArgumentError(absl::StrCat(
          Quoted(text), ": the prefix length is not in [0, ", max_bits, "]"));
    }
  }
  prefix.bits = static_cast<uint8_t>(bits);
  if (Masked(prefix).address != prefix.address) {
    return absl::InvalidArgumentError(
        absl::StrCat(Quoted(text),
                     " has bits set outside of its prefix; the "
                     "network is ",
                     ToString(Masked(prefix))));
  }
  return prefix;
}

}  // namespace mosaic::config
