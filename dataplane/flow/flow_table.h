// FlowTable maps a FlowKey to the Flow that one worker tracks for it.
//
// A bucket is one cache line: eight 16-bit signatures, compared at once, and
// eight record numbers. A full bucket continues in an overflow bucket; there
// are enough of these for every flow to be in one chain, so no flow is ever
// refused or lost for where its hash falls.
//
// Ownership   The table owns every Flow. A Flow* stays valid until Erase():
//             records never move, nothing is rehashed.
// Memory      Reserved by the constructor: a record and about 24 bytes for each
//             flow. Pages become resident when they are first used.
// Threading   Owner worker only; size() may be read from anywhere.
// Cost        A look-up touches one bucket and the record it names. Both can be
//             prefetched for a whole burst.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "dataplane/base/flow_key.h"
#include "dataplane/base/lazy_array.h"
#include "dataplane/flow/flow.h"

namespace mosaic {

class FlowTable {
 public:
  static constexpr uint32_t kNoFlow = 0xffffffff;

  // REQUIRES: 0 < max_flows <= 2^27.
  explicit FlowTable(size_t max_flows);

  FlowTable(const FlowTable&) = delete;
  FlowTable& operator=(const FlowTable&) = delete;

  // `hash` is FlowHash's of the key, everywhere below.
  void PrefetchBucket(uint64_t hash) const {
    __builtin_prefetch(&buckets_[hash & mask_]);
  }

  // The number of a record that is likely to be the key's, or kNoFlow if none
  // can be; judged by the first bucket and the signature alone.
  // REQUIRES for speed only: PrefetchBucket(hash) was called some time ago.
  uint32_t Candidate(uint64_t hash) const;

  // Prefetches the lines of a record that every packet touches.
  void PrefetchFlow(uint32_t candidate) const {
    PrefetchLines(candidate, 0, kHotBytes);
  }

  // Prefetches the rest of a record, which packets touch that open or close.
  void PrefetchRest(uint32_t candidate) const {
    PrefetchLines(candidate, kHotBytes, sizeof(Flow));
  }

  // The number of the record that the (n + 1)-th Insert() from now on takes, if
  // no Erase() comes between; kNoFlow if the table is full by then.
  uint32_t Upcoming(uint32_t n) const {
    if (n < free_flow_count_) return free_flows_[free_flow_count_ - 1 - n];
    const size_t unused = size_t{next_unused_} + (n - free_flow_count_);
    return unused < flows_.size() ? static_cast<uint32_t>(unused) : kNoFlow;
  }

  // The flow of `key`, or null. `candidate` is tried first.
  Flow* Find(const FlowKey& key, uint64_t hash, uint32_t candidate) const {
    if (candidate != kNoFlow && flows_[candidate].key == key) {
      return &flows_[candidate];
    }
    return FindSlow(key, hash);
  }

  // A new record, all fields as Flow's initialisers say but for `key` and
  // `generation`; null when the table is full. REQUIRES: `key` is not in it.
  [[nodiscard]] Flow* Insert(const FlowKey& key, uint64_t hash);

  // Gives the record back. REQUIRES: `flow` is in this table and `hash` is of
  // its key.
  void Erase(Flow& flow, uint64_t hash);

  // A record's number, below capacity(), and back.
  uint32_t IndexOf(const Flow& flow) const {
    return static_cast<uint32_t>(&flow - flows_.data());
  }
  Flow& At(uint32_t index) const { return flows_[index]; }

  // True if record `index` is in use.
  bool InUse(uint32_t index) const { return flows_[index].key.protocol != 0; }

  // One past the highest record ever used: what a walk over all flows visits.
  uint32_t high_water() const { return next_unused_; }

  size_t size() const { return size_.load(std::memory_order_relaxed); }
  size_t capacity() const { return flows_.size(); }
  size_t bytes() const;  // Reserved in all.
  // By a table for so many.
  static size_t BytesFor(size_t max_flows);
  void Prefault() const;  // Makes all of it resident.

 private:
  static constexpr size_t kWays = 8;

  struct alignas(64) Bucket {
    uint16_t signature[kWays];  // 0: the way is empty.
    uint32_t index[kWays];
    uint32_t next;  // Overflow bucket + 1; 0: none.
    uint32_t unused[3];
  };
  static_assert(sizeof(Bucket) == 64);

  // The first four lines: also the last packet's time is noted for each.
  static constexpr size_t kHotBytes = 256;

  void PrefetchLines(uint32_t candidate, size_t from, size_t to) const {
    const char* const flow = reinterpret_cast<const char*>(&flows_[candidate]);
    for (size_t at = from; at < to; at += 64) __builtin_prefetch(flow + at);
  }

  static uint16_t SignatureOf(uint64_t hash) {
    return static_cast<uint16_t>((hash >> 48) | 1);
  }
  static uint32_t Matches(const Bucket& bucket, uint16_t signature);

  Flow* FindSlow(const FlowKey& key, uint64_t hash) const;
  // Empties a way and moves the chain's last entry into it. Invariant: only the
  // last bucket of a chain has empty ways. So a chain of n overflow buckets
  // holds more than 8 n flows, and max_flows / 8 + 1 of them are enough.
  void FillHole(Bucket& head, Bucket& bucket, size_t way);
  Bucket* Overflow(const Bucket& bucket) const {
    return bucket.next == 0 ? nullptr : &overflow_[bucket.next - 1];
  }

  LazyArray<Flow> flows_;
  LazyArray<Bucket> buckets_;
  LazyArray<Bucket> overflow_;
  LazyArray<uint32_t> free_flows_;  // A stack, last in first out.
  uint32_t free_flow_count_ = 0;
  uint32_t next_unused_ = 0;
  uint32_t free_overflow_ = 0;  // Head + 1 of a list through `next`.
  uint32_t next_unused_overflow_ = 0;
  uint64_t mask_ = 0;
  std::atomic<size_t> size_{0};  // Written by the owner worker.
};

}  // namespace mosaic
