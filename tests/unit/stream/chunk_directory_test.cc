#include "dataplane/stream/chunk_directory.h"

#include <map>
#include <random>
#include <vector>

#include "dataplane/stream/chunk_pool.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

class ChunkDirectoryTest : public testing::Test {
 protected:
  size_t lent() const { return pool_.total_chunks() - pool_.free_chunks(); }

  ChunkPool pool_{4000};
};

TEST_F(ChunkDirectoryTest, EightNeighboursTakeNoDirectory) {
  ChunkDirectory directory(pool_, 1000);
  for (uint64_t n = 1000; n < 1008; ++n) {
    ASSERT_NE(directory.FindOrTake(n), nullptr);
  }
  EXPECT_EQ(lent(), 8u);
  EXPECT_EQ(directory.Find(1008), nullptr);
  EXPECT_EQ(directory.Find(999), nullptr);
}

TEST_F(ChunkDirectoryTest, TheNinthTakesOneDirectoryAndMovesNoChunk) {
  ChunkDirectory directory(pool_, 1024);
  std::vector<Chunk*> chunks;
  for (uint64_t n = 1024; n < 1033; ++n) {
    chunks.push_back(directory.FindOrTake(n));
  }
  EXPECT_EQ(lent(), 9u + 1u);
  for (uint64_t n = 1024; n < 1033; ++n) {
    EXPECT_EQ(directory.Find(n), chunks[n - 1024]);
  }
}

TEST_F(ChunkDirectoryTest, AFarChunkTakesAPathOfTwoDirectories) {
  ChunkDirectory directory(pool_, 0);
  Chunk* const far = directory.FindOrTake(uint64_t{1} << 19);
  ASSERT_NE(far, nullptr);
  EXPECT_EQ(lent(), 3u);
  EXPECT_EQ(directory.Next(0).chunk, far);
  EXPECT_EQ(directory.Next(0).number, uint64_t{1} << 19);

  directory.Drop(uint64_t{1} << 19);
  EXPECT_EQ(lent(), 0u);
}

TEST_F(ChunkDirectoryTest, TheLastNumberOfItsReachIsFoundFromAnyPlace) {
  for (const uint64_t first :
       {uint64_t{0}, (uint64_t{1} << 18) - 1, (uint64_t{1} << 40) + 511}) {
    ChunkDirectory directory(pool_, first);
    Chunk* const here = directory.FindOrTake(first);
    Chunk* const there = directory.FindOrTake(first + (1 << 20) - 1);
    EXPECT_EQ(directory.Find(first), here);
    EXPECT_EQ(directory.Find(first + (1 << 20) - 1), there);
    EXPECT_EQ(directory.Next(first + 1).chunk, there);
  }
  EXPECT_EQ(lent(), 0u);
}

TEST_F(ChunkDirectoryTest, WhenThePoolLacksOneOfAPathNothingIsTaken) {
  // A far chunk needs two directories and itself.
  for (size_t chunks = 1; chunks <= 2; ++chunks) {
    ChunkPool small(chunks);
    ChunkDirectory directory(small, 0);
    EXPECT_EQ(directory.FindOrTake(1 << 19), nullptr);
    EXPECT_EQ(small.free_chunks(), chunks);
    EXPECT_EQ(directory.Next(0).chunk, nullptr);
  }
  ChunkPool enough(3);
  ChunkDirectory directory(enough, 0);
  EXPECT_NE(directory.FindOrTake(1 << 19), nullptr);
}

TEST_F(ChunkDirectoryTest, WhenThePoolCannotGrowTheTreeNothingIsTaken) {
  // Chunks 508 to 515 come under two directories. One more neighbour takes
  // those and itself, a far one a path of its own and a second level.
  for (const uint64_t far : {uint64_t{516}, uint64_t{1} << 19}) {
    const size_t needed = far == 516 ? 3 : 6;
    for (size_t spare = 0; spare <= needed; ++spare) {
      ChunkPool small(8 + spare);
      ChunkDirectory directory(small, 508);
      std::map<uint64_t, Chunk*> held;
      for (uint64_t n = 508; n < 516; ++n) held[n] = directory.FindOrTake(n);

      Chunk* const taken = directory.FindOrTake(far);
      EXPECT_EQ(taken != nullptr, spare == needed);
      EXPECT_EQ(small.free_chunks(), spare == needed ? 0 : spare);
      for (const auto& [number, chunk] : held) {
        EXPECT_EQ(directory.Find(number), chunk);
      }
      EXPECT_EQ(directory.Next(516).chunk, taken);
    }
  }
}

TEST_F(ChunkDirectoryTest, AgreesWithAMapUnderRandomOperations) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 60; ++round) {
    const uint64_t reach = uint64_t{1} << (3 + round % 18);
    uint64_t first = random() % (uint64_t{1} << 30);
    ChunkDirectory directory(pool_, first);
    std::map<uint64_t, Chunk*> held;
    for (int step = 0; step < 600; ++step) {
      const uint64_t number = first + random() % reach;
      if (random() % 3 != 0) {
        Chunk* const chunk = directory.FindOrTake(number);
        ASSERT_NE(chunk, nullptr);
        ASSERT_EQ(held.emplace(number, chunk).first->second, chunk);
      } else if (held.count(number) != 0) {
        directory.Drop(number);
        held.erase(number);
      }
      if (step % 20 == 0) {
        const uint64_t next = first + random() % (reach / 4 + 1);
        while (!held.empty() && held.begin()->first < next) {
          directory.Drop(held.begin()->first);
          held.erase(held.begin());
        }
        directory.MoveFirst(next);
        first = next;
      }
      const uint64_t probe = first + random() % reach;
      const auto found = held.find(probe);
      ASSERT_EQ(directory.Find(probe),
                found == held.end() ? nullptr : found->second);
      const auto next = held.lower_bound(probe);
      ASSERT_EQ(directory.Next(probe).chunk,
                next == held.end() ? nullptr : next->second);
    }
  }
  EXPECT_EQ(lent(), 0u);
}

}  // namespace
}  // namespace mosaic
