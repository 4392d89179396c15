// ParsedFrame is a frame and what the parser says of it, for tests to look at.
//
// The result is overwritten with rubbish before parsing, as a re-used one holds
// another packet's fields: a field the parser forgets shows in whichever test
// looks at it.

#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "dataplane/parse/parser.h"
#include "tests/support/packet_builder.h"
#include "tests/support/packet_store.h"

namespace mosaic {

class ParsedFrame {
 public:
  explicit ParsedFrame(const PacketBuilder& builder, ParserConfig config = {})
      : packet_(store_.Make(builder)) {
    Parse(config);
  }
  ParsedFrame(std::span<const uint8_t> bytes, LinkType link,
              ParserConfig config = {})
      : packet_(store_.Make(bytes, link)) {
    Parse(config);
  }

  // Parses again, with what a device says of the packet's checksums.
  void ParseWith(ChecksumVerdict ip, ChecksumVerdict l4, ParserConfig config) {
    packet_.ip_checksum = ip;
    packet_.l4_checksum = l4;
    Parse(config);
  }

  const ParsedPacket* operator->() const { return &parsed_; }
  const ParsedPacket& operator*() const { return parsed_; }
  const Packet& packet() const { return packet_; }

  // The captured part of the payload.
  std::string payload() const {
    return std::string(reinterpret_cast<const char*>(parsed_.payload),
                       parsed_.payload_captured);
  }

 private:
  void Parse(const ParserConfig& config) {
    std::memset(static_cast<void*>(&parsed_), 0xa5, sizeof parsed_);
    Parser(config).ParseOne(packet_, parsed_);
  }

  PacketStore store_;
  Packet packet_;
  ParsedPacket parsed_;
};

}  // namespace mosaic
