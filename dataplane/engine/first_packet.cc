#include "dataplane/engine/first_packet.h"

#include <algorithm>

#include "dataplane/base/byte_order.h"
#include "dataplane/parse/ip_protocol.h"

namespace mosaic {
namespace {

constexpr size_t kIpv4Header = 20;
constexpr size_t kIpv6Header = 40;
constexpr size_t kTcpHeader = 20;
constexpr size_t kOtherHeader = 8;  // UDP, ICMP.

}  // namespace

FirstPacket::FirstPacket(const Flow& flow) {
  const FlowKey& key = flow.key;
  const size_t client = flow.client;
  const size_t server = client ^ 1;
  const bool tcp = key.protocol == ip_protocol::kTcp;
  const bool ports = tcp || key.protocol == ip_protocol::kUdp;
  const size_t ip_header = key.ip_version == 6 ? kIpv6Header : kIpv4Header;
  const size_t l4_header = tcp ? kTcpHeader : kOtherHeader;
  length_ = ip_header + l4_header;

  uint8_t* const ip = bytes_.data();
  size_t address_bytes;
  uint8_t* addresses;
  if (key.ip_version == 6) {
    ip[0] = 0x60;
    WriteBig16(ip + 4, static_cast<uint16_t>(l4_header));
    ip[6] = key.protocol;
    ip[7] = 64;
    addresses = ip + 8;
    address_bytes = 16;
  } else {
    ip[0] = 0x45;
    WriteBig16(ip + 2, static_cast<uint16_t>(length_));
    ip[8] = 64;
    ip[9] = key.protocol;
    addresses = ip + 12;
    address_bytes = 4;
  }
  std::copy_n(key.address[client].begin(), address_bytes, addresses);
  std::copy_n(key.address[server].begin(), address_bytes,
              addresses + address_bytes);
  uint8_t* const l4 = ip + ip_header;
  if (ports) {
    WriteBig16(l4, key.port[client]);
    WriteBig16(l4 + 2, key.port[server]);
  }
  if (tcp) {
    l4[12] = 5 << 4;
    l4[13] = tcp_flag::kSyn;
  } else if (ports) {
    WriteBig16(l4 + 4, kOtherHeader);
  }
}

}  // namespace mosaic
