// ChunkDirectory finds the chunks of one reassembly buffer by their number in
// the stream (offset / Chunk::kBytes).
//
//   height 0      root slots are the chunks themselves: 8 x 2 KiB
//   height 1      each root slot is a directory of 512 chunks: 8 x 1 MiB
//   height 2      each is a directory of 512 directories: 8 x 512 MiB
//
// A tree of fan-out 512 whose root of 8 slots lies in the object and is indexed
// modulo 8, so that it slides along with the stream and nothing ever moves. It
// grows by one level when a chunk comes that lies too far from first().
//
// Memory      Directories are chunks of the same pool, taken when their first
//             entry comes and given back with the last: all that a buffer holds
//             counts against one budget.
// Threading   None, like the buffer it serves.
// Cost        Find() is one to three dependent loads.

#pragma once

#include <array>
#include <cstdint>

#include "dataplane/stream/chunk_pool.h"

namespace mosaic {

class ChunkDirectory {
 public:
  struct Entry {
    uint64_t number = 0;
    Chunk* chunk = nullptr;  // Null: no such entry.
  };

  // `pool` must outlive the directory. Chunks before `first` are never asked
  // for.
  ChunkDirectory(ChunkPool& pool, uint64_t first);
  ~ChunkDirectory();  // Gives every chunk back.

  ChunkDirectory(const ChunkDirectory&) = delete;
  ChunkDirectory& operator=(const ChunkDirectory&) = delete;

  // The chunk, or null if it is not held. `number` may be any.
  Chunk* Find(uint64_t number) const;

  // The chunk, new and with clear maps if it was not held. Null, and nothing
  // taken, when the pool cannot give what the path to it takes.
  // REQUIRES: first() <= number < first() + 2^20.
  [[nodiscard]] Chunk* FindOrTake(uint64_t number);

  // The first held chunk at or after `number`.
  Entry Next(uint64_t number) const;

  // Gives one chunk back. REQUIRES: it is held.
  void Drop(uint64_t number);

  // Moves first() forward. REQUIRES: no chunk before `first` is held, and
  // `first` >= first().
  void MoveFirst(uint64_t first) { first_ = first; }

  uint64_t first() const { return first_; }

 private:
  static constexpr uint32_t kRootSlots = 8;
  static constexpr uint32_t kDigitBits = 9;
  static constexpr uint32_t kDigits = 1u << kDigitBits;
  static constexpr uint32_t kMaxHeight = 2;
  static constexpr uint32_t kEmpty = ~0u;

  // How often `number` has to be cut by a digit to give its root slot.
  uint64_t RootDigit(uint64_t number) const {
    return number >> (kDigitBits * height_);
  }
  bool InReach(uint64_t number) const {
    return RootDigit(number) - RootDigit(first_) < kRootSlots;
  }
  bool Grow();
  Chunk* ShrinkTo(uint32_t height);
  Entry NextUnder(uint32_t node, uint32_t level, uint64_t number) const;

  ChunkPool& pool_;
  uint64_t first_;
  uint32_t height_ = 0;
  uint32_t held_ = 0;  // Chunks, without directories. The height is 0 at 0.

  // Invariant: a slot is not kEmpty only if a chunk is held below it, and each
  // held number is InReach(), so that no two numbers share a slot.
  std::array<uint32_t, kRootSlots> root_;
};

}  // namespace mosaic
