// ChunkPool lends fixed-size chunks of memory to the reassembly buffers of one
// worker. Its size is the worker's reassembly budget.
//
// Ownership   The pool owns all chunks; a borrower gives each back once.
// Memory      Allocated by the constructor and never grown. Take() answers null
//             when all are lent: the caller refuses the bytes and counts them.
//             A page is touched when its first chunk is lent, so a budget that
//             is never used costs address space only. The downside is a page
//             fault the first time each page is needed.
// Threading   Owner worker only; free_chunks() may be read from anywhere.
// Cost        Take() and Give() are O(1), last in first out, so that a chunk is
//             likely to be in cache.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace mosaic {

// Storage of 2048 stream bytes and what is known of each of them.
struct Chunk {
  static constexpr size_t kBytes = 2048;
  static constexpr size_t kWords = kBytes / 64;

  // Bit i of a map speaks of byte i. `present`: the byte is held.
  // `segment_start`: a segment as it arrived begins here; the policies of
  // operating systems judge an overlap by those.
  uint64_t present[kWords];
  uint64_t segment_start[kWords];
  uint8_t bytes[kBytes];
};

class ChunkPool {
 public:
  // REQUIRES: 0 < chunks < 2^32 - 1.
  explicit ChunkPool(size_t chunks);
  ~ChunkPool();  // REQUIRES: every chunk was given back.

  ChunkPool(const ChunkPool&) = delete;
  ChunkPool& operator=(const ChunkPool&) = delete;

  // A chunk whose maps are clear, or null when none is left.
  [[nodiscard]] Chunk* Take();

  // REQUIRES: `chunk` came from Take() of this pool and was not given back.
  void Give(Chunk* chunk);

  // A chunk's number in the pool, for those who keep 32 bits and not a pointer.
  // REQUIRES: `chunk` is of this pool; `index` came from IndexOf().
  uint32_t IndexOf(const Chunk* chunk) const {
    return static_cast<uint32_t>(chunk - chunks_.get());
  }
  Chunk* At(uint32_t index) const { return chunks_.get() + index; }

  size_t free_chunks() const { return free_.load(std::memory_order_relaxed); }
  size_t total_chunks() const { return total_; }

 private:
  const std::unique_ptr<Chunk[]> chunks_;
  const size_t total_;

  // Chunks given back form a stack, linked by index through their memory.
  // Those from `untouched_` on were never lent.
  uint32_t top_;
  uint32_t untouched_ = 0;

  std::atomic<size_t> free_;  // Written by the owner worker.
};

}  // namespace mosaic
