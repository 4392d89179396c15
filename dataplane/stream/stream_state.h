// StreamState is what a flow needs for one direction once its bytes cannot be
// handed on at once; a direction that is in order and compares nothing has
// none.
//
// Ownership   StreamStatePool owns the memory; a flow borrows a state from the
//             first byte that has to be kept until nothing is kept any more.
// Threading   Owner worker only.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/base/lazy_array.h"
#include "dataplane/base/timestamp.h"
#include "dataplane/stream/reassembly_buffer.h"

namespace mosaic {

struct StreamState {
  // Holes given up that are remembered, so that bytes that come late are told
  // from repeats. The oldest gives way.
  static constexpr size_t kRememberedGaps = 4;

  StreamState(ChunkPool& pool, uint64_t start, uint32_t capacity_bytes)
      : buffer(pool, start, capacity_bytes) {}

  // The part of [offset, end) that lies in remembered gap `i`, the oldest being
  // 0; length 0 if none does. REQUIRES: i < kRememberedGaps.
  ReassemblyBuffer::Range LatePart(size_t i, uint64_t offset,
                                   uint64_t end) const;
  void RememberGap(uint64_t offset, uint64_t length);

  ReassemblyBuffer buffer;
  std::array<ReassemblyBuffer::Range, kRememberedGaps> gap = {};
  uint8_t next_gap = 0;
  bool has_gaps = false;

  // Signs that the hole at the front will not be filled.
  uint8_t acks_past_hole = 0;
  uint8_t refused_in_a_row = 0;
  Timestamp hole_acked_at;  // When the first of them came; 0: none did.
};

// Memory   Address space for `states`, resident as they are used. There are
//          two for each flow, so that Take() never fails.
class StreamStatePool {
 public:
  explicit StreamStatePool(size_t states);

  // Address space of a pool of so many.
  static constexpr size_t BytesFor(size_t states) {
    return states * (sizeof(Slot) + sizeof(uint32_t));
  }

  StreamStatePool(const StreamStatePool&) = delete;
  StreamStatePool& operator=(const StreamStatePool&) = delete;

  // REQUIRES: fewer than `states` are lent.
  StreamState* Take(ChunkPool& chunks, uint64_t start, uint32_t capacity_bytes);
  void Give(StreamState* state);

  size_t lent() const { return lent_; }

 private:
  struct Slot {
    alignas(StreamState) unsigned char bytes[sizeof(StreamState)];
  };
  LazyArray<Slot> slots_;
  LazyArray<uint32_t> free_;
  size_t free_count_ = 0;
  size_t next_unused_ = 0;
  size_t lent_ = 0;
};

}  // namespace mosaic
