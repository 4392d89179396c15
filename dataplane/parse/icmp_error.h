// The flow that an ICMP error is about: the tuple of the packet that it quotes.

#pragma once

#include <cstdint>

#include "dataplane/base/flow_key.h"
#include "dataplane/parse/parsed_packet.h"

namespace mosaic {

struct QuotedFlow {
  FlowKey key;
  EndpointIndex sender = 0;  // Who sent the packet that is quoted.
};

// Whether the ICMP message is an error that quotes the beginning of a packet of
// TCP, UDP or ICMP, with what names its flow. REQUIRES: `parsed` says kIcmp.
bool QuotesFlow(const ParsedPacket& parsed);

// REQUIRES: QuotesFlow(); `parsed` may say kIcmpError by now.
QuotedFlow ReadQuotedFlow(const ParsedPacket& parsed);

}  // namespace mosaic
