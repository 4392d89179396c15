// Reassembler feeds frames to an IpReassembly as the engine does.

#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/parse/ip_reassembly.h"
#include "dataplane/parse/parser.h"
#include "gtest/gtest.h"
#include "tests/support/fragments.h"
#include "tests/support/packet_builder.h"
#include "tests/support/packet_store.h"

namespace mosaic {
// A datagram to cut.
inline PacketBuilder Whole(uint8_t ip_version = 4) {
  const PacketBuilder whole =
      PacketBuilder().Tcp(1000, 80).Payload("0123456789abcdefghijklmnopqr");
  return ip_version == 6
             ? PacketBuilder(whole).Ipv6("2001:db8::1", "2001:db8::2")
             : whole;
}

inline PacketBuilder::Bytes Filled(size_t length, char c) {
  return PacketBuilder::Bytes(length, static_cast<uint8_t>(c));
}

class Reassembler {
 public:
  explicit Reassembler(
      FragmentLimits limits = {},
      IpReassembly::Delivered delivered = IpReassembly::Delivered::kForget)
      : reassembly_(limits, delivered) {}

  FragmentResult Add(const PacketBuilder& frame, uint16_t port = 0) {
    Packet packet = store_.Make(frame);
    packet.port = port;
    ParsedPacket parsed;
    Parser({}).ParseOne(packet, parsed);
    EXPECT_EQ(parsed.packet_class, PacketClass::kFragment);
    anomalies_ = parsed.anomalies;
    const FragmentResult result =
        reassembly_.Add(ReadIpFragment(packet, parsed), hash_,
                        static_cast<uint32_t>(frame.wire_length()), now_);
    if (result == FragmentResult::kCompleted) Take();
    return result;
  }

  // What the datagram completed last carries, its headers parsed.
  const ParsedPacket& parsed() const { return parsed_; }
  PacketBuilder::Bytes content() const {
    const size_t header = parsed_.key.ip_version == 6 ? 40 : 20;
    return {datagram_.begin() + static_cast<ptrdiff_t>(header),
            datagram_.end()};
  }
  const IpReassembly::Taken& taken() const { return taken_; }

  IpReassembly& reassembly() { return reassembly_; }
  const IpReassembly::Totals& totals() { return reassembly_.totals(); }
  uint8_t anomalies() const { return anomalies_; }
  size_t chunks_in_use() const {
    return reassembly_.chunks().total_chunks() -
           reassembly_.chunks().free_chunks();
  }

  void Wait(Duration duration) { now_ = now_ + duration; }
  Timestamp now() const { return now_; }
  // All datagrams into one bucket unless set otherwise.
  void SetHash(uint64_t hash) { hash_ = hash; }

 private:
  void Take() {
    datagram_.assign(IpReassembly::kMaxDatagram, 0);
    taken_ = reassembly_.Take(datagram_);
    datagram_.resize(taken_.length);
    whole_.data = datagram_.data();
    whole_.length = taken_.length;
    whole_.wire_length = taken_.length;
    whole_.link = LinkType::kRawIp;
    Parser({}).ParseOne(whole_, parsed_);
  }

  PacketStore store_;
  IpReassembly reassembly_;
  Timestamp now_ = Timestamp::FromNanos(1'700'000'000'000'000'000);
  uint64_t hash_ = 1;
  PacketBuilder::Bytes datagram_;
  Packet whole_;
  ParsedPacket parsed_;
  IpReassembly::Taken taken_;
  uint8_t anomalies_ = 0;
};

inline FragmentLimits With(OverlapPolicy overlap) {
  FragmentLimits limits;
  limits.overlap = overlap;
  return limits;
}

}  // namespace mosaic
