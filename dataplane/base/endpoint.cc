#include "dataplane/base/endpoint.h"

#include <arpa/inet.h>

namespace mosaic {

std::string AddressText(const Endpoint& endpoint) {
  char text[INET6_ADDRSTRLEN];
  const int family = endpoint.ip_version == 6 ? AF_INET6 : AF_INET;
  inet_ntop(family, endpoint.address.data(), text, sizeof text);
  return text;
}

std::string Text(const Endpoint& endpoint) {
  const std::string port = std::to_string(endpoint.port);
  if (endpoint.ip_version == 6)
    return "[" + AddressText(endpoint) + "]:" + port;
  return AddressText(endpoint) + ":" + port;
}

}  // namespace mosaic
