// PacketStore makes Packets out of bytes and counts how they end, so that a
// test can say: every packet was given back exactly once.
//
// Ownership   The store must outlive its packets. A released packet's bytes are
//             freed at once: a later look at them is seen by AddressSanitizer,
//             and so is a read past the captured bytes, which end the block.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/base/packet.h"
#include "tests/support/packet_builder.h"

namespace mosaic {

class PacketStore : public PacketOwner {
 public:
  PacketStore() = default;
  PacketStore(const PacketStore&) = delete;
  PacketStore& operator=(const PacketStore&) = delete;

  // A packet with a copy of `bytes`, at the given link type; its wire length is
  // that of `bytes`, its times and index are 0.
  Packet Make(std::span<const uint8_t> bytes,
              LinkType link = LinkType::kEthernet);

  // The frame of `builder`, with its link type and wire length.
  Packet Make(const PacketBuilder& builder);

  void Release(Packet& packet) override;

  size_t made() const { return made_; }
  size_t released() const { return released_; }
  size_t held() const { return made_ - released_; }

 private:
  size_t made_ = 0;
  size_t released_ = 0;
};

}  // namespace mosaic
