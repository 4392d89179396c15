#include "dataplane/io/tx_queue.h"

#include <rte_config.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <array>

#include "dataplane/base/check.h"

namespace mosaic {
namespace {

// The packet's mbuf, set to the bytes as the packet has them now.
rte_mbuf* OwnMbuf(Packet& packet) {
  auto* const mbuf = static_cast<rte_mbuf*>(packet.storage);
  const auto* const buffer = static_cast<const uint8_t*>(mbuf->buf_addr);
  MOSAIC_CHECK(packet.data >= buffer &&
               packet.data + packet.length <= buffer + mbuf->buf_len);
  mbuf->data_off = static_cast<uint16_t>(packet.data - buffer);
  mbuf->data_len = static_cast<uint16_t>(packet.length);
  mbuf->pkt_len = packet.length;
  // What receiving found out does not hold for whoever receives it next, as a
  // ring's other end would believe. What remains says where the bytes are.
  mbuf->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
  packet.owner = nullptr;
  return mbuf;
}

}  // namespace

size_t TxQueue::Send(std::span<Packet> packets) {
  size_t sent = 0;
  while (!packets.empty()) {
    const size_t burst = std::min(packets.size(), kMaxBurst);
    sent += SendBurst(packets.first(burst));
    packets = packets.subspan(burst);
  }
  return sent;
}

// Null if it was dropped, and counted.
rte_mbuf* TxQueue::TakeMbuf(Packet& packet) {
  if (packet.length > config_.max_frame_bytes) {
    counters_.oversize.Add(1);
    packet.Free();
    return nullptr;
  }
  if (MbufOwner::Owns(packet)) return OwnMbuf(packet);
  rte_mbuf* const copy = CopyToMbuf(packet.bytes(), pool_);
  if (copy == nullptr) counters_.no_mbuf.Add(1);
  packet.Free();
  return copy;
}

size_t TxQueue::SendBurst(std::span<Packet> packets) {
  std::array<rte_mbuf*, kMaxBurst> mbufs;
  // The device frees what it took, so lengths are noted before.
  std::array<uint32_t, kMaxBurst> lengths;
  size_t count = 0;
  for (Packet& packet : packets) {
    const uint32_t length = packet.length;
    rte_mbuf* const mbuf = TakeMbuf(packet);
    if (mbuf == nullptr) continue;
    mbufs[count] = mbuf;
    lengths[count] = length;
    ++count;
  }
  size_t sent = 0;
  size_t vain_tries = 0;
  while (sent < count && vain_tries < kMaxTries) {
    const uint16_t taken =
        rte_eth_tx_burst(config_.device, config_.queue, mbufs.data() + sent,
                         static_cast<uint16_t>(count - sent));
    vain_tries = taken > 0 ? 0 : vain_tries + 1;
    sent += taken;
  }
  uint64_t bytes = 0;
  for (size_t i = 0; i < sent; ++i) bytes += lengths[i];
  counters_.packets.Add(sent);
  counters_.bytes.Add(bytes);
  if (sent < count) {
    rte_pktmbuf_free_bulk(mbufs.data() + sent,
                          static_cast<unsigned>(count - sent));
    counters_.full.Add(count - sent);
  }
  return sent;
}

}  // namespace mosaic
