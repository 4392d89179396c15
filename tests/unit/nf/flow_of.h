// FlowOf makes the record of a flow between two endpoints in text.

#pragma once

#include <arpa/inet.h>

#include <cstdint>
#include <string>

#include "dataplane/flow/flow.h"

namespace mosaic {

struct Talk {
  std::string client = "10.0.0.1";
  uint16_t client_port = 40000;
  std::string server = "192.0.2.80";
  uint16_t server_port = 443;
  uint8_t protocol = 6;
};

inline Flow FlowOf(const Talk& talk, uint64_t id = 0) {
  Flow flow;
  flow.id = id;
  flow.key.protocol = talk.protocol;
  const bool is_v6 = talk.client.find(':') != std::string::npos;
  flow.key.ip_version = is_v6 ? 6 : 4;
  const int family = is_v6 ? AF_INET6 : AF_INET;
  inet_pton(family, talk.client.c_str(), flow.key.address[0].data());
  inet_pton(family, talk.server.c_str(), flow.key.address[1].data());
  flow.key.port = {talk.client_port, talk.server_port};
  return flow;
}

}  // namespace mosaic
