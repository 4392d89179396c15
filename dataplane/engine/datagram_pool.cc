#include "dataplane/engine/datagram_pool.h"

#include <utility>

#include "dataplane/base/check.h"

namespace mosaic {

DatagramPool::DatagramPool()
    : slots_(std::make_unique<Slot[]>(kDatagrams)),
      bytes_(std::make_unique_for_overwrite<uint8_t[]>(kDatagrams *
                                                       kBytesPerSlot)) {
  free_.reserve(kDatagrams);
  lent_.reserve(kDatagrams);
  for (uint32_t i = kDatagrams; i > 0; --i) free_.push_back(i - 1);
}

DatagramPool::~DatagramPool() {
  for (uint32_t slot : lent_) {
    MOSAIC_CHECK(slots_[slot].state.load(std::memory_order_acquire) !=
                 State::kLent);
  }
}

std::span<uint8_t> DatagramPool::Reserve() {
  if (free_.empty()) return {};
  return {BytesOf(free_.back()), kBytesPerSlot};
}

void DatagramPool::Wrap(const IpReassembly::Taken& taken, Packet& packet) {
  const uint32_t number = free_.back();
  free_.pop_back();
  lent_.push_back(number);
  Slot& slot = slots_[number];
  slot.ticket = taken.ticket;
  slot.state.store(State::kLent, std::memory_order_relaxed);

  Packet datagram;
  datagram.data = BytesOf(number);
  datagram.length = taken.length;
  datagram.wire_length = taken.wire_bytes;
  datagram.time = packet.time;
  datagram.clock = packet.clock;
  datagram.index = packet.index;
  datagram.port = packet.port;
  datagram.link = LinkType::kRawIp;
  datagram.ip_checksum = ChecksumVerdict::kGood;  // Written here.
  datagram.owner = this;
  datagram.storage = &slot;
  slot.fragment = std::move(packet);
  packet = std::move(datagram);
}

void DatagramPool::Unwrap(Packet& packet, IpReassembly::Fate fate) {
  Slot& slot = *static_cast<Slot*>(packet.storage);
  packet.owner = nullptr;
  packet = std::move(slot.fragment);
  slot.state.store(fate == IpReassembly::Fate::kForwarded ? State::kForwarded
                                                          : State::kDropped,
                   std::memory_order_release);
}

void DatagramPool::Release(Packet& packet) {
  Slot& slot = *static_cast<Slot*>(packet.storage);
  slot.fragment.Free();
  slot.state.store(State::kDropped, std::memory_order_release);
}

void DatagramPool::Collect(IpReassembly& reassembly) {
  for (size_t i = 0; i < lent_.size();) {
    const uint32_t number = lent_[i];
    const State state = slots_[number].state.load(std::memory_order_acquire);
    if (state == State::kLent) {
      ++i;
      continue;
    }
    reassembly.Settle(slots_[number].ticket,
                      state == State::kForwarded
                          ? IpReassembly::Fate::kForwarded
                          : IpReassembly::Fate::kDropped);
    free_.push_back(number);
    lent_[i] = lent_.back();
    lent_.pop_back();
  }
}

}  // namespace mosaic
