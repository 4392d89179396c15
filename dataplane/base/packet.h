// Packet is one captured or received frame on its way through the pipeline.
//
// Ownership   Move-only. Whoever holds it ends its life exactly once: by
//             handing it to a port for transmission or by Free(). A Packet that
//             is destroyed while it still has an owner is freed then.
// Memory      The bytes belong to `owner` (a DPDK pool, a capture file's block,
//             a trace in memory) and stay where they are until it is freed.
// Threading   One worker at a time; Free() may run on another worker than the
//             one that received it.

#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "dataplane/base/timestamp.h"

namespace mosaic {

class Packet;

// What the first byte of a frame belongs to. Names follow the capture formats'
// link types (LINKTYPE_*).
enum class LinkType : uint8_t {
  kEthernet,   // 1
  kNull,       // 0: four-byte address family in the byte order of the capturer
  kLoop,       // 108: the same in network order
  kRawIp,      // 12, 101, 228, 229: an IP header at once
  kLinuxSll,   // 113
  kLinuxSll2,  // 276
  kPpp,        // 9
  kCiscoHdlc,  // 104
};

// Whether a packet's bytes may be changed where they are.
enum class PacketBytes : uint8_t {
  kShared,  // Somebody else may read them too, or later: copy before writing.
  kOwn,     // The packet's alone.
};

// What the device found out about a checksum.
enum class ChecksumVerdict : uint8_t {
  kUnknown,  // The device did not look: check in software.
  kNone,     // The device says that the field holds nothing usable, as in
             // traffic from the same machine: check in software.
  kGood,     // Verified.
  kBad,      // Verified to be wrong.
};

// Takes back the storage of packets. Implemented by what received them.
class PacketOwner {
 public:
  virtual ~PacketOwner() = default;
  virtual void Release(Packet& packet) = 0;
};

class Packet {
 public:
  Packet() = default;
  Packet(Packet&& other) noexcept { *this = std::move(other); }
  Packet& operator=(Packet&& other) noexcept {
    if (this != &other) {
      Free();
      CopyFrom(other);
      other.Disown();
    }
    return *this;
  }
  Packet(const Packet&) = delete;
  Packet& operator=(const Packet&) = delete;
  ~Packet() { Free(); }

  // Gives the storage back to its owner; nothing happens without one.
  void Free() {
    if (owner != nullptr) {
      PacketOwner* const taker = owner;
      taker->Release(*this);
      Disown();
    }
  }

  std::span<const uint8_t> bytes() const { return {data, length}; }

  uint8_t* data = nullptr;   // First byte of the link-layer header.
  uint32_t length = 0;       // Bytes captured, from `data` on.
  uint32_t wire_length = 0;  // Bytes on the wire; more than `length` if cut.

  // When the packet arrived, and the clock to run timers by. On live ports both
  // are the burst's one clock reading. In replay `time` is the capture's own
  // stamp, and `clock` the largest stamp seen up to this packet.
  Timestamp time;
  Timestamp clock;

  // Grows with each packet and is never given twice. In replay the position
  // among all packets, from 0, which gives events and flows an order that does
  // not depend on the number of workers. On live ports it follows the clock.
  uint64_t index = 0;

  PacketOwner* owner = nullptr;
  void* storage = nullptr;  // The owner's handle, an mbuf for instance.

  uint16_t port = 0;      // Index of the port it came in by.
  uint16_t tailroom = 0;  // Bytes behind the last that may be used, if kOwn.
  PacketBytes access = PacketBytes::kShared;
  LinkType link = LinkType::kEthernet;
  ChecksumVerdict ip_checksum = ChecksumVerdict::kUnknown;
  ChecksumVerdict l4_checksum = ChecksumVerdict::kUnknown;

 private:
  // Nothing that a next packet in this place could be mistaken by.
  void Disown() {
    owner = nullptr;
    access = PacketBytes::kShared;
  }
  void CopyFrom(const Packet& other) {
    data = other.data;
    length = other.length;
    wire_length = other.wire_length;
    time = other.time;
    clock = other.clock;
    index = other.index;
    owner = other.owner;
    storage = other.storage;
    port = other.port;
    tailroom = other.tailroom;
    access = other.access;
    link = other.link;
    ip_checksum = other.ip_checksum;
    l4_checksum = other.l4_checksum;
  }
};

}  // namespace mosaic
