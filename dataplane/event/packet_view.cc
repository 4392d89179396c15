#include "dataplane/api/packet_view.h"

#include "dataplane/base/packet.h"
#include "dataplane/edit/packet_editor.h"
#include "dataplane/edit/packet_regions.h"
#include "dataplane/parse/parsed_packet.h"

namespace mosaic {

Timestamp PacketView::time() const { return packet_.time; }
uint64_t PacketView::index() const { return packet_.index; }
uint32_t PacketView::wire_length() const { return packet_.wire_length; }

uint16_t PacketView::port() const { return packet_.port; }

std::span<const uint8_t> PacketView::frame() const { return packet_.bytes(); }

std::span<const uint8_t> PacketView::ip() const {
  return {parsed_.ip_header, parsed_.ip_length};
}

std::span<const uint8_t> PacketView::payload() const {
  return {parsed_.payload, parsed_.payload_captured};
}

std::span<const uint8_t> PacketView::region(PacketRegion region) const {
  return RegionOf(packet_, parsed_, region);
}

EditResult PacketView::Overwrite(PacketRegion region, size_t offset,
                                 std::span<const uint8_t> bytes,
                                 ChecksumUpdate update) {
  if (scope_.editor == nullptr) return EditResult::kNotEditable;
  return scope_.editor->Overwrite(scope_, region, offset, bytes, update);
}

EditResult PacketView::Insert(PacketRegion region, size_t offset,
                              std::span<const uint8_t> bytes,
                              ChecksumUpdate update) {
  if (scope_.editor == nullptr) return EditResult::kNotEditable;
  return scope_.editor->Insert(scope_, region, offset, bytes, update);
}

EditResult PacketView::Remove(PacketRegion region, size_t offset, size_t length,
                              ChecksumUpdate update) {
  if (scope_.editor == nullptr) return EditResult::kNotEditable;
  return scope_.editor->Remove(scope_, region, offset, length, update);
}

uint8_t PacketView::protocol() const { return parsed_.key.protocol; }

Endpoint PacketView::source() const {
  if (scope_.editor != nullptr && scope_.editor->touched()) {
    return WrittenSource(parsed_);
  }
  return EndpointOf(parsed_.key, parsed_.sender);
}

Endpoint PacketView::destination() const {
  if (scope_.editor != nullptr && scope_.editor->touched()) {
    return WrittenDestination(parsed_);
  }
  return EndpointOf(parsed_.key,
                    static_cast<EndpointIndex>(parsed_.sender ^ 1));
}

SeqNum PacketView::seq() const { return parsed_.seq; }
SeqNum PacketView::ack() const { return parsed_.ack; }
uint8_t PacketView::tcp_flags() const { return parsed_.tcp_flags; }
uint16_t PacketView::window() const { return parsed_.window; }

}  // namespace mosaic
