#include "control/config/listen_address.h"

#include <arpa/inet.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "control/config/diagnostic.h"

namespace mosaic::config {
namespace {

absl::Status Refuse(std::string_view text) {
  return absl::InvalidArgumentError(
      absl::StrCat(Quoted(text),
                   " is not ADDRESS:PORT, such as 127.0.0.1:9464 or "
                   "[::1]:9464, with a port in [1, 65535]"));
}

}  // namespace

std::string ListenAddress::ToString() const {
  return ip_version == 6 ? absl::StrCat("[", address, "]:", port)
                         : absl::StrCat(address, ":", port);
}

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return Refuse(text);
  ListenAddress listen;
  const std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  uint32_t number = 0;
  const bool all_digits =
      !port.empty() &&
      port.find_first_not_of("0123456789") == std::string_view::npos;
  if (!all_digits ||
      !absl::SimpleAtoi(absl::string_view(port.data(), port.size()), &number) ||
      number == 0 || number > 65535) {
    return Refuse(text);
  }
  listen.port = static_cast<uint16_t>(number);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    listen.address = std::string(host.substr(1, host.size() - 2));
    in6_addr address;
    if (inet_pton(AF_INET6, listen.address.c_str(), &address) != 1) {
      return Refuse(text);
    }
    listen.ip_version = 6;
    return listen;
  }
  listen.address = std::string(host);
  in_addr address;
  if (inet_pton(AF_INET, listen.address.c_str(), &address) != 1) {
    return Refuse(text);
  }
  return listen;
}

}  // namespace mosaic::config
