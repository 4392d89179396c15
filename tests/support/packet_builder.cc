#include "tests/support/packet_builder.h"

#include <arpa/inet.h>

#include <algorithm>
#include <string>

#include "dataplane/base/check.h"

namespace mosaic {
namespace {

using Bytes = PacketBuilder::Bytes;

constexpr uint8_t kIcmpNumber = 1;
constexpr uint8_t kTcpNumber = 6;
constexpr uint8_t kUdpNumber = 17;
constexpr uint8_t kIcmpv6Number = 58;
constexpr uint8_t kFragmentNumber = 44;
constexpr uint8_t kAuthenticationNumber = 51;

Bytes Address(std::string_view text, int family, size_t size) {
  Bytes address(size);
  MOSAIC_CHECK(inet_pton(family, std::string(text).c_str(), address.data()) ==
               1);
  return address;
}

void Append16(Bytes& bytes, uint16_t value) {
  bytes.push_back(static_cast<uint8_t>(value >> 8));
  bytes.push_back(static_cast<uint8_t>(value));
}

void Append32(Bytes& bytes, uint32_t value) {
  Append16(bytes, static_cast<uint16_t>(value >> 16));
  Append16(bytes, static_cast<uint16_t>(value));
}

void Append(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

void Put16(Bytes& bytes, size_t offset, uint16_t value) {
  bytes[offset] = static_cast<uint8_t>(value >> 8);
  bytes[offset + 1] = static_cast<uint8_t>(value);
}

void FillUp(Bytes& bytes, size_t unit) {
  while (bytes.size() % unit != 0) bytes.push_back(0);
}

// RFC 1071, word by word.
uint16_t NaiveChecksum(Bytes bytes) {
  FillUp(bytes, 2);
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); i += 2) {
    sum += static_cast<uint32_t>(bytes[i] << 8 | bytes[i + 1]);
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<uint16_t>(~sum);
}

}  // namespace

PacketBuilder& PacketBuilder::Link(LinkType link) {
  link_ = link;
  return *this;
}

PacketBuilder& PacketBuilder::Vlan(uint16_t id, uint16_t tag_type) {
  vlans_.emplace_back(tag_type, id);
  return *this;
}

PacketBuilder& PacketBuilder::LlcSnap() {
  llc_snap_ = true;
  return *this;
}

PacketBuilder& PacketBuilder::EtherType(uint16_t type) {
  ether_type_ = type;
  return *this;
}

PacketBuilder& PacketBuilder::Padding(size_t bytes) {
  padding_ = bytes;
  return *this;
}

PacketBuilder& PacketBuilder::Ipv4(std::string_view source,
                                   std::string_view destination) {
  family_ = 4;
  source_ = Address(source, AF_INET, 4);
  destination_ = Address(destination, AF_INET, 4);
  return *this;
}

PacketBuilder& PacketBuilder::Ipv6(std::string_view source,
                                   std::string_view destination) {
  family_ = 6;
  source_ = Address(source, AF_INET6, 16);
  destination_ = Address(destination, AF_INET6, 16);
  return *this;
}

PacketBuilder& PacketBuilder::Ttl(uint8_t ttl) {
  ttl_ = ttl;
  return *this;
}

PacketBuilder& PacketBuilder::IpOptions(Bytes options) {
  FillUp(options, 4);
  ip_options_ = std::move(options);
  return *this;
}

PacketBuilder& PacketBuilder::ExtensionHeader(uint8_t number, Bytes body) {
  const size_t unit = number == kAuthenticationNumber ? 4 : 8;
  while (body.size() < 6 || (body.size() + 2) % unit != 0) body.push_back(0);
  extensions_.push_back({number, std::move(body)});
  return *this;
}

PacketBuilder& PacketBuilder::Fragment(uint32_t id, uint16_t offset,
                                       bool more_follow) {
  if (family_ == 4) {
    ip_id_ = id;
    fragment_bits_ =
        static_cast<uint16_t>(offset / 8 | (more_follow ? 0x2000 : 0));
    return *this;
  }
  Bytes body;
  Append16(body, static_cast<uint16_t>(offset | (more_follow ? 1 : 0)));
  Append32(body, id);
  return ExtensionHeader(kFragmentNumber, std::move(body));
}

PacketBuilder& PacketBuilder::Protocol(uint8_t number) {
  protocol_ = number;
  return *this;
}

PacketBuilder& PacketBuilder::Tcp(uint16_t source_port,
                                  uint16_t destination_port) {
  transport_ = Transport::kTcp;
  source_port_ = source_port;
  destination_port_ = destination_port;
  return *this;
}

PacketBuilder& PacketBuilder::Udp(uint16_t source_port,
                                  uint16_t destination_port) {
  transport_ = Transport::kUdp;
  source_port_ = source_port;
  destination_port_ = destination_port;
  return *this;
}

PacketBuilder& PacketBuilder::Icmp(uint8_t type, uint8_t code) {
  transport_ = Transport::kIcmp;
  icmp_type_ = type;
  icmp_code_ = code;
  return *this;
}

PacketBuilder& PacketBuilder::NoTransport() {
  transport_ = Transport::kNone;
  return *this;
}

PacketBuilder& PacketBuilder::Seq(uint32_t seq) {
  seq_ = seq;
  return *this;
}

PacketBuilder& PacketBuilder::Ack(uint32_t ack) {
  ack_ = ack;
  return *this;
}

PacketBuilder& PacketBuilder::Flags(uint8_t flags) {
  flags_ = flags;
  return *this;
}

PacketBuilder& PacketBuilder::Window(uint16_t window) {
  window_ = window;
  return *this;
}

PacketBuilder& PacketBuilder::Urgent(uint16_t pointer) {
  urgent_ = pointer;
  return *this;
}

PacketBuilder& PacketBuilder::TcpOptions(Bytes options) {
  FillUp(options, 4);
  tcp_options_ = std::move(options);
  return *this;
}

PacketBuilder& PacketBuilder::Payload(std::string_view payload) {
  payload_.assign(payload.begin(), payload.end());
  return *this;
}

PacketBuilder& PacketBuilder::Payload(Bytes payload) {
  payload_ = std::move(payload);
  return *this;
}

PacketBuilder& PacketBuilder::IpVersion(uint8_t version) {
  ip_version_ = version;
  return *this;
}

PacketBuilder& PacketBuilder::IpHeaderWords(uint8_t words) {
  ip_header_words_ = words;
  return *this;
}

PacketBuilder& PacketBuilder::IpLength(uint16_t length) {
  ip_length_ = length;
  return *this;
}

PacketBuilder& PacketBuilder::TcpHeaderWords(uint8_t words) {
  tcp_header_words_ = words;
  return *this;
}

PacketBuilder& PacketBuilder::TcpReservedBits(uint8_t bits) {
  tcp_reserved_bits_ = bits;
  return *this;
}

PacketBuilder& PacketBuilder::UdpLength(uint16_t length) {
  udp_length_ = length;
  return *this;
}

PacketBuilder& PacketBuilder::BadIpChecksum() {
  bad_ip_checksum_ = true;
  return *this;
}

PacketBuilder& PacketBuilder::BadL4Checksum() {
  bad_l4_checksum_ = true;
  return *this;
}

PacketBuilder& PacketBuilder::L4Checksum(uint16_t checksum) {
  l4_checksum_ = checksum;
  return *this;
}

PacketBuilder& PacketBuilder::Verbatim(Bytes frame) {
  verbatim_ = std::move(frame);
  return *this;
}

PacketBuilder& PacketBuilder::Snap(size_t bytes) {
  snap_ = bytes;
  return *this;
}

Bytes PacketBuilder::Build() const {
  Bytes frame = BuildWhole();
  if (snap_) frame.resize(std::min(*snap_, frame.size()));
  return frame;
}

Bytes PacketBuilder::BuildWhole() const {
  if (verbatim_) return *verbatim_;
  const Bytes segment = Segment();
  const Bytes ip = IpHeader(segment.size());
  Bytes frame = LinkHeader(ip.size() + segment.size());
  Append(frame, ip);
  Append(frame, segment);
  frame.resize(frame.size() + padding_);
  return frame;
}

uint16_t PacketBuilder::NetworkType() const {
  return ether_type_.value_or(family_ == 4 ? 0x0800 : 0x86dd);
}

Bytes PacketBuilder::LinkHeader(size_t ip_length) const {
  Bytes header;
  switch (link_) {
    case LinkType::kEthernet:
      header = {0x02, 0, 0, 0, 0, 0x02, 0x02, 0, 0, 0, 0, 0x01};
      for (const auto& [tag_type, id] : vlans_) {
        Append16(header, tag_type);
        Append16(header, id);
      }
      if (llc_snap_) {
        Append16(header, static_cast<uint16_t>(ip_length + 8));
        Append(header, {0xaa, 0xaa, 0x03, 0, 0, 0});
      }
      Append16(header, NetworkType());
      break;
    case LinkType::kNull:  // As a little-endian machine writes it.
      header = {static_cast<uint8_t>(family_ == 4 ? 2 : 30), 0, 0, 0};
      break;
    case LinkType::kLoop:
      header = {0, 0, 0, static_cast<uint8_t>(family_ == 4 ? 2 : 30)};
      break;
    case LinkType::kRawIp:
      break;
    case LinkType::kLinuxSll:
      header = {0, 0, 0, 1, 0, 6, 0x02, 0, 0, 0, 0, 0x01, 0, 0};
      Append16(header, NetworkType());
      break;
    case LinkType::kLinuxSll2:
      Append16(header, NetworkType());
      Append(header, {0, 0, 0, 0, 0, 3, 0, 1, 0, 6});
      Append(header, {0x02, 0, 0, 0, 0, 0x01, 0, 0});
      break;
    case LinkType::kPpp:
      header = {0xff, 0x03};
      Append16(header, ether_type_.value_or(family_ == 4 ? 0x0021 : 0x0057));
      break;
    case LinkType::kCiscoHdlc:
      header = {0x0f, 0x00};
      Append16(header, NetworkType());
      break;
  }
  return header;
}

uint8_t PacketBuilder::ProtocolNumber() const {
  if (protocol_) return *protocol_;
  switch (transport_) {
    case Transport::kTcp:
      return kTcpNumber;
    case Transport::kUdp:
      return kUdpNumber;
    case Transport::kIcmp:
      return family_ == 4 ? kIcmpNumber : kIcmpv6Number;
    case Transport::kNone:
      break;
  }
  return 253;  // RFC 3692: for experiments.
}

Bytes PacketBuilder::IpHeader(size_t l4_length) const {
  return family_ == 4 ? Ipv4Header(l4_length) : Ipv6Header(l4_length);
}

Bytes PacketBuilder::Ipv4Header(size_t l4_length) const {
  const size_t length = 20 + ip_options_.size();
  const size_t words = ip_header_words_.value_or(length / 4);
  Bytes header;
  header.push_back(
      static_cast<uint8_t>(ip_version_.value_or(4) << 4 | (words & 0xf)));
  header.push_back(0);
  Append16(header,
           ip_length_.value_or(static_cast<uint16_t>(length + l4_length)));
  Append16(header, static_cast<uint16_t>(ip_id_));
  Append16(header, fragment_bits_);
  header.push_back(ttl_);
  header.push_back(ProtocolNumber());
  Append16(header, 0);
  Append(header, source_);
  Append(header, destination_);
  Append(header, ip_options_);
  const uint16_t checksum = NaiveChecksum(header);
  Put16(header, 10, bad_ip_checksum_ ? checksum ^ 0x0100 : checksum);
  return header;
}

Bytes PacketBuilder::Ipv6Header(size_t l4_length) const {
  Bytes extensions;
  for (size_t i = 0; i < extensions_.size(); ++i) {
    const Extension& extension = extensions_[i];
    const size_t size = extension.body.size() + 2;
    const bool last = i + 1 == extensions_.size();
    extensions.push_back(last ? ProtocolNumber() : extensions_[i + 1].number);
    switch (extension.number) {
      case kFragmentNumber:
        extensions.push_back(0);
        break;
      case kAuthenticationNumber:
        extensions.push_back(static_cast<uint8_t>(size / 4 - 2));
        break;
      default:
        extensions.push_back(static_cast<uint8_t>(size / 8 - 1));
    }
    Append(extensions, extension.body);
  }
  Bytes header;
  Append32(header, static_cast<uint32_t>(ip_version_.value_or(6)) << 28);
  Append16(header, ip_length_.value_or(
                       static_cast<uint16_t>(extensions.size() + l4_length)));
  header.push_back(extensions_.empty() ? ProtocolNumber()
                                       : extensions_.front().number);
  header.push_back(ttl_);
  Append(header, source_);
  Append(header, destination_);
  Append(header, extensions);
  return header;
}

Bytes PacketBuilder::TransportHeader() const {
  Bytes header;
  switch (transport_) {
    case Transport::kTcp: {
      Append16(header, source_port_);
      Append16(header, destination_port_);
      Append32(header, seq_);
      Append32(header, ack_);
      const size_t words =
          tcp_header_words_.value_or((20 + tcp_options_.size()) / 4);
      header.push_back(
          static_cast<uint8_t>(words << 4 | (tcp_reserved_bits_ & 0xf)));
      header.push_back(flags_);
      Append16(header, window_);
      Append16(header, 0);
      Append16(header, urgent_);
      Append(header, tcp_options_);
      break;
    }
    case Transport::kUdp:
      Append16(header, source_port_);
      Append16(header, destination_port_);
      Append16(header, udp_length_.value_or(
                           static_cast<uint16_t>(8 + payload_.size())));
      Append16(header, 0);
      break;
    case Transport::kIcmp:
      header = {icmp_type_, icmp_code_, 0, 0, 0, 0, 0, 0};
      break;
    case Transport::kNone:
      break;
  }
  return header;
}

size_t PacketBuilder::ChecksumOffset() const {
  switch (transport_) {
    case Transport::kTcp:
      return 16;
    case Transport::kUdp:
      return 6;
    case Transport::kIcmp:
    case Transport::kNone:
      break;
  }
  return 2;
}

Bytes PacketBuilder::Segment() const {
  Bytes segment = TransportHeader();
  Append(segment, payload_);
  if (transport_ == Transport::kNone) return segment;

  Bytes covered;
  if (transport_ != Transport::kIcmp || family_ == 6) {
    covered = source_;
    Append(covered, destination_);
    Append32(covered, static_cast<uint32_t>(segment.size()));
    Append32(covered, ProtocolNumber());
  }
  Append(covered, segment);
  uint16_t checksum = NaiveChecksum(covered);
  if (transport_ == Transport::kUdp && checksum == 0) checksum = 0xffff;
  if (bad_l4_checksum_) checksum ^= 0x0100;
  Put16(segment, ChecksumOffset(), l4_checksum_.value_or(checksum));
  return segment;
}

}  // namespace mosaic
