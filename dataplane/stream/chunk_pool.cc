#include "dataplane/stream/chunk_pool.h"

#include <cstring>
#include <limits>

#include "dataplane/base/check.h"

namespace mosaic {

namespace {

constexpr uint32_t kBottom = std::numeric_limits<uint32_t>::max();

}  // namespace

ChunkPool::ChunkPool(size_t chunks)
    : chunks_(std::make_unique_for_overwrite<Chunk[]>(chunks)),
      total_(chunks),
      top_(kBottom),
      free_(chunks) {
  MOSAIC_CHECK(chunks > 0 && chunks < kBottom);
}

ChunkPool::~ChunkPool() { MOSAIC_CHECK(free_chunks() == total_); }

Chunk* ChunkPool::Take() {
  Chunk* chunk;
  if (top_ != kBottom) {
    chunk = At(top_);
    top_ = static_cast<uint32_t>(chunk->present[0]);
  } else if (untouched_ < total_) {
    chunk = At(untouched_++);
  } else {
    return nullptr;
  }
  std::memset(chunk->present, 0, sizeof chunk->present);
  std::memset(chunk->segment_start, 0, sizeof chunk->segment_start);
  free_.store(free_chunks() - 1, std::memory_order_relaxed);
  return chunk;
}

void ChunkPool::Give(Chunk* chunk) {
  MOSAIC_CHECK(IndexOf(chunk) < untouched_ && free_chunks() < total_);
  chunk->present[0] = top_;
  top_ = IndexOf(chunk);
  free_.store(free_chunks() + 1, std::memory_order_relaxed);
}

}  // namespace mosaic
