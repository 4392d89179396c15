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
  std::string text = AddressText(endpoint);
  if (endpoint.ip_version == 6) text.insert(0, 1, '[').push_back(']');
  return text.append(1, ':').append(std::to_string(endpoint.port));
}

}  // namespace mosaic
