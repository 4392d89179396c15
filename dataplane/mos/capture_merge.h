// CaptureMerge plays several captures as if their ports received at the same
// time: packets come in the order of their times, whatever file they are in.
// So two captures, one for each direction of a link, give the same flows as one
// of both.
//
// Ownership   Borrows the sources, which give packets in the order of their
//             file. A packet that is waiting for its turn belongs to this.
// Threading   One worker.
// Cost        A burst of each source is held; a compare for each source and
//             packet.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataplane/io/packet_source.h"

namespace mosaic::mos {

class CaptureMerge final : public PacketSource {
 public:
  // REQUIRES: not empty.
  explicit CaptureMerge(std::vector<PacketSource*> sources);

  // Packets are numbered and clocked anew, over all captures.
  size_t Receive(std::span<Packet> burst) override;
  State state() const override;

 private:
  static constexpr size_t kHeld = 64;
  struct Lane {
    PacketSource* source = nullptr;
    std::array<Packet, kHeld> packet;
    size_t begin = 0;
    size_t end = 0;

    bool empty() const { return begin == end; }
  };

  // Fills the lanes that are empty. False if one of them has no packet yet, so
  // that nobody knows which is the next.
  bool Refill();

  std::vector<Lane> lanes_;
  uint64_t next_index_ = 0;
  Timestamp clock_;
};

}  // namespace mosaic::mos
