#include "dataplane/parse/parser.h"

#include "dataplane/parse/layer_walk.h"
#include "dataplane/parse/plain_tcp.h"

namespace mosaic {

void Parser::Parse(std::span<const Packet> packets,
                   std::span<ParsedPacket> parsed) const {
  for (size_t i = 0; i < packets.size(); ++i) ParseOne(packets[i], parsed[i]);
}

void Parser::ParseOne(const Packet& packet, ParsedPacket& parsed) const {
  if (!ReadPlainTcp(packet, config_, parsed)) [[unlikely]] {
    WalkLayers(packet, config_, parsed);
  } else if (config_.checksum == ChecksumPolicy::kVerify) {
    VerifyPlainTcp(packet, parsed);
  }
}

}  // namespace mosaic
