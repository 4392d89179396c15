#include "dataplane/io/mbuf_pool.h"

#include <rte_config.h>
#include <rte_errno.h>
#include <rte_mbuf.h>
#include <rte_mempool.h>

#include <algorithm>
#include <cstring>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "dataplane/base/check.h"

namespace mosaic {
namespace {

// A small pool keeps nothing back for single threads, so that all of it can be
// used by any of them.
constexpr uint32_t kSmallestPoolWithCaches = 16 * MbufPool::kCachePackets - 1;

// Whether other bytes may be written behind those of `mbuf`.
bool IsPrivate(const rte_mbuf& mbuf) {
  return RTE_MBUF_DIRECT(&mbuf) && rte_mbuf_refcnt_read(&mbuf) == 1;
}

}  // namespace

MbufOwner& MbufOwner::Instance() {
  static MbufOwner instance;
  return instance;
}

void MbufOwner::Release(Packet& packet) {
  rte_pktmbuf_free(static_cast<rte_mbuf*>(packet.storage));
}

uint64_t MbufPool::BytesPerPacket(uint32_t buffer_bytes) {
  constexpr uint64_t kObjectHeader = 64;
  return buffer_bytes + RTE_PKTMBUF_HEADROOM + sizeof(rte_mbuf) + kObjectHeader;
}

absl::StatusOr<std::unique_ptr<MbufPool>> MbufPool::Create(
    const std::string& name, uint32_t packets, uint32_t buffer_bytes,
    int numa_node) {
  constexpr uint32_t kMaxBufferBytes = UINT16_MAX - RTE_PKTMBUF_HEADROOM;
  if (buffer_bytes > kMaxBufferBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("packet buffers of ", buffer_bytes,
                     " bytes are not in [1, ", kMaxBufferBytes, "]"));
  }
  const uint32_t cache = packets < kSmallestPoolWithCaches ? 0 : kCachePackets;
  rte_mempool* const pool = rte_pktmbuf_pool_create(
      name.c_str(), packets, cache, 0,
      static_cast<uint16_t>(buffer_bytes + RTE_PKTMBUF_HEADROOM), numa_node);
  if (pool != nullptr) return absl::WrapUnique(new MbufPool(pool));
  if (rte_errno == ENOMEM) {
    const uint64_t bytes = packets * BytesPerPacket(buffer_bytes);
    return absl::ResourceExhaustedError(absl::StrCat(
        "no memory for a pool of ", packets, " packets of ", buffer_bytes,
        " bytes, about ", bytes / (1024 * 1024) + 1,
        " MiB: raise the memory, or lower the pool's packets or the mtu"));
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "no pool of ", packets, " packets: ", rte_strerror(rte_errno),
      " (is the package librte-mempool-ring23 installed?)"));
}

MbufPool::~MbufPool() { rte_mempool_free(pool_); }

size_t MbufPool::packets() const { return pool_->size; }

size_t MbufPool::in_use() const { return rte_mempool_in_use_count(pool_); }

bool MbufPool::IsShortOf(size_t packets) const {
  return rte_mempool_get_ops(pool_->ops_index)->get_count(pool_) < packets;
}

Linearised Linearise(rte_mbuf*& mbuf, const MbufPool& pool,
                     uint32_t max_bytes) {
  if (mbuf->nb_segs == 1) {
    if (mbuf->data_len <= max_bytes) return Linearised::kAsIs;
    rte_pktmbuf_free(mbuf);
    mbuf = nullptr;
    return Linearised::kTooLong;
  }
  // The segments decide, not what the head says of their sum.
  uint64_t bytes = 0;
  for (const rte_mbuf* part = mbuf; part != nullptr; part = part->next) {
    bytes += part->data_len;
  }
  if (bytes > max_bytes) {
    rte_pktmbuf_free(mbuf);
    mbuf = nullptr;
    return Linearised::kTooLong;
  }
  mbuf->pkt_len = static_cast<uint32_t>(bytes);
  if (IsPrivate(*mbuf) && rte_pktmbuf_linearize(mbuf) == 0) {
    return Linearised::kInPlace;
  }
  rte_mbuf* const copy = rte_pktmbuf_alloc(pool.get());
  if (copy != nullptr) {
    for (const rte_mbuf* part = mbuf; part != nullptr; part = part->next) {
      char* const room = rte_pktmbuf_append(copy, part->data_len);
      MOSAIC_CHECK(room != nullptr);
      std::memcpy(room, rte_pktmbuf_mtod(part, const char*), part->data_len);
    }
    copy->ol_flags = mbuf->ol_flags & (RTE_MBUF_F_RX_IP_CKSUM_MASK |
                                       RTE_MBUF_F_RX_L4_CKSUM_MASK);
    copy->port = mbuf->port;
  }
  rte_pktmbuf_free(mbuf);
  mbuf = copy;
  return copy != nullptr ? Linearised::kCopied : Linearised::kNoMbuf;
}

rte_mbuf* CopyToMbuf(std::span<const uint8_t> bytes, const MbufPool& pool) {
  rte_mbuf* const mbuf = rte_pktmbuf_alloc(pool.get());
  if (mbuf == nullptr) return nullptr;
  char* const room =
      bytes.size() > UINT16_MAX
          ? nullptr
          : rte_pktmbuf_append(mbuf, static_cast<uint16_t>(bytes.size()));
  if (room == nullptr) {
    rte_pktmbuf_free(mbuf);
    return nullptr;
  }
  if (!bytes.empty()) std::memcpy(room, bytes.data(), bytes.size());
  return mbuf;
}

}  // namespace mosaic
