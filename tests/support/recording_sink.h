// RecordingSink takes packets as a port would and keeps their bytes; Received
// is such a frame, read as its receiver would.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/io/packet_sink.h"
#include "dataplane/parse/parser.h"
#include "tests/support/packet_builder.h"

namespace mosaic::testing {

class RecordingSink : public PacketSink {
 public:
  explicit RecordingSink(uint16_t port) : port_(port) {}

  size_t Send(std::span<Packet> packets) override {
    for (Packet& packet : packets) {
      sent.emplace_back(packet.bytes().begin(), packet.bytes().end());
      packet.Free();
    }
    return packets.size();
  }
  std::optional<uint16_t> port() const override { return port_; }

  std::vector<PacketBuilder::Bytes> sent;

 private:
  const uint16_t port_;
};

// Checksums are verified: see `parsed.l4_checksum`.
struct Received {
  explicit Received(const PacketBuilder::Bytes& bytes) : frame(bytes) {
    packet.data = frame.data();
    packet.length = static_cast<uint32_t>(frame.size());
    packet.wire_length = packet.length;
    Parser(ParserConfig()).ParseOne(packet, parsed);
  }
  Received(const Received&) = delete;
  Received& operator=(const Received&) = delete;

  PacketBuilder::Bytes frame;
  Packet packet;
  ParsedPacket parsed;
};

}  // namespace mosaic::testing
