#include "dataplane/io/rx_queue.h"

#include <rte_config.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include <algorithm>
#include <array>
#include <utility>

#include "dataplane/base/check.h"

namespace mosaic {

ChecksumVerdict IpChecksumOf(uint64_t offload_flags) {
  switch (offload_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) {
    case RTE_MBUF_F_RX_IP_CKSUM_GOOD:
      return ChecksumVerdict::kGood;
    case RTE_MBUF_F_RX_IP_CKSUM_BAD:
      return ChecksumVerdict::kBad;
    case RTE_MBUF_F_RX_IP_CKSUM_NONE:
      return ChecksumVerdict::kNone;
    default:
      return ChecksumVerdict::kUnknown;
  }
}

ChecksumVerdict L4ChecksumOf(uint64_t offload_flags) {
  switch (offload_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) {
    case RTE_MBUF_F_RX_L4_CKSUM_GOOD:
      return ChecksumVerdict::kGood;
    case RTE_MBUF_F_RX_L4_CKSUM_BAD:
      return ChecksumVerdict::kBad;
    case RTE_MBUF_F_RX_L4_CKSUM_NONE:
      return ChecksumVerdict::kNone;
    default:
      return ChecksumVerdict::kUnknown;
  }
}

RxQueue::RxQueue(Config config, const MbufPool& pool)
    : config_(std::move(config)), pool_(pool) {}

size_t RxQueue::Receive(std::span<Packet> burst) {
  MOSAIC_CHECK(numbers_ != nullptr);
  if (state() == State::kEnded) return 0;
  std::array<rte_mbuf*, kMaxBurst> mbufs;
  const auto wanted = static_cast<uint16_t>(std::min(burst.size(), kMaxBurst));
  const uint16_t count =
      rte_eth_rx_burst(config_.device, config_.queue, mbufs.data(), wanted);
  if (count == 0) {
    NoteEmpty(wanted);
    return 0;
  }
  const Timestamp now = config_.now();
  numbers_->BeginBurst(now);
  size_t received = 0;
  uint64_t bytes = 0;
  for (uint16_t i = 0; i < count; ++i) {
    rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], const void*));
    if (!MakeLinear(mbufs[i])) continue;
    Deliver(*mbufs[i], now, burst[received]);
    bytes += burst[received].length;
    ++received;
  }
  counters_.packets.Add(received);
  counters_.bytes.Add(bytes);
  return received;
}

// False if the packet was dropped, and counted.
bool RxQueue::MakeLinear(rte_mbuf*& mbuf) {
  switch (Linearise(mbuf, pool_, config_.max_frame_bytes)) {
    case Linearised::kAsIs:
      return true;
    case Linearised::kInPlace:
    case Linearised::kCopied:
      counters_.linearised.Add(1);
      return true;
    case Linearised::kTooLong:
      counters_.oversize.Add(1);
      return false;
    case Linearised::kNoMbuf:
      counters_.no_mbuf.Add(1);
      return false;
  }
  return false;
}

void RxQueue::Deliver(rte_mbuf& mbuf, Timestamp now, Packet& packet) {
  packet.Free();
  packet.data = rte_pktmbuf_mtod(&mbuf, uint8_t*);
  packet.length = mbuf.data_len;
  packet.wire_length = mbuf.data_len;
  packet.time = now;
  packet.clock = now;
  packet.index = numbers_->Next();
  packet.owner = &MbufOwner::Instance();
  packet.storage = &mbuf;
  packet.port = config_.port;
  packet.link = LinkType::kEthernet;
  const bool own = RTE_MBUF_DIRECT(&mbuf) && rte_mbuf_refcnt_read(&mbuf) == 1;
  packet.access = own ? PacketBytes::kOwn : PacketBytes::kShared;
  packet.tailroom = own ? rte_pktmbuf_tailroom(&mbuf) : uint16_t{0};
  if (config_.checksums == PortConfig::Checksums::kTakeAsGood) {
    packet.ip_checksum = ChecksumVerdict::kGood;
    packet.l4_checksum = ChecksumVerdict::kGood;
    return;
  }
  packet.ip_checksum = IpChecksumOf(mbuf.ol_flags);
  packet.l4_checksum = L4ChecksumOf(mbuf.ol_flags);
}

void RxQueue::NoteEmpty(size_t wanted) {
  if (wanted == 0) return;
  if (pool_.IsShortOf(wanted)) counters_.pool_short.Add(1);
  if (!config_.ends) return;
  // A file gives nothing at its end, and when a packet could not be stored.
  rte_eth_stats stats;
  if (rte_eth_stats_get(config_.device, &stats) != 0) return;
  const uint64_t failures = stats.rx_nombuf + stats.ierrors;
  if (failures == failures_) {
    state_.store(State::kEnded, std::memory_order_relaxed);
  }
  failures_ = failures;
}

}  // namespace mosaic
