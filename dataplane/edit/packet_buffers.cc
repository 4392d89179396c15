#include "dataplane/edit/packet_buffers.h"

#include <algorithm>

#include "dataplane/base/check.h"

namespace mosaic {

PacketBuffers::PacketBuffers(size_t buffers)
    : bytes_(buffers * kBytes), free_(buffers) {}

bool PacketBuffers::Give(Packet& packet, uint32_t length) {
  MOSAIC_CHECK(packet.owner == nullptr);
  if (length > kBytes || lent_ == free_.size()) return false;
  const size_t number = free_count_ > 0 ? free_[--free_count_] : next_unused_++;
  ++lent_;
  packet.data = bytes_.data() + number * kBytes;
  packet.storage = packet.data;
  packet.length = length;
  packet.wire_length = length;
  packet.owner = this;
  packet.access = PacketBytes::kOwn;
  packet.tailroom =
      static_cast<uint16_t>(std::min<uint32_t>(kBytes - length, UINT16_MAX));
  return true;
}

void PacketBuffers::Release(Packet& packet) {
  const auto* const at = static_cast<const uint8_t*>(packet.storage);
  const size_t number = static_cast<size_t>(at - bytes_.data()) / kBytes;
  MOSAIC_CHECK(lent_ > 0 && number < free_.size());
  --lent_;
  free_[free_count_++] = static_cast<uint32_t>(number);
}

}  // namespace mosaic
