// Conversation plays segments between two observed ends, as the engine does:
// sender, receiver, in-order payload, pending FIN.
//
// Numbers are relative: seq counts from the sender's initial number, ack from
// the receiver's, so that a SYN is 0 and the first byte 1 wherever they start.

#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "dataplane/base/side.h"
#include "dataplane/tcp/tcp_observer.h"

namespace mosaic {

struct Segment {
  uint8_t flags = 0;
  uint32_t seq = 0;
  uint32_t ack = 0;
  uint32_t payload = 0;  // Bytes.
  uint16_t window = 1000;
  std::vector<uint8_t> options = {};
};

class Conversation {
 public:
  explicit Conversation(uint32_t client_isn = 1000, uint32_t server_isn = 5000)
      : isn_{SeqNum(client_isn), SeqNum(server_isn)} {}

  ParsedPacket Packet(Side sender, const Segment& segment) {
    header_.assign(20, 0);
    header_.insert(header_.end(), segment.options.begin(),
                   segment.options.end());
    ParsedPacket packet;
    packet.packet_class = PacketClass::kTcp;
    packet.tcp_flags = segment.flags;
    packet.seq = isn_[Index(sender)] + segment.seq;
    packet.ack = isn_[Index(Other(sender))] + segment.ack;
    packet.window = segment.window;
    packet.payload_length = segment.payload;
    packet.payload_captured = segment.payload;
    packet.l4_header = header_.data();
    packet.tcp_header_length = static_cast<uint8_t>(header_.size());
    return packet;
  }

  // The sender's half alone: what happens when the packet is dropped.
  SegmentInfo SendOnly(Side sender, const Segment& segment) {
    return TakeAsSender(PairOf(sender), Packet(sender, segment));
  }

  SegmentInfo Send(Side sender, const Segment& segment) {
    const ParsedPacket packet = Packet(sender, segment);
    TcpPair pair = PairOf(sender);
    const SegmentInfo info = TakeAsSender(pair, packet);
    TakeAsReceiver(pair, packet, info);
    const bool in_order =
        info.offset == static_cast<int64_t>(pair.sender.delivered);
    if (in_order && !info.Is(segment_mark::kBadReset | segment_mark::kResets |
                             segment_mark::kSynConflict)) {
      Deliver(sender, segment.payload);
    }
    TakePendingFin(pair);
    return info;
  }

  // The receiver's stream moves on, as when a hole fills.
  void Deliver(Side sender, uint32_t bytes) {
    TcpEnd& end = ends[Index(sender)];
    end.next_seq = end.next_seq + bytes;
    end.delivered += bytes;
    TakePendingFin(PairOf(sender));
  }

  SegmentInfo Client(const Segment& segment) {
    return Send(Side::kClient, segment);
  }
  SegmentInfo Server(const Segment& segment) {
    return Send(Side::kServer, segment);
  }

  void ShakeHands() {
    Client({.flags = tcp_flag::kSyn});
    Server({.flags = tcp_flag::kSyn | tcp_flag::kAck, .ack = 1});
    Client({.flags = tcp_flag::kAck, .seq = 1, .ack = 1});
  }

  bool IsNewIncarnation(Side sender, const Segment& segment,
                        uint32_t first_seq = 0) {
    return StartsNewIncarnation(ends[Index(sender)], ends[Index(Other(sender))],
                                isn_[Index(sender)] + first_seq,
                                Packet(sender, segment));
  }

  TcpEnd& client() { return ends[0]; }
  TcpEnd& server() { return ends[1]; }

  // Numbers of `side` as a test writes them.
  uint32_t Relative(Side side, SeqNum seq) const {
    return seq.raw() - isn_[Index(side)].raw();
  }

  TcpPair PairOf(Side sender) {
    const Side receiver = Other(sender);
    return {ends[Index(sender)], ends[Index(receiver)], fin[Index(sender)],
            fin[Index(receiver)]};
  }

  std::array<TcpEnd, kSides> ends;
  std::array<SeqNum, kSides> fin;

 private:
  const std::array<SeqNum, kSides> isn_;
  std::vector<uint8_t> header_;
};

}  // namespace mosaic
