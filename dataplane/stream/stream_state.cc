#include "dataplane/stream/stream_state.h"

#include <algorithm>
#include <new>

#include "dataplane/base/check.h"

namespace mosaic {

ReassemblyBuffer::Range StreamState::LatePart(size_t i, uint64_t offset,
                                              uint64_t end) const {
  const ReassemblyBuffer::Range& range = gap[(next_gap + i) % kRememberedGaps];
  const uint64_t from = std::max(offset, range.offset);
  const uint64_t to = std::min(end, range.offset + range.length);
  if (from >= to) return {from, 0};
  return {from, to - from};
}

void StreamState::RememberGap(uint64_t offset, uint64_t length) {
  gap[next_gap] = {offset, length};
  next_gap = static_cast<uint8_t>((next_gap + 1) % kRememberedGaps);
  has_gaps = true;
}

StreamStatePool::StreamStatePool(size_t states)
    : slots_(states), free_(states) {}

StreamState* StreamStatePool::Take(ChunkPool& chunks, uint64_t start,
                                   uint32_t capacity_bytes) {
  size_t number;
  if (free_count_ > 0) {
    number = free_[--free_count_];
  } else {
    MOSAIC_CHECK(next_unused_ < slots_.size());
    number = next_unused_++;
  }
  ++lent_;
  return new (slots_[number].bytes) StreamState(chunks, start, capacity_bytes);
}

void StreamStatePool::Give(StreamState* state) {
  state->~StreamState();
  const auto* const slot = reinterpret_cast<Slot*>(state);
  free_[free_count_++] = static_cast<uint32_t>(slot - slots_.data());
  --lent_;
}

}  // namespace mosaic
