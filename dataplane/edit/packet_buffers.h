// PacketBuffers lends memory for packets that are not, or no longer, in a
// device's buffer: one that was copied to be changed, one that grew, one that
// the engine sends on its own.
//
// Ownership   The packets given out own their buffer until they are freed, by a
//             port that copies them as it does packets of a replay. Must
//             outlive them.
// Memory      `buffers` of kBytes, reserved at once, resident as used.
// Threading   Owner worker only, freeing included: a packet that was edited
//             stays with its worker.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/base/lazy_array.h"
#include "dataplane/base/packet.h"

namespace mosaic {

class PacketBuffers : public PacketOwner {
 public:
  // The longest IP datagram with its link-layer header.
  static constexpr uint32_t kBytes = 64 * 1024 + 512;

  explicit PacketBuffers(size_t buffers);

  // Address space of so many.
  static constexpr size_t BytesFor(size_t buffers) {
    return buffers * (kBytes + sizeof(uint32_t));
  }

  PacketBuffers(const PacketBuffers&) = delete;
  PacketBuffers& operator=(const PacketBuffers&) = delete;

  // Gives `packet`, which owns nothing, an own buffer of `length` bytes, not
  // cleared. False if none is left or `length` > kBytes; `packet` is as it was.
  [[nodiscard]] bool Give(Packet& packet, uint32_t length);

  void Release(Packet& packet) override;

  size_t lent() const { return lent_; }
  size_t size() const { return free_.size(); }

 private:
  LazyArray<uint8_t> bytes_;
  LazyArray<uint32_t> free_;
  size_t free_count_ = 0;
  size_t next_unused_ = 0;
  size_t lent_ = 0;
};

}  // namespace mosaic
