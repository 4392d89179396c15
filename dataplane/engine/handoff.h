// Handoff passes packets from the worker that received them to the worker that
// owns their flow: one ring for each ordered pair of workers.
//
// Threading   Ring (from, to) has worker `from` as its producer and `to` as its
//             consumer.
// Bounds      kRingPackets in each ring. A full ring drops the packet on live
//             ports, reason handoff_full; in replay the producer waits, and
//             serves its own ring meanwhile.

#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "dataplane/base/packet.h"
#include "dataplane/base/spsc_ring.h"
#include "dataplane/parse/parsed_packet.h"

namespace mosaic {

struct HandedPacket {
  Packet packet;
  ParsedPacket parsed;
};

class Handoff {
 public:
  static constexpr size_t kRingPackets = 2048;

  // Every worker receives packets.
  explicit Handoff(size_t workers) : Handoff(workers, {}) {}

  // Only `receivers` do; if empty, all. Fragments are put together by them.
  Handoff(size_t workers, std::vector<size_t> receivers)
      : workers_(workers), receivers_(std::move(receivers)) {
    if (receivers_.empty()) {
      for (size_t i = 0; i < workers; ++i) receivers_.push_back(i);
    }
    for (size_t i = 0; i < workers * workers; ++i) {
      const bool needed = i / workers != i % workers;
      rings_.push_back(
          needed ? std::make_unique<SpscRing<HandedPacket>>(kRingPackets)
                 : nullptr);
    }
  }

  size_t workers() const { return workers_; }

  // The worker that owns flows with this hash. High bits, so that the choice
  // says nothing about the bucket.
  size_t OwnerOf(uint64_t hash) const {
    return static_cast<size_t>(((hash >> 32) * workers_) >> 32);
  }

  // The worker that puts the datagrams with this hash together. Where one
  // worker receives everything it is that one, so that a datagram keeps its
  // place among the packets of its flow.
  size_t FragmentOwnerOf(uint64_t hash) const {
    return receivers_[((hash >> 32) * receivers_.size()) >> 32];
  }

  // REQUIRES: from != to.
  SpscRing<HandedPacket>& Ring(size_t from, size_t to) {
    return *rings_[from * workers_ + to];
  }

 private:
  const size_t workers_;
  std::vector<size_t> receivers_;
  std::vector<std::unique_ptr<SpscRing<HandedPacket>>> rings_;
};

}  // namespace mosaic
