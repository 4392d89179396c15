#include "dataplane/api/packet_view.h"

#include "dataplane/base/packet.h"
#include "dataplane/parse/parsed_packet.h"

namespace mosaic {

Timestamp PacketView::time() const { return packet_.time; }
uint64_t PacketView::index() const { return packet_.index; }
uint32_t PacketView::wire_length() const { return packet_.wire_length; }

std::span<const uint8_t> PacketView::frame() const { return packet_.bytes(); }

std::span<const uint8_t> PacketView::ip() const {
  return {parsed_.ip_header, parsed_.ip_length};
}

std::span<const uint8_t> PacketView::payload() const {
  return {parsed_.payload, parsed_.payload_captured};
}

uint8_t PacketView::protocol() const { return parsed_.key.protocol; }

Endpoint PacketView::source() const {
  return EndpointOf(parsed_.key, parsed_.sender);
}

Endpoint PacketView::destination() const {
  return EndpointOf(parsed_.key,
                    static_cast<EndpointIndex>(parsed_.sender ^ 1));
}

SeqNum PacketView::seq() const { return parsed_.seq; }
SeqNum PacketView::ack() const { return parsed_.ack; }
uint8_t PacketView::tcp_flags() const { return parsed_.tcp_flags; }
uint16_t PacketView::window() const { return parsed_.window; }

}  // namespace mosaic
