#include "dataplane/engine/segment_sender.h"

#include <algorithm>
#include <cstring>

#include "dataplane/base/byte_order.h"
#include "dataplane/edit/packet_regions.h"
#include "dataplane/parse/ip_protocol.h"
#include "dataplane/parse/ipv4.h"
#include "dataplane/parse/ipv6.h"
#include "dataplane/parse/transport.h"

namespace mosaic {
namespace {

using tcp_flag::kAck;
using tcp_flag::kFin;
using tcp_flag::kPsh;
using tcp_flag::kRst;
using tcp_flag::kSyn;

constexpr uint32_t kMacBytes = 6;
constexpr uint8_t kHops = 64;  // RFC 1700's default, and all stacks'.
constexpr size_t kMaxOptions = 40;

EndpointIndex EndpointOfSide(const Flow& flow, Side side) {
  return static_cast<EndpointIndex>(flow.client ^ Index(side));
}

void WriteIpv4(const Endpoint& source, const Endpoint& destination,
               uint32_t length, uint8_t* ip) {
  std::memset(ip, 0, kIpv4MinHeader);
  ip[0] = 0x45;
  WriteBig16(ip + 2, static_cast<uint16_t>(length));
  WriteBig16(ip + 6, 0x4000);  // Not to be fragmented, so it needs no id.
  ip[8] = kHops;
  ip[9] = ip_protocol::kTcp;
  std::memcpy(ip + 12, source.address.data(), 4);
  std::memcpy(ip + 16, destination.address.data(), 4);
  WriteIpv4Checksum(ip);
}

void WriteIpv6(const Endpoint& source, const Endpoint& destination,
               uint32_t length, uint8_t* ip) {
  std::memset(ip, 0, kIpv6Header);
  ip[0] = 0x60;
  WriteBig16(ip + 4, static_cast<uint16_t>(length - kIpv6Header));
  ip[6] = ip_protocol::kTcp;
  ip[7] = kHops;
  std::memcpy(ip + 8, source.address.data(), 16);
  std::memcpy(ip + 24, destination.address.data(), 16);
}

}  // namespace

SegmentSender::SegmentSender(size_t flows, PacketBuffers& buffers,
                             const SeqTranslator& translator,
                             Transmitter& transmitter, CoreCounters& counters)
    : flows_(flows),
      buffers_(buffers),
      translator_(translator),
      transmitter_(transmitter),
      counters_(counters) {
  if (transmitter.sends()) path_ = LazyArray<FlowPath>(flows_);
}

void SegmentSender::NotePath(uint32_t flow_index,
                             const PacketContext& context) {
  if (path_.size() == 0) return;
  FlowPath& path = path_[flow_index];
  const ParsedPacket& parsed = context.parsed;
  const auto bytes =
      static_cast<size_t>(parsed.ip_header - context.packet.data);
  const bool ethernet = context.packet.link == LinkType::kEthernet;
  path.known = parsed.tunnels == 0 && parsed.reassembled == 0 &&
               bytes <= kMaxLinkHeader &&
               bytes == (ethernet ? 14 + 4u * parsed.vlan_count : 0u);
  if (!path.known) return;
  std::memcpy(path.link_header.data(), context.packet.data, bytes);
  path.link_bytes = static_cast<uint8_t>(bytes);
  path.link = context.packet.link;
  path.port = context.packet.port;
  path.sender = parsed.sender;
}

bool SegmentSender::CanSend(uint32_t flow_index) const {
  if (path_.size() == 0 || !path_[flow_index].known) return false;
  const uint16_t port = path_[flow_index].port;
  return transmitter_.LaneFrom(port) != Transmitter::kNoLane &&
         transmitter_.LaneTowards(port) != Transmitter::kNoLane;
}

SegmentSender::Numbers SegmentSender::NumbersOf(const Flow& flow,
                                                const SegmentSpec& spec) const {
  const Side to = Other(spec.from);
  const TcpEnd& end = flow.end[Index(spec.from)];
  const TcpEnd& peer = flow.end[Index(to)];
  Numbers numbers = {};
  if (spec.seq.has_value()) {
    numbers.seq = *spec.seq;
  } else if (end.Has(end_flag::kPacketSeen)) {
    numbers.seq = end.next_seq + (end.Has(end_flag::kFinDelivered) ? 1u : 0u);
  }
  if (spec.ack.has_value()) {
    numbers.ack = *spec.ack;
  } else if (peer.Has(end_flag::kAckSeen) || peer.Has(end_flag::kPacketSeen)) {
    numbers.ack = translator_.AckFor(
        flow, to, peer.Has(end_flag::kAckSeen) ? peer.snd_una : peer.next_seq);
  }
  const bool scaled =
      end.Has(end_flag::kScaling) && peer.Has(end_flag::kScaling);
  numbers.window =
      spec.window.value_or(static_cast<uint16_t>(std::min<uint32_t>(
          end.window >> (scaled ? end.window_shift : 0), UINT16_MAX)));
  return numbers;
}

uint16_t SegmentSender::LaneOf(const FlowPath& path, EndpointIndex from) const {
  return from == path.sender ? transmitter_.LaneFrom(path.port)
                             : transmitter_.LaneTowards(path.port);
}

bool SegmentSender::Queue(const Flow& flow, const FlowPath& path,
                          const SegmentSpec& spec, const Numbers& numbers,
                          std::span<const uint8_t> payload, uint8_t tcp_flags) {
  if (waiting_ == kMaxWaiting) return false;
  const EndpointIndex from = EndpointOfSide(flow, spec.from);
  const Endpoint source = spec.source.value_or(EndpointOf(flow.key, from));
  const Endpoint destination = spec.destination.value_or(
      EndpointOf(flow.key, static_cast<EndpointIndex>(from ^ 1)));
  const bool ipv4 = flow.key.ip_version == 4;
  const uint32_t ip_header = ipv4 ? kIpv4MinHeader : kIpv6Header;
  const auto tcp_header =
      static_cast<uint32_t>(kTcpMinHeader + spec.options.size());
  const auto ip_length =
      static_cast<uint32_t>(ip_header + tcp_header + payload.size());
  Packet packet;
  if (!buffers_.Give(packet, path.link_bytes + ip_length)) return false;
  packet.link = path.link;
  packet.port = LaneOf(path, from);

  std::memcpy(packet.data, path.link_header.data(), path.link_bytes);
  if (from != path.sender && path.link_bytes > 0) {
    std::memcpy(packet.data, path.link_header.data() + kMacBytes, kMacBytes);
    std::memcpy(packet.data + kMacBytes, path.link_header.data(), kMacBytes);
  }
  ParsedPacket parsed;
  parsed.packet_class = PacketClass::kTcp;
  parsed.ip_header = packet.data + path.link_bytes;
  parsed.l4_header = parsed.ip_header + ip_header;
  parsed.payload = parsed.l4_header + tcp_header;
  parsed.payload_captured = static_cast<uint32_t>(payload.size());
  ipv4 ? WriteIpv4(source, destination, ip_length, parsed.ip_header)
       : WriteIpv6(source, destination, ip_length, parsed.ip_header);
  uint8_t* const tcp = parsed.l4_header;
  WriteBig16(tcp, source.port);
  WriteBig16(tcp + 2, destination.port);
  WriteBig32(tcp + 4, numbers.seq.raw());
  WriteBig32(tcp + 8, (tcp_flags & kAck) != 0 ? numbers.ack.raw() : 0);
  tcp[12] = static_cast<uint8_t>(tcp_header / 4 << 4);
  tcp[13] = tcp_flags;
  WriteBig16(tcp + 14, numbers.window);
  WriteBig32(tcp + 16, 0);
  std::copy(spec.options.begin(), spec.options.end(), tcp + kTcpMinHeader);
  std::copy(payload.begin(), payload.end(), parsed.payload);
  WriteTransportChecksum(parsed);
  queue_[waiting_++] = std::move(packet);
  return true;
}

SendResult SegmentSender::Send(const Flow& flow, uint32_t flow_index,
                               const SegmentSpec& spec) {
  if (flow.key.protocol != ip_protocol::kTcp || path_.size() == 0) {
    return SendResult::kNoPath;
  }
  const FlowPath& path = path_[flow_index];
  const EndpointIndex from = EndpointOfSide(flow, spec.from);
  if (!path.known || LaneOf(path, from) == Transmitter::kNoLane) {
    return SendResult::kNoPath;
  }
  const uint8_t version = flow.key.ip_version;
  if (spec.options.size() % 4 != 0 || spec.options.size() > kMaxOptions ||
      spec.payload.size() > kMaxSegmentBytes ||
      (spec.source.has_value() && spec.source->ip_version != version) ||
      (spec.destination.has_value() &&
       spec.destination->ip_version != version)) {
    return SendResult::kBadSegment;
  }
  const size_t most = LongestPayload(
      flow, Other(spec.from),
      static_cast<uint32_t>(kTcpMinHeader + spec.options.size()));
  const size_t parts =
      spec.payload.empty() ? 1 : (spec.payload.size() + most - 1) / most;
  // All of it or nothing.
  if (parts > kMaxWaiting - waiting_ ||
      parts > buffers_.size() - buffers_.lent()) {
    return SendResult::kQueueFull;
  }
  Numbers numbers = NumbersOf(flow, spec);
  for (size_t part = 0; part < parts; ++part) {
    const auto payload =
        spec.payload.subspan(part * most)
            .first(std::min(most, spec.payload.size() - part * most));
    uint8_t flags = spec.tcp_flags;
    if (part + 1 < parts) flags &= static_cast<uint8_t>(~(kFin | kPsh));
    if (part > 0) flags &= static_cast<uint8_t>(~kSyn);
    static_cast<void>(Queue(flow, path, spec, numbers, payload, flags));
    numbers.seq = numbers.seq + static_cast<uint32_t>(payload.size()) +
                  ((flags & kSyn) != 0 ? 1u : 0u);
  }
  return SendResult::kQueued;
}

SendResult SegmentSender::SendResets(const Flow& flow, uint32_t flow_index) {
  SendResult result = SendResult::kQueued;
  for (const Side from : {Side::kClient, Side::kServer}) {
    const TcpEnd& end = flow.end[Index(from)];
    const TcpEnd& peer = flow.end[Index(Other(from))];
    SegmentSpec spec;
    spec.from = from;
    spec.window = 0;
    spec.tcp_flags = kRst;
    // One who waits for a SYN/ACK believes a RST only if it acknowledges the
    // SYN.
    if (!end.Has(end_flag::kPacketSeen)) {
      spec.tcp_flags = kRst | kAck;
      spec.ack = translator_.AckFor(flow, Other(from), peer.snd_nxt);
    }
    result = std::max(result, Send(flow, flow_index, spec));
  }
  return result;
}

void SegmentSender::AnswerWithReset(const Flow& flow, uint32_t flow_index,
                                    Side sender, const ParsedPacket& segment) {
  if (segment.Has(kRst)) return;
  SegmentSpec spec;
  spec.from = Other(sender);
  spec.window = 0;
  if (segment.Has(kAck)) {
    spec.tcp_flags = kRst;
    spec.seq = segment.ack;
  } else {
    spec.tcp_flags = kRst | kAck;
    spec.seq = SeqNum(0);
    const uint32_t flags =
        (segment.Has(kSyn) ? 1u : 0u) + (segment.Has(kFin) ? 1u : 0u);
    spec.ack = translator_.AckFor(flow, sender,
                                  segment.seq + segment.payload_length + flags);
  }
  static_cast<void>(Send(flow, flow_index, spec));
}

void SegmentSender::Flush() {
  for (size_t i = 0; i < waiting_; ++i) {
    counters_.originated_packets.Add(1);
    transmitter_.Forward(queue_[i]);
  }
  waiting_ = 0;
}

}  // namespace mosaic
