// The calls of mos_api.h on the current packet, and those that send.

#include <mos_api.h>

#include <bit>
#include <cstring>
#include <optional>
#include <span>

#include "dataplane/mos/call.h"

namespace mosaic::mos {
namespace {

constexpr size_t kTcpHeader = 20;
constexpr uint8_t kTcp = 6;

// The callback whose packet or flow `sock` may ask for. 0, or an errno.
int CallbackFor(Context& context, int sock, Callback*& callback) {
  const SocketKind kind = KindOf(context, sock);
  if (kind == SocketKind::kNone) return EBADF;
  if (kind == SocketKind::kEpoll || kind == SocketKind::kPipe) return ENOTSOCK;
  callback = CallbackOf(context);
  if (callback == nullptr) return EPERM;
  return 0;
}

// The packet of the callback, if it concerns `sock`.
PacketView* PacketOf(const Callback& callback, int sock) {
  if (callback.event == nullptr || callback.sock != sock) return nullptr;
  return callback.event->packet;
}

bool IsSide(int side) {
  return side == MOS_SIDE_CLI || side == MOS_SIDE_SVR ||
         side == MOS_SIDE_BOTH || side == MOS_NULL;
}

template <typename T>
T* PointerTo(std::span<const uint8_t> bytes) {
  return bytes.empty()
             ? nullptr
             : reinterpret_cast<T*>(const_cast<uint8_t*>(bytes.data()));
}

uint16_t IpLength(std::span<const uint8_t> ip) {
  if (ip.size() < 6) return 0;
  const bool v6 = ip[0] >> 4 == 6;
  const auto at = [&](size_t i) {
    return static_cast<uint16_t>(ip[i] << 8 | ip[i + 1]);
  };
  return v6 ? static_cast<uint16_t>(at(4) + 40) : at(2);
}

// Where in the stream of its sender `seq` is: next to what is expected next,
// whose 64-bit offset the stream's own length tells.
uint64_t OffsetOf(const FlowView& flow, Side sender, SeqNum seq) {
  const BufferInfo info = flow.buffer_info(Other(sender));
  const SideCounters sent = flow.counters(sender);
  const uint64_t about = sent.stream_bytes + sent.gap_bytes;
  const auto low =
      static_cast<uint32_t>(info.next_byte_expected.Since(info.init_seq + 1));
  const uint64_t next =
      about + static_cast<uint64_t>(static_cast<int64_t>(
                  static_cast<int32_t>(low - static_cast<uint32_t>(about))));
  return next + static_cast<uint64_t>(
                    static_cast<int64_t>(seq.Since(info.next_byte_expected)));
}

void Fill(const Callback& callback, const PacketView& packet, pkt_info& info) {
  std::memset(&info, 0, sizeof info);
  info.cur_ts = static_cast<uint32_t>(packet.time().micros());
  info.in_ifidx = static_cast<int8_t>(packet.port());
  const std::span<const uint8_t> ip = packet.ip();
  const std::span<const uint8_t> link =
      packet.region(PacketRegion::kLinkHeader);
  info.ip_len = IpLength(ip);
  info.eth_len = static_cast<uint16_t>(link.size() + info.ip_len);
  // A tunnel's link header is longer, and still begins with the outer one's.
  if (link.size() >= sizeof(ethhdr)) info.ethh = PointerTo<ethhdr>(link);
  info.iph = PointerTo<iphdr>(ip);
  const std::span<const uint8_t> payload = packet.payload();
  info.payloadlen = static_cast<uint16_t>(payload.size());
  info.payload = PointerTo<uint8_t>(payload);
  if (packet.protocol() != kTcp) return;
  const std::span<const uint8_t> tcp =
      packet.region(PacketRegion::kTransportHeader);
  if (tcp.size() < kTcpHeader) return;
  info.tcph = PointerTo<tcphdr>(tcp);
  if (info.payload == nullptr) {
    info.payload = reinterpret_cast<uint8_t*>(info.tcph) + tcp.size();
  }
  info.seq = packet.seq().raw();
  info.ack_seq = packet.ack().raw();
  info.window = packet.window();
  if (callback.flow != nullptr) {
    info.offset = OffsetOf(*callback.flow, packet.sender(), packet.seq());
  }
}

int GetPacket(Context& context, int sock, int side, pkt_info* info) {
  Callback* callback = nullptr;
  if (const int error = CallbackFor(context, sock, callback); error != 0) {
    return error;
  }
  if (info == nullptr || !IsSide(side)) return EINVAL;
  const PacketView* const packet = PacketOf(*callback, sock);
  if (packet == nullptr) return ENODATA;
  Fill(*callback, *packet, *info);
  return 0;
}

// --- Changing.

constexpr int kActions = MOS_DROP | MOS_OVERWRITE | MOS_CHOMP | MOS_INSERT;
constexpr int kRegions =
    MOS_ETH_HDR | MOS_IP_HDR | MOS_TCP_HDR | MOS_TCP_PAYLOAD;
constexpr int kChecksums = MOS_UPDATE_IP_CHKSUM | MOS_UPDATE_TCP_CHKSUM;

bool IsOneOf(int option, int mask) {
  return std::has_single_bit(static_cast<unsigned>(option & mask));
}

PacketRegion RegionOf(int option) {
  if ((option & MOS_ETH_HDR) != 0) return PacketRegion::kLinkHeader;
  if ((option & MOS_IP_HDR) != 0) return PacketRegion::kIpHeader;
  if ((option & MOS_TCP_HDR) != 0) return PacketRegion::kTransportHeader;
  return PacketRegion::kPayload;
}

ChecksumUpdate UpdateOf(int option) {
  const bool ip = (option & MOS_UPDATE_IP_CHKSUM) != 0;
  const bool tcp = (option & MOS_UPDATE_TCP_CHKSUM) != 0;
  if (ip) return tcp ? ChecksumUpdate::kBoth : ChecksumUpdate::kIp;
  return tcp ? ChecksumUpdate::kTransport : ChecksumUpdate::kNone;
}

int ErrnoOf(EditResult result) {
  switch (result) {
    case EditResult::kDone:
      return 0;
    case EditResult::kNotEditable:
      return ENODATA;
    case EditResult::kNoRegion:
    case EditResult::kOutOfBounds:
    case EditResult::kMalformed:
    case EditResult::kEmptySegment:
      return EINVAL;
    case EditResult::kFixedLength:
      return EACCES;
    case EditResult::kTooLate:
    case EditResult::kAlreadySent:
    case EditResult::kOutOfOrder:
      return EPERM;
    case EditResult::kTunnelled:
    case EditResult::kReassembled:
    case EditResult::kCut:
    case EditResult::kBadChecksum:
    case EditResult::kSourceRouted:
      return EOPNOTSUPP;
    case EditResult::kTooLong:
    case EditResult::kNoBuffer:
    case EditResult::kRemapFull:
      return ENOSPC;
  }
  return EINVAL;
}

int Edit(PacketView& packet, size_t offset, std::span<const uint8_t> data,
         size_t length, int option) {
  const PacketRegion region = RegionOf(option);
  const ChecksumUpdate update = UpdateOf(option);
  if ((option & MOS_OVERWRITE) != 0) {
    return ErrnoOf(packet.Overwrite(region, offset, data, update));
  }
  if ((option & MOS_INSERT) != 0) {
    return ErrnoOf(packet.Insert(region, offset, data, update));
  }
  return ErrnoOf(packet.Remove(region, offset, length, update));
}

int SetPacket(Context& context, int sock, int side, off_t offset,
              const byte* data, uint16_t length, int option) {
  Callback* callback = nullptr;
  if (const int error = CallbackFor(context, sock, callback); error != 0) {
    return error;
  }
  if (!IsSide(side)) return EINVAL;
  if (!IsOneOf(option, kActions)) return EAGAIN;
  PacketView* const packet = PacketOf(*callback, sock);
  if (packet == nullptr) return ENODATA;
  if ((option & MOS_DROP) != 0) {
    callback->verdict = std::max(callback->verdict, Verdict::kDrop);
    return 0;
  }
  if ((option & ~(kActions | kRegions | kChecksums)) != 0 ||
      !IsOneOf(option, kRegions) || offset < 0 || length == 0) {
    return EINVAL;
  }
  const bool needs_data = (option & MOS_CHOMP) == 0;
  if (needs_data && data == nullptr) return EINVAL;
  if ((option & MOS_ETH_HDR) != 0 && (option & MOS_OVERWRITE) == 0) {
    return EACCES;
  }
  return Edit(*packet, static_cast<size_t>(offset),
              needs_data ? std::span(data, length) : std::span<const byte>(),
              length, option);
}

// --- Sending.

int ErrnoOf(SendResult result) {
  switch (result) {
    case SendResult::kQueued:
      return 0;
    case SendResult::kNoPath:
      return ENETDOWN;
    case SendResult::kBadSegment:
      return EINVAL;
    case SendResult::kQueueFull:
      return ENOBUFS;
  }
  return EINVAL;
}

uint16_t Big16(const uint8_t* at) {
  return static_cast<uint16_t>(at[0] << 8 | at[1]);
}
uint32_t Big32(const uint8_t* at) {
  return uint32_t{Big16(at)} << 16 | Big16(at + 2);
}

// The address at `at` of an IP header, with `port`.
Endpoint EndpointAt(const uint8_t* at, uint8_t version, uint16_t port) {
  Endpoint endpoint;
  std::memcpy(endpoint.address.data(), at, version == 4 ? 4 : 16);
  endpoint.ip_version = version;
  endpoint.port = port;
  return endpoint;
}

// Who sends `packet`; none if it is not of `flow`.
std::optional<Side> SenderOf(const FlowView& flow, const pkt_info& packet) {
  const auto* const ip = reinterpret_cast<const uint8_t*>(packet.iph);
  const auto* const tcp = reinterpret_cast<const uint8_t*>(packet.tcph);
  const auto version = static_cast<uint8_t>(ip[0] >> 4);
  if (version != 4 && version != 6) return std::nullopt;
  const size_t from = version == 4 ? 12 : 8;
  const size_t to = version == 4 ? 16 : 24;
  const Endpoint source = EndpointAt(ip + from, version, Big16(tcp));
  const Endpoint destination = EndpointAt(ip + to, version, Big16(tcp + 2));
  if (source == flow.client() && destination == flow.server()) {
    return Side::kClient;
  }
  if (source == flow.server() && destination == flow.client()) {
    return Side::kServer;
  }
  return std::nullopt;
}

int Send(FlowView& flow, const pkt_info& packet) {
  const std::optional<Side> sender = SenderOf(flow, packet);
  const auto* const tcp = reinterpret_cast<const uint8_t*>(packet.tcph);
  const size_t header = size_t{tcp[12]} >> 4 << 2;
  if (!sender.has_value() || header < kTcpHeader) return EINVAL;
  if (packet.payload == nullptr && packet.payloadlen > 0) return EINVAL;
  SegmentSpec segment;
  segment.from = *sender;
  segment.tcp_flags = tcp[13];
  segment.seq = SeqNum(Big32(tcp + 4));
  segment.ack = SeqNum(Big32(tcp + 8));
  segment.window = Big16(tcp + 14);
  segment.options = {tcp + kTcpHeader, header - kTcpHeader};
  if (packet.payloadlen > 0) {
    segment.payload = {packet.payload, packet.payloadlen};
  }
  return ErrnoOf(flow.Send(segment));
}

}  // namespace
}  // namespace mosaic::mos

using mosaic::FlowView;
using mosaic::mos::ActiveSocket;
using mosaic::mos::Answer;
using mosaic::mos::Context;
using mosaic::mos::In;

int mtcp_getlastpkt(mctx_t mctx, int sock, int side, struct pkt_info* p) {
  return In(mctx, [&](Context& context) {
    return Answer(mosaic::mos::GetPacket(context, sock, side, p));
  });
}

int mtcp_setlastpkt(mctx_t mctx, int sock, int side, off_t offset,
                    const byte* data, uint16_t datalen, int option) {
  return In(mctx, [&](Context& context) {
    return Answer(mosaic::mos::SetPacket(context, sock, side, offset, data,
                                         datalen, option));
  });
}

int mtcp_sendpkt(mctx_t mctx, int sock, const struct pkt_info* pkt) {
  return In(mctx, [&](Context& context) {
    return Answer(mosaic::mos::WithFlow(
        context, sock, EINVAL, [&](FlowView& flow, ActiveSocket&) {
          if (pkt == nullptr || pkt->iph == nullptr || pkt->tcph == nullptr) {
            return EINVAL;
          }
          return mosaic::mos::Send(flow, *pkt);
        }));
  });
}

int mtcp_reset_conn(mctx_t mctx, int sock) {
  return In(mctx, [&](Context& context) {
    return Answer(mosaic::mos::WithFlow(
        context, sock, EINVAL, [&](FlowView& flow, ActiveSocket&) {
          return mosaic::mos::ErrnoOf(flow.Reset());
        }));
  });
}
