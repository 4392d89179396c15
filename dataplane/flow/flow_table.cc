#include "dataplane/flow/flow_table.h"

#include <emmintrin.h>

#include <bit>
#include <new>

#include "dataplane/base/check.h"

namespace mosaic {

namespace {

// Half as many ways again as flows, so that chains are rare.
size_t BucketCount(size_t max_flows, size_t ways) {
  return std::bit_ceil(max_flows * 3 / (ways * 2) + 1);
}

}  // namespace

FlowTable::FlowTable(size_t max_flows)
    : flows_(max_flows),
      buckets_(BucketCount(max_flows, kWays)),
      overflow_(max_flows / kWays + 1),
      free_flows_(max_flows),
      mask_(buckets_.size() - 1) {
  MOSAIC_CHECK(max_flows > 0 && max_flows <= size_t{1} << 27);
}

uint32_t FlowTable::Matches(const Bucket& bucket, uint16_t signature) {
  const __m128i held =
      _mm_load_si128(reinterpret_cast<const __m128i*>(bucket.signature));
  const __m128i equal =
      _mm_cmpeq_epi16(held, _mm_set1_epi16(static_cast<int16_t>(signature)));
  // Two bits for each way; one of them is enough.
  return static_cast<uint32_t>(_mm_movemask_epi8(equal)) & 0x5555u;
}

uint32_t FlowTable::Candidate(uint64_t hash) const {
  const Bucket& bucket = buckets_[hash & mask_];
  const uint32_t matches = Matches(bucket, SignatureOf(hash));
  if (matches == 0) return kNoFlow;
  return bucket.index[std::countr_zero(matches) / 2];
}

Flow* FlowTable::FindSlow(const FlowKey& key, uint64_t hash) const {
  const uint16_t signature = SignatureOf(hash);
  for (const Bucket* bucket = &buckets_[hash & mask_]; bucket != nullptr;
       bucket = Overflow(*bucket)) {
    for (uint32_t matches = Matches(*bucket, signature); matches != 0;
         matches &= matches - 1) {
      Flow& flow = flows_[bucket->index[std::countr_zero(matches) / 2]];
      if (flow.key == key) return &flow;
    }
  }
  return nullptr;
}

Flow* FlowTable::Insert(const FlowKey& key, uint64_t hash) {
  uint32_t index;
  if (free_flow_count_ > 0) {
    index = free_flows_[--free_flow_count_];
  } else if (next_unused_ < flows_.size()) {
    index = next_unused_++;
  } else {
    return nullptr;
  }

  Bucket* bucket = &buckets_[hash & mask_];
  uint32_t empty = Matches(*bucket, 0);
  while (empty == 0) {
    if (bucket->next == 0) {
      uint32_t fresh;
      if (free_overflow_ != 0) {
        fresh = free_overflow_;
        free_overflow_ = overflow_[fresh - 1].next;
        overflow_[fresh - 1].next = 0;
      } else {
        MOSAIC_CHECK(next_unused_overflow_ < overflow_.size());
        fresh = ++next_unused_overflow_;
      }
      bucket->next = fresh;
    }
    bucket = Overflow(*bucket);
    empty = Matches(*bucket, 0);
  }
  const size_t way = static_cast<size_t>(std::countr_zero(empty)) / 2;
  bucket->signature[way] = SignatureOf(hash);
  bucket->index[way] = index;

  Flow& flow = flows_[index];
  const uint32_t generation = flow.generation + 1;
  new (&flow) Flow();
  flow.key = key;
  flow.generation = generation;
  size_.store(size_.load(std::memory_order_relaxed) + 1,
              std::memory_order_relaxed);
  return &flow;
}

void FlowTable::Erase(Flow& flow, uint64_t hash) {
  const uint32_t index = IndexOf(flow);
  const uint16_t signature = SignatureOf(hash);
  Bucket& head = buckets_[hash & mask_];
  for (Bucket* bucket = &head; bucket != nullptr; bucket = Overflow(*bucket)) {
    for (uint32_t matches = Matches(*bucket, signature); matches != 0;
         matches &= matches - 1) {
      const size_t way = static_cast<size_t>(std::countr_zero(matches)) / 2;
      if (bucket->index[way] != index) continue;
      FillHole(head, *bucket, way);
      flow.key.protocol = 0;
      free_flows_[free_flow_count_++] = index;
      size_.store(size_.load(std::memory_order_relaxed) - 1,
                  std::memory_order_relaxed);
      return;
    }
  }
  MOSAIC_CHECK(!"the flow is in the chain of its hash");
}

void FlowTable::FillHole(Bucket& head, Bucket& bucket, size_t way) {
  Bucket* before_last = nullptr;
  Bucket* last = &head;
  while (last->next != 0) {
    before_last = last;
    last = Overflow(*last);
  }
  size_t emptied = way;
  if (last != &bucket) {
    const uint32_t used = Matches(*last, 0) ^ 0x5555u;
    emptied = static_cast<size_t>(std::countr_zero(used)) / 2;
    bucket.signature[way] = last->signature[emptied];
    bucket.index[way] = last->index[emptied];
  }
  last->signature[emptied] = 0;
  if (before_last != nullptr && Matches(*last, 0) == 0x5555u) {
    last->next = free_overflow_;
    free_overflow_ = before_last->next;
    before_last->next = 0;
  }
}

void FlowTable::Prefault() const {
  flows_.Prefault();
  buckets_.Prefault();
  overflow_.Prefault();
  free_flows_.Prefault();
}

size_t FlowTable::BytesFor(size_t max_flows) {
  return max_flows * (sizeof(Flow) + sizeof(uint32_t)) +
         (BucketCount(max_flows, kWays) + max_flows / kWays + 1) *
             sizeof(Bucket);
}

size_t FlowTable::bytes() const {
  return flows_.bytes() + buckets_.bytes() + overflow_.bytes() +
         free_flows_.bytes();
}

}  // namespace mosaic
