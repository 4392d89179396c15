// MbufPool holds the buffers (mbufs) that a port's packets live in.
//
// Ownership   Must outlive every packet, and every device whose rings may hold
//             one of its buffers.
// Memory      `packets` buffers, taken from EAL's memory at construction. When
//             all are in use, the device receives nothing and sent copies are
//             refused; both are counted where they happen.
// Threading   Buffers may be taken and given back on any thread. Each EAL
//             thread keeps some to itself (kCachePackets and half as many
//             again), which another thread cannot take.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/statusor.h"
#include "dataplane/base/packet.h"

struct rte_mbuf;
struct rte_mempool;

namespace mosaic {

// Takes back packets that live in an mbuf, whatever pool that is from. There is
// one for the whole process, so that a packet with an mbuf is known by it.
class MbufOwner final : public PacketOwner {
 public:
  static MbufOwner& Instance();
  static bool Owns(const Packet& packet) { return packet.owner == &Instance(); }

  void Release(Packet& packet) override;
};

class MbufPool {
 public:
  static constexpr size_t kCachePackets = 256;

  // A pool of `packets` buffers with room for `buffer_bytes` each, on
  // `numa_node` (-1: any). `name` must be unique and has at most 20 bytes.
  // RESOURCE_EXHAUSTED with the memory wanted if there is not enough;
  // FAILED_PRECONDITION if a DPDK package is missing.
  // REQUIRES: EAL was started.
  static absl::StatusOr<std::unique_ptr<MbufPool>> Create(
      const std::string& name, uint32_t packets, uint32_t buffer_bytes,
      int numa_node);

  // Memory of one packet in such a pool, its mbuf included; about, for the pool
  // aligns and colours them.
  static uint64_t BytesPerPacket(uint32_t buffer_bytes);

  ~MbufPool();
  MbufPool(const MbufPool&) = delete;
  MbufPool& operator=(const MbufPool&) = delete;

  size_t packets() const;
  // Exact while no thread takes or gives back buffers; reads every thread's
  // cache, so not for the hot path.
  size_t in_use() const;

  // Whether fewer than `packets` are there for any thread to take. Cheap; does
  // not count what the threads keep to themselves.
  bool IsShortOf(size_t packets) const;

  rte_mempool* get() const { return pool_; }

 private:
  explicit MbufPool(rte_mempool* pool) : pool_(pool) {}

  rte_mempool* const pool_;
};

// What Linearise() made of an mbuf.
enum class Linearised : uint8_t {
  kAsIs,     // It was one segment already.
  kInPlace,  // The rest was moved behind its first segment.
  kCopied,   // It is another mbuf now; the chain was freed.
  kTooLong,  // It has more than `max_bytes` and was freed.
  kNoMbuf,   // There was none to copy into, and it was freed.
};

// Makes `mbuf`, a packet that may be a chain of segments, one segment. In the
// last two cases `mbuf` is null then. Buffers to copy to come from `pool`.
// REQUIRES: max_bytes <= the pool's buffer_bytes.
[[nodiscard]] Linearised Linearise(rte_mbuf*& mbuf, const MbufPool& pool,
                                   uint32_t max_bytes);

// A new mbuf with `bytes` in it; null if there is none or it has no room.
rte_mbuf* CopyToMbuf(std::span<const uint8_t> bytes, const MbufPool& pool);

}  // namespace mosaic
