#include "dataplane/parse/parser.h"

#include "dataplane/parse/layer_walk.h"
#include "dataplane/parse/plain_tcp.h"

namespace mosaic {
namespace {

constexpr size_t kCacheLine = 64;
// While one packet is parsed the headers of the one so far behind it, two lines
// at most as a rule, are on their way.
constexpr size_t kHeadersAhead = 8;

}  // namespace

size_t Parser::Parse(std::span<const Packet> packets,
                     std::span<ParsedPacket> parsed) const {
  size_t others = 0;
  for (size_t i = 0; i < packets.size(); ++i) {
    if (i + kHeadersAhead < packets.size()) {
      __builtin_prefetch(packets[i + kHeadersAhead].data);
      __builtin_prefetch(packets[i + kHeadersAhead].data + kCacheLine);
    }
    if (ReadPlainTcp(packets[i], config_, parsed[i])) [[likely]] {
      if (config_.checksum == ChecksumPolicy::kVerify) {
        VerifyPlainTcp(packets[i], parsed[i]);
      }
      continue;
    }
    WalkLayers(packets[i], config_, parsed[i]);
    const PacketClass packet_class = parsed[i].packet_class;
    if (packet_class == PacketClass::kFragment ||
        packet_class == PacketClass::kIcmpError) {
      ++others;
    }
  }
  return others;
}

void Parser::ParseOne(const Packet& packet, ParsedPacket& parsed) const {
  static_cast<void>(Parse({&packet, 1}, {&parsed, 1}));
}

void Parser::ParseDatagram(const Packet& datagram, const ParsedPacket& fragment,
                           ParsedPacket& parsed) const {
  WalkDatagram(datagram, fragment, config_, parsed);
}

}  // namespace mosaic
