#include "dataplane/stream/chunk_pool.h"

#include <algorithm>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace mosaic {
namespace {

TEST(ChunkPoolTest, LendsAsManyAsItHasAndThenNone) {
  ChunkPool pool(3);
  std::set<Chunk*> lent;
  for (int i = 0; i < 3; ++i) lent.insert(pool.Take());
  EXPECT_EQ(lent.size(), 3u);
  EXPECT_EQ(lent.count(nullptr), 0u);
  EXPECT_EQ(pool.free_chunks(), 0u);

  EXPECT_EQ(pool.Take(), nullptr);
  EXPECT_EQ(pool.free_chunks(), 0u);

  for (Chunk* chunk : lent) pool.Give(chunk);
  EXPECT_EQ(pool.free_chunks(), 3u);
}

TEST(ChunkPoolTest, LendsTheChunkThatCameBackLast) {
  ChunkPool pool(4);
  Chunk* const a = pool.Take();
  Chunk* const b = pool.Take();
  pool.Give(b);
  pool.Give(a);
  EXPECT_EQ(pool.Take(), a);
  EXPECT_EQ(pool.Take(), b);
  pool.Give(a);
  pool.Give(b);
}

TEST(ChunkPoolTest, AChunkComesWithClearMapsAlsoTheSecondTime) {
  ChunkPool pool(1);
  for (int i = 0; i < 3; ++i) {
    Chunk* const chunk = pool.Take();
    const auto clear = [](uint64_t word) { return word == 0; };
    EXPECT_TRUE(std::all_of(std::begin(chunk->present),
                            std::end(chunk->present), clear));
    EXPECT_TRUE(std::all_of(std::begin(chunk->segment_start),
                            std::end(chunk->segment_start), clear));
    std::fill(std::begin(chunk->present), std::end(chunk->present), ~0ull);
    std::fill(std::begin(chunk->segment_start), std::end(chunk->segment_start),
              ~0ull);
    pool.Give(chunk);
  }
}

TEST(ChunkPoolTest, AnIndexStandsForItsChunk) {
  ChunkPool pool(2);
  Chunk* const a = pool.Take();
  Chunk* const b = pool.Take();
  EXPECT_NE(pool.IndexOf(a), pool.IndexOf(b));
  EXPECT_EQ(pool.At(pool.IndexOf(a)), a);
  EXPECT_EQ(pool.At(pool.IndexOf(b)), b);
  pool.Give(a);
  pool.Give(b);
}

TEST(ChunkPoolDeathTest, AChunkThatWasNotGivenBackIsFoundAtTheEnd) {
  EXPECT_DEATH(
      {
        ChunkPool pool(1);
        (void)pool.Take();
      },
      "broken invariant");
}

}  // namespace
}  // namespace mosaic
