#include "tests/support/connection.h"

#include <algorithm>

#include "dataplane/parse/parsed_packet.h"

namespace mosaic::testing {

PacketBuilder Connection::Bare(Side side) const {
  const bool from_client = side == Side::kClient;
  PacketBuilder packet;
  packet.Link(options_.link);
  if (options_.vlan) packet.Vlan(*options_.vlan);
  if (options_.ip_version == 6) {
    constexpr std::string_view kClient = "2001:db8::1";
    constexpr std::string_view kServer = "2001:db8::2";
    packet.Ipv6(from_client ? kClient : kServer,
                from_client ? kServer : kClient);
  } else {
    constexpr std::string_view kClient = "10.0.0.1";
    constexpr std::string_view kServer = "10.0.0.2";
    packet.Ipv4(from_client ? kClient : kServer,
                from_client ? kServer : kClient);
  }
  packet
      .Tcp(from_client ? options_.client_port : options_.server_port,
           from_client ? options_.server_port : options_.client_port)
      .Seq(options_.isn[Index(side)])
      .Flags(0);
  return packet;
}

PacketBuilder Connection::End::Segment(uint64_t offset,
                                       std::string_view text) const {
  const auto& isn = connection_.options_.isn;
  return connection_.Bare(side_)
      .Seq(isn[Index(side_)] + 1 + static_cast<uint32_t>(offset))
      .Ack(isn[Index(Other(side_))] + 1 + static_cast<uint32_t>(acked_))
      .Flags(tcp_flag::kAck)
      .Payload(text);
}

void Connection::End::Data(uint64_t offset, std::string_view text) {
  next_ = std::max(next_, offset + text.size());
  connection_.Send(Segment(offset, text));
}

void Connection::End::Ack(uint64_t offset) {
  acked_ = offset;
  connection_.Send(Segment(next_));
}

void Connection::End::Fin(uint64_t offset, std::string_view text) {
  next_ = std::max(next_, offset + text.size() + 1);
  connection_.Send(
      Segment(offset, text).Flags(tcp_flag::kFin | tcp_flag::kAck));
}

void Connection::End::Rst(uint64_t offset) {
  connection_.Send(Segment(offset).Flags(tcp_flag::kRst | tcp_flag::kAck));
}

PacketBuilder Connection::WithOptions(PacketBuilder syn) const {
  if (options_.window_scale) syn.TcpOptions({3, 3, *options_.window_scale});
  return syn;
}

void Connection::Syn() {
  Send(WithOptions(Bare(Side::kClient).Flags(tcp_flag::kSyn)));
}

void Connection::SynAck() {
  Send(WithOptions(Bare(Side::kServer)
                       .Ack(options_.isn[Index(Side::kClient)] + 1)
                       .Flags(tcp_flag::kSyn | tcp_flag::kAck)));
}

void Connection::HandshakeAck() { Send(client_.Segment(0)); }

void Connection::Handshake() {
  Syn();
  SynAck();
  HandshakeAck();
  if (options_.window_scale) server_.Ack(0);
}

void Connection::Close(uint64_t client_offset, uint64_t server_offset) {
  client_.Fin(client_offset);
  server_.Ack(client_offset + 1);
  server_.Fin(server_offset);
  client_.Ack(server_offset + 1);
}

}  // namespace mosaic::testing
