// DatagramPool holds the datagrams of one worker that were put together from
// fragments, while they go through the stages in place of the packet that
// completed them.
//
//   fragment ─► Wrap() ─► datagram ─► the stages, perhaps on another worker
//                                          │
//   fragment ◄─ Unwrap() ◄─ the verdict ◄──┘
//
// The fragment waits inside its datagram and then has the datagram's fate: if
// it does not go on, its receiver has a hole and never the datagram.
//
// Ownership   A datagram owns its fragment. One that is freed frees it too.
// Memory      kDatagrams of the longest kind, all taken by the constructor; a
//             page is touched when it is first written.
// Threading   Wrap() and Collect() on the owner worker; a datagram may be
//             unwrapped or freed on any.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "dataplane/base/packet.h"
#include "dataplane/parse/ip_reassembly.h"

namespace mosaic {

class DatagramPool : public PacketOwner {
 public:
  // More than two bursts can hold whose every packet completes a datagram
  // inside a datagram, so that waiting for one never waits for oneself.
  static constexpr size_t kDatagrams = 512;

  // Bytes of datagrams; resident as they are used.
  static constexpr size_t Bytes() { return kDatagrams * kBytesPerSlot; }

  DatagramPool();
  ~DatagramPool() override;  // REQUIRES: every datagram was given back.

  DatagramPool(const DatagramPool&) = delete;
  DatagramPool& operator=(const DatagramPool&) = delete;

  // A place to write a datagram to, kMaxDatagram bytes; empty if none is free.
  // Valid until Wrap(), which must follow.
  std::span<uint8_t> Reserve();

  // Makes `packet` the datagram that was written to the reserved place, with
  // times, index and port of the fragment that it was, and keeps that inside.
  void Wrap(const IpReassembly::Taken& taken, Packet& packet);

  // Makes the datagram `packet` the fragment again that waited inside. `fate`
  // is what becomes of it.
  static void Unwrap(Packet& packet, IpReassembly::Fate fate);

  // Takes back what has been unwrapped or freed, and tells `reassembly`.
  void Collect(IpReassembly& reassembly);

  // Frees the fragment inside: the datagram was dropped.
  void Release(Packet& packet) override;

  size_t lent() const { return lent_.size(); }

 private:
  enum class State : uint8_t { kLent, kForwarded, kDropped };

  struct Slot {
    Packet fragment;
    IpReassembly::Ticket ticket;
    // Written by who ends the datagram; read by the owner worker.
    std::atomic<State> state{State::kLent};
  };

  uint8_t* BytesOf(uint32_t slot) const {
    return bytes_.get() + slot * kBytesPerSlot;
  }

  static constexpr size_t kBytesPerSlot = size_t{66} << 10;
  static_assert(kBytesPerSlot >= IpReassembly::kMaxDatagram);

  const std::unique_ptr<Slot[]> slots_;
  const std::unique_ptr<uint8_t[]> bytes_;
  std::vector<uint32_t> free_;  // The last is the next to be lent.
  std::vector<uint32_t> lent_;
};

}  // namespace mosaic
