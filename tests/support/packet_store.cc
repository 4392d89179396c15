#include "tests/support/packet_store.h"

#include <algorithm>

namespace mosaic {

Packet PacketStore::Make(std::span<const uint8_t> bytes, LinkType link) {
  Packet packet;
  packet.data = new uint8_t[bytes.size()];
  std::copy(bytes.begin(), bytes.end(), packet.data);
  packet.length = static_cast<uint32_t>(bytes.size());
  packet.wire_length = packet.length;
  packet.link = link;
  packet.owner = this;
  packet.storage = packet.data;
  ++made_;
  return packet;
}

Packet PacketStore::Make(const PacketBuilder& builder) {
  Packet packet = Make(builder.Build(), builder.link());
  packet.wire_length = static_cast<uint32_t>(builder.wire_length());
  return packet;
}

void PacketStore::Release(Packet& packet) {
  delete[] static_cast<uint8_t*>(packet.storage);
  packet.storage = nullptr;
  packet.data = nullptr;
  packet.length = 0;
  ++released_;
}

}  // namespace mosaic
