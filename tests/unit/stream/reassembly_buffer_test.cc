#include "dataplane/stream/reassembly_buffer.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/stream/chunk_pool.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

using Insertion = ReassemblyBuffer::Insertion;
using Refusal = ReassemblyBuffer::Refusal;

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

class ConflictList : public ConflictSink {
 public:
  void OnConflict(const Conflict& conflict) override {
    list.push_back(conflict);
  }
  std::vector<Conflict> list;
};

constexpr uint32_t kCapacity = 64 << 10;

class ReassemblyBufferTest : public testing::Test {
 protected:
  Insertion InsertAt(uint64_t offset, std::string_view text,
                     OverlapPolicy policy = OverlapPolicy::kFirst) {
    return buffer_.Insert(offset, Bytes(text), policy, &conflicts_);
  }

  // Delivers all that is in order.
  std::string DeliverAll() { return DeliverAll(buffer_); }

  static std::string DeliverAll(ReassemblyBuffer& buffer) {
    std::string stream;
    while (!buffer.Deliverable().empty()) {
      const auto bytes = buffer.Deliverable();
      stream.append(bytes.begin(), bytes.end());
      buffer.Deliver(static_cast<uint32_t>(bytes.size()));
    }
    return stream;
  }

  size_t lent() const { return pool_.total_chunks() - pool_.free_chunks(); }

  ChunkPool pool_{512};
  ConflictList conflicts_;
  ReassemblyBuffer buffer_{pool_, 0, kCapacity};
};

TEST_F(ReassemblyBufferTest, HeldSegmentBecomesDeliverableWhenItsHoleFills) {
  // G-01
  EXPECT_EQ(InsertAt(3, "def").stored, 3u);
  EXPECT_EQ(DeliverAll(), "");
  EXPECT_EQ(buffer_.pending_bytes(), 3u);
  EXPECT_EQ(buffer_.Hole().offset, 0u);
  EXPECT_EQ(buffer_.Hole().length, 3u);

  EXPECT_EQ(InsertAt(0, "abc").stored, 3u);
  EXPECT_EQ(buffer_.Hole().length, 0u);
  EXPECT_EQ(DeliverAll(), "abcdef");
  EXPECT_EQ(buffer_.pending_bytes(), 0u);
  EXPECT_EQ(buffer_.islands(), 0u);
}

TEST_F(ReassemblyBufferTest, EveryArrivalOrderGivesTheSameStream) {
  struct Segment {
    uint64_t offset;
    std::string_view text;
  };
  const std::array<Segment, 7> segments = {{{0, "abc"},
                                            {3, "de"},
                                            {4, "efg"},
                                            {2, "cd"},
                                            {7, "h"},
                                            {8, "ij"},
                                            {6, "ghij"}}};
  std::array<size_t, 7> order = {0, 1, 2, 3, 4, 5, 6};
  do {
    ReassemblyBuffer buffer(pool_, Chunk::kBytes - 5, kCapacity);
    std::string stream;
    for (const size_t i : order) {
      const auto in = buffer.Insert(Chunk::kBytes - 5 + segments[i].offset,
                                    Bytes(segments[i].text),
                                    OverlapPolicy::kFirst, nullptr);
      ASSERT_EQ(in.conflicting, 0u);
      stream += DeliverAll(buffer);
    }
    ASSERT_EQ(stream, "abcdefghij") << testing::PrintToString(order);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(ReassemblyBufferTest, SkippedHoleIsToldOnceAndDataGoesOnBehindIt) {
  // G-02: a hole that never fills, 48 KiB after it.
  const std::string data(48 << 10, 'x');
  ASSERT_EQ(InsertAt(1000, data).refused, 0u);
  EXPECT_EQ(buffer_.Hole().length, 1000u);

  EXPECT_EQ(buffer_.SkipHole(), 1000u);
  EXPECT_EQ(buffer_.delivered(), 1000u);
  EXPECT_EQ(buffer_.SkipHole(), 0u);
  EXPECT_EQ(DeliverAll(), data);
  EXPECT_EQ(buffer_.delivered(), 1000u + data.size());
  EXPECT_EQ(buffer_.SkipHole(), 0u);
}

TEST_F(ReassemblyBufferTest, BytesForASkippedHoleThatComeLateAreUnverified) {
  // G-03
  ASSERT_EQ(InsertAt(10, "data").stored, 4u);
  ASSERT_EQ(buffer_.SkipHole(), 10u);
  ASSERT_EQ(DeliverAll(), "data");

  const Insertion late = InsertAt(0, "0123456789data");
  EXPECT_EQ(late.unverified, 10u);
  EXPECT_EQ(late.duplicate, 4u);
  EXPECT_EQ(late.stored, 0u);
  EXPECT_EQ(DeliverAll(), "");
}

TEST_F(ReassemblyBufferTest, WhatIsRetainedTakesFromTheCapacityUntilReleased) {
  // G-05: 64 KiB in order are kept, the next byte is not.
  const std::string data(kCapacity, 'x');
  ASSERT_EQ(InsertAt(0, data).stored, kCapacity);
  ASSERT_EQ(DeliverAll(), data);
  EXPECT_EQ(buffer_.retained_bytes(), kCapacity);

  const Insertion over = InsertAt(kCapacity, "y");
  EXPECT_EQ(over.refused, 1u);
  EXPECT_EQ(over.refusal, Refusal::kBeyondBuffer);

  // The stream goes on without the buffer, and again with it once it is freed.
  buffer_.DeliverDirect(1);
  buffer_.Release(buffer_.delivered());
  EXPECT_EQ(lent(), 0u);
  EXPECT_EQ(InsertAt(kCapacity + 1, "z").stored, 1u);
  EXPECT_EQ(DeliverAll(), "z");
}

TEST_F(ReassemblyBufferTest, LastByteOfTheCapacityIsStoredTheNextRefused) {
  // G-06
  EXPECT_EQ(InsertAt(kCapacity - 1, "x").stored, 1u);
  const Insertion past = InsertAt(kCapacity, "y");
  EXPECT_EQ(past.refused, 1u);
  EXPECT_EQ(past.refusal, Refusal::kBeyondBuffer);
  EXPECT_EQ(buffer_.pending_bytes(), 1u);
}

TEST_F(ReassemblyBufferTest, SegmentAcrossTheLimitKeepsItsPartBelow) {
  const Insertion in = InsertAt(kCapacity - 2, "abc");
  EXPECT_EQ(in.stored, 2u);
  EXPECT_EQ(in.refused, 1u);
  EXPECT_EQ(in.refusal, Refusal::kBeyondBuffer);
}

TEST_F(ReassemblyBufferTest, SegmentAcrossTheFloorKeepsItsPartAbove) {
  ASSERT_EQ(InsertAt(0, "abcd").stored, 4u);
  ASSERT_EQ(DeliverAll(), "abcd");
  buffer_.Release(2);
  const Insertion in = InsertAt(0, "XXcdef");
  EXPECT_EQ(in.unverified, 2u);
  EXPECT_EQ(in.duplicate, 2u);
  EXPECT_EQ(in.stored, 2u);
  EXPECT_EQ(in.conflicting, 0u);
  EXPECT_EQ(DeliverAll(), "ef");
}

TEST_F(ReassemblyBufferTest, OneIslandTooManyIsRefusedAndChangesNothing) {
  // G-07: one-byte segments at even offsets.
  constexpr uint32_t kMax = ReassemblyBuffer::kMaxIslands;
  for (uint32_t i = 1; i <= kMax; ++i) {
    ASSERT_EQ(InsertAt(2 * i, "x").stored, 1u);
  }
  ASSERT_EQ(buffer_.islands(), kMax);
  const size_t lent_before = lent();

  // In a chunk of its own, and in one that is there.
  for (const uint64_t offset : {uint64_t{40'000}, uint64_t{2 * kMax + 2}}) {
    const Insertion in = InsertAt(offset, "y");
    EXPECT_EQ(in.refused, 1u);
    EXPECT_EQ(in.refusal, Refusal::kTooManyIslands);
    EXPECT_FALSE(buffer_.Holds(offset, 1));
  }
  EXPECT_EQ(buffer_.islands(), kMax);
  EXPECT_EQ(buffer_.pending_bytes(), kMax);
  EXPECT_EQ(lent(), lent_before);

  // What makes no island is welcome: at an island's side, between two, and at
  // delivered().
  EXPECT_EQ(InsertAt(2 * kMax + 1, "z").stored, 1u);
  EXPECT_EQ(InsertAt(3, "a").stored, 1u);
  EXPECT_EQ(buffer_.islands(), kMax - 1);
  EXPECT_EQ(InsertAt(40'000, "y").stored, 1u);
  EXPECT_EQ(InsertAt(0, "s").stored, 1u);
  EXPECT_EQ(DeliverAll(), "s");
  EXPECT_EQ(InsertAt(1, "t").stored, 1u);
  EXPECT_EQ(DeliverAll(), "txax");
}

TEST_F(ReassemblyBufferTest, HundredThousandIslandsAreCountedAndBounded) {
  // G-07
  ReassemblyBuffer buffer(pool_, 0, 1 << 20);
  uint64_t stored = 0;
  uint64_t refused = 0;
  for (uint64_t i = 1; i <= 100'000; ++i) {
    const auto in =
        buffer.Insert(2 * i, Bytes("x"), OverlapPolicy::kFirst, nullptr);
    stored += in.stored;
    refused += in.refused;
  }
  EXPECT_EQ(stored, ReassemblyBuffer::kMaxIslands);
  EXPECT_EQ(stored + refused, 100'000u);
  EXPECT_EQ(buffer.islands(), ReassemblyBuffer::kMaxIslands);
}

TEST_F(ReassemblyBufferTest, OneByteSegmentsInReverseGiveTheExactStream) {
  // G-08, O-20
  constexpr uint32_t kCount = 10'000;
  std::string want(kCount, ' ');
  for (uint32_t i = 0; i < kCount; ++i) {
    want[i] = static_cast<char>('a' + i % 23);
  }
  for (uint32_t i = kCount; i-- > 0;) {
    ASSERT_EQ(InsertAt(i, want.substr(i, 1)).stored, 1u);
    ASSERT_EQ(buffer_.islands(), i > 0 ? 1u : 0u);
  }
  EXPECT_EQ(DeliverAll(), want);
}

TEST_F(ReassemblyBufferTest, DepthLimitKeepsExactlyThatManyBytes) {
  // G-14: a depth of 10 bytes is a capacity that is never released.
  ReassemblyBuffer buffer(pool_, 0, 10);
  EXPECT_EQ(
      buffer
          .Insert(0, Bytes("0123456789abcdef"), OverlapPolicy::kFirst, nullptr)
          .refused,
      6u);
  EXPECT_EQ(DeliverAll(buffer), "0123456789");
  EXPECT_EQ(
      buffer.Insert(10, Bytes("x"), OverlapPolicy::kFirst, nullptr).refused,
      1u);
}

TEST_F(ReassemblyBufferTest, GrowingKeepsEverything) {
  // G-17
  ASSERT_EQ(InsertAt(0, "head").stored, 4u);
  ASSERT_EQ(DeliverAll(), "head");
  ASSERT_EQ(InsertAt(kCapacity - 4, "tail").stored, 4u);
  EXPECT_EQ(buffer_.Resize(2 * kCapacity).length, 0u);
  EXPECT_EQ(buffer_.pending_bytes(), 4u);
  EXPECT_EQ(buffer_.retained_bytes(), 4u);
  EXPECT_EQ(InsertAt(kCapacity, "more").stored, 4u);
  EXPECT_EQ(buffer_.islands(), 1u);
}

TEST_F(ReassemblyBufferTest, ShrinkingTellsWhatIsLostAndKeepsTheRest) {
  // G-17
  ASSERT_EQ(InsertAt(10, "0123456789").stored, 10u);
  ASSERT_EQ(InsertAt(100, "far").stored, 3u);
  ASSERT_EQ(InsertAt(10'000, "far").stored, 3u);

  const ReassemblyBuffer::Range lost = buffer_.Resize(15);
  EXPECT_EQ(lost.offset, 15u);
  EXPECT_EQ(lost.length, 5u + 3u + 3u);
  EXPECT_EQ(buffer_.pending_bytes(), 5u);
  EXPECT_EQ(buffer_.islands(), 1u);
  EXPECT_EQ(lent(), 1u);
  EXPECT_EQ(buffer_.SkipHole(), 10u);
  EXPECT_EQ(DeliverAll(), "01234");
}

TEST_F(ReassemblyBufferTest, ShrinkingBelowWhatIsRetainedLosesThatToo) {
  ASSERT_EQ(InsertAt(0, "0123456789").stored, 10u);
  ASSERT_EQ(DeliverAll(), "0123456789");
  ASSERT_EQ(InsertAt(12, "x").stored, 1u);
  const ReassemblyBuffer::Range lost = buffer_.Resize(4);
  EXPECT_EQ(lost.offset, 4u);
  EXPECT_EQ(lost.length, 7u);
  EXPECT_EQ(buffer_.retained_bytes(), 4u);
  EXPECT_EQ(buffer_.pending_bytes(), 0u);
  EXPECT_EQ(buffer_.islands(), 0u);
  EXPECT_EQ(buffer_.delivered(), 10u);
}

TEST_F(ReassemblyBufferTest, OffsetsPassTwoToTheThirtyTwoTwice) {
  // G-20: islands every 64 MiB, each skipped to and delivered.
  constexpr uint64_t kStep = uint64_t{64} << 20;
  constexpr uint64_t kEnd = uint64_t{9} << 30;
  ReassemblyBuffer buffer(pool_, 0, 2 * kStep);
  uint64_t skipped = 0;
  uint64_t delivered = 0;
  for (uint64_t offset = kStep - 2; offset < kEnd; offset += kStep) {
    ASSERT_EQ(
        buffer.Insert(offset, Bytes("wrap"), OverlapPolicy::kFirst, nullptr)
            .stored,
        4u);
    skipped += buffer.SkipHole();
    ASSERT_EQ(buffer.delivered(), offset);
    ASSERT_EQ(DeliverAll(buffer), "wrap");
    delivered += 4;
    buffer.Release(buffer.delivered());
  }
  EXPECT_EQ(skipped + delivered, buffer.delivered());
  EXPECT_GT(buffer.delivered(), uint64_t{2} << 32);
  EXPECT_EQ(lent(), 0u);
}

TEST_F(ReassemblyBufferTest, LargestCapacityHoldsItsLastByte) {
  ReassemblyBuffer buffer(pool_, 77, ReassemblyBuffer::kMaxCapacityBytes);
  const uint64_t last = buffer.limit() - 1;
  EXPECT_EQ(
      buffer.Insert(last, Bytes("xy"), OverlapPolicy::kFirst, nullptr).stored,
      1u);
  EXPECT_EQ(buffer.Hole().length, last - 77);
  EXPECT_EQ(buffer.NextHeld(78).offset, last);
  EXPECT_EQ(lent(), 3u);
}

TEST_F(ReassemblyBufferTest, ConflictsAreMaximalRangesWithBothHashes) {
  ASSERT_EQ(InsertAt(4, "EVIL--same").stored, 10u);
  const Insertion in = InsertAt(4, "GOOD--sXme");
  EXPECT_EQ(in.conflicting, 5u);
  ASSERT_EQ(conflicts_.list.size(), 2u);
  EXPECT_EQ(conflicts_.list[0].offset, 4u);
  EXPECT_EQ(conflicts_.list[0].length, 4u);
  EXPECT_EQ(conflicts_.list[0].hash_held, XXH3_64bits("EVIL", 4));
  EXPECT_EQ(conflicts_.list[0].hash_new, XXH3_64bits("GOOD", 4));
  EXPECT_FALSE(conflicts_.list[0].delivered);
  EXPECT_EQ(conflicts_.list[1].offset, 11u);
  EXPECT_EQ(conflicts_.list[1].length, 1u);
}

TEST_F(ReassemblyBufferTest, OneConflictOverSeveralChunksIsToldOnce) {
  const std::string held(3 * Chunk::kBytes, 'h');
  const std::string came(3 * Chunk::kBytes, 'c');
  ASSERT_EQ(InsertAt(100, held).stored, held.size());
  EXPECT_EQ(InsertAt(100, came, OverlapPolicy::kLast).replaced, came.size());
  ASSERT_EQ(conflicts_.list.size(), 1u);
  EXPECT_EQ(conflicts_.list[0].length, held.size());
  EXPECT_EQ(conflicts_.list[0].hash_held,
            XXH3_64bits(held.data(), held.size()));
  EXPECT_EQ(conflicts_.list[0].hash_new, XXH3_64bits(came.data(), came.size()));
}

TEST_F(ReassemblyBufferTest, ConflictAcrossDeliveredIsToldInTwoParts) {
  ASSERT_EQ(InsertAt(0, "aaaa").stored, 4u);
  buffer_.Deliver(2);
  EXPECT_EQ(InsertAt(0, "bbbb", OverlapPolicy::kLast).replaced, 2u);
  ASSERT_EQ(conflicts_.list.size(), 2u);
  EXPECT_TRUE(conflicts_.list[0].delivered);
  EXPECT_FALSE(conflicts_.list[1].delivered);
  EXPECT_EQ(DeliverAll(), "bb");
}

TEST_F(ReassemblyBufferTest, WithoutASinkConflictsAreStillCounted) {
  ASSERT_EQ(InsertAt(4, "EVIL").stored, 4u);
  EXPECT_EQ(buffer_.Insert(4, Bytes("GOOD"), OverlapPolicy::kFirst, nullptr)
                .conflicting,
            4u);
}

TEST_F(ReassemblyBufferTest, PolicyMayChangeWhileBytesWait) {
  ASSERT_EQ(InsertAt(2, "aaaaaa", OverlapPolicy::kFirst).stored, 6u);
  ASSERT_EQ(InsertAt(4, "bb", OverlapPolicy::kLast).replaced, 2u);
  // Now three pieces wait: aa, bb, aa. To BSD this one starts before the second
  // and the third, and with the first.
  EXPECT_EQ(InsertAt(2, "cccccc", OverlapPolicy::kBsd).replaced, 4u);
  ASSERT_EQ(InsertAt(0, "__").stored, 2u);
  EXPECT_EQ(DeliverAll(), "__aacccc");
}

TEST_F(ReassemblyBufferTest, WhatWaitsAtDeliveredStartsThereForEveryPolicy) {
  ASSERT_EQ(InsertAt(0, "aaaa").stored, 4u);
  buffer_.Deliver(2);
  // Same start, longer: the new copy wins on Linux.
  EXPECT_EQ(InsertAt(2, "bbbb", OverlapPolicy::kLinux).replaced, 2u);
  EXPECT_EQ(DeliverAll(), "bbbb");
}

TEST_F(ReassemblyBufferTest, DirectDeliveryEndsAtTheIslandItReaches) {
  ASSERT_EQ(InsertAt(5, "island").stored, 6u);
  buffer_.DeliverDirect(3);
  EXPECT_EQ(buffer_.islands(), 1u);
  EXPECT_EQ(buffer_.Hole().length, 2u);
  buffer_.DeliverDirect(2);
  EXPECT_EQ(buffer_.islands(), 0u);
  EXPECT_EQ(DeliverAll(), "island");
}

TEST_F(ReassemblyBufferTest, FragmentsAreWalkedInOrderRetainedOnesIncluded) {
  ASSERT_EQ(InsertAt(0, "kept").stored, 4u);
  ASSERT_EQ(DeliverAll(), "kept");
  ASSERT_EQ(InsertAt(6, "one").stored, 3u);
  ASSERT_EQ(InsertAt(5000, "two").stored, 3u);

  std::vector<std::pair<uint64_t, uint64_t>> ranges;
  for (auto r = buffer_.NextHeld(0); r.length > 0;
       r = buffer_.NextHeld(r.offset + r.length)) {
    ranges.emplace_back(r.offset, r.length);
  }
  EXPECT_THAT(ranges,
              testing::ElementsAre(testing::Pair(0, 4), testing::Pair(6, 3),
                                   testing::Pair(5000, 3)));
}

TEST_F(ReassemblyBufferTest, CopyStopsAtTheFirstByteNotHeld) {
  ASSERT_EQ(InsertAt(2046, "abcd").stored, 4u);
  std::array<uint8_t, 8> out{};
  EXPECT_EQ(buffer_.Copy(2047, out), 3u);
  EXPECT_EQ(std::string(out.begin(), out.begin() + 3), "bcd");
  EXPECT_EQ(buffer_.Copy(2045, out), 0u);
  EXPECT_EQ(buffer_.Copy(2050, out), 0u);
}

TEST_F(ReassemblyBufferTest, EmptySegmentIsNothing) {
  const Insertion in = InsertAt(0, "");
  EXPECT_EQ(in.stored + in.duplicate + in.unverified + in.refused, 0u);
  EXPECT_EQ(lent(), 0u);
}

TEST_F(ReassemblyBufferTest, EveryChunkIsBackAtTheEnd) {
  {
    ReassemblyBuffer buffer(pool_, 0, 1 << 30);
    for (uint64_t offset = 1; offset < (1 << 30); offset += (1 << 30) / 97) {
      (void)buffer.Insert(offset, Bytes("x"), OverlapPolicy::kFirst, nullptr);
    }
    EXPECT_GT(lent(), 97u);
  }
  EXPECT_EQ(lent(), 0u);
}

TEST(ReassemblyMemoryTest, WithAnEmptyPoolTheStreamStillMovesOn) {
  ChunkPool pool(2);
  ReassemblyBuffer buffer(pool, 0, kCapacity);
  // Two islands take all there is.
  ASSERT_EQ(
      buffer.Insert(3000, Bytes("x"), OverlapPolicy::kFirst, nullptr).stored,
      1u);
  ASSERT_EQ(
      buffer.Insert(7000, Bytes("y"), OverlapPolicy::kFirst, nullptr).stored,
      1u);
  ASSERT_EQ(pool.free_chunks(), 0u);

  // One segment over both: its first and third chunk cannot be had.
  const std::string data(8000, 'd');
  const auto in = buffer.Insert(0, Bytes(data), OverlapPolicy::kFirst, nullptr);
  EXPECT_EQ(in.refusal, Refusal::kNoMemory);
  EXPECT_EQ(in.stored, 0u);
  EXPECT_EQ(in.duplicate, 2u);
  EXPECT_EQ(in.conflicting, 2u);
  EXPECT_EQ(in.refused, 7998u);

  // The caller hands on from the packet what lies between the islands.
  std::string stream;
  while (buffer.delivered() < data.size()) {
    const auto held = buffer.Deliverable();
    if (!held.empty()) {
      stream.append(held.begin(), held.end());
      buffer.Deliver(static_cast<uint32_t>(held.size()));
      continue;
    }
    const auto next = buffer.NextHeld(buffer.delivered());
    const uint64_t end = next.length > 0 ? next.offset : data.size();
    stream.append(data, buffer.delivered(), end - buffer.delivered());
    buffer.DeliverDirect(static_cast<uint32_t>(end - buffer.delivered()));
  }
  EXPECT_EQ(stream.size(), data.size());
  EXPECT_EQ(stream[3000], 'x');
  EXPECT_EQ(stream[7000], 'y');
  EXPECT_EQ(buffer.islands(), 0u);
  buffer.Release(buffer.delivered());
  EXPECT_EQ(pool.free_chunks(), 2u);
}

TEST(ReassemblyMemoryTest, SegmentIsStoredAsFarAsMemoryGoes) {
  ChunkPool pool(2);
  ReassemblyBuffer buffer(pool, 0, kCapacity);
  const std::string data(3 * Chunk::kBytes, 'd');
  const auto in =
      buffer.Insert(100, Bytes(data), OverlapPolicy::kFirst, nullptr);
  EXPECT_EQ(in.stored, 2 * Chunk::kBytes - 100);
  EXPECT_EQ(in.refused, data.size() - in.stored);
  EXPECT_EQ(in.refusal, Refusal::kNoMemory);
  EXPECT_EQ(buffer.islands(), 1u);
}

TEST(ReassemblyMemoryTest, CutOffFromItsIslandASegmentDoesNotPassTheirBound) {
  // All islands there may be, the last alone in chunk 5, and one chunk left.
  ChunkPool pool(5);
  ReassemblyBuffer buffer(pool, 0, kCapacity);
  constexpr uint64_t kLast = 5 * Chunk::kBytes;
  for (uint64_t i = 1; i < ReassemblyBuffer::kMaxIslands; ++i) {
    ASSERT_EQ(
        buffer.Insert(2 * i, Bytes("x"), OverlapPolicy::kFirst, nullptr).stored,
        1u);
  }
  ASSERT_EQ(
      buffer.Insert(kLast, Bytes("x"), OverlapPolicy::kFirst, nullptr).stored,
      1u);
  ASSERT_EQ(buffer.islands(), ReassemblyBuffer::kMaxIslands);
  ASSERT_EQ(pool.free_chunks(), 1u);

  // It would join the last island, but memory ends between them.
  const std::string data(Chunk::kBytes + 100, 'd');
  const auto in = buffer.Insert(kLast - data.size(), Bytes(data),
                                OverlapPolicy::kFirst, nullptr);
  EXPECT_EQ(in.refused, data.size());
  EXPECT_EQ(in.refusal, Refusal::kNoMemory);
  EXPECT_EQ(buffer.islands(), ReassemblyBuffer::kMaxIslands);
  EXPECT_EQ(pool.free_chunks(), 1u);
}

TEST(ReassemblyMemoryTest, OneFlowsRefusalLeavesAnothersBytesAlone) {
  ChunkPool pool(4);
  ReassemblyBuffer greedy(pool, 0, kCapacity);
  ReassemblyBuffer modest(pool, 0, kCapacity);
  ASSERT_EQ(
      modest.Insert(5, Bytes("late"), OverlapPolicy::kFirst, nullptr).stored,
      4u);
  const std::string flood(4 * Chunk::kBytes, 'f');
  EXPECT_EQ(
      greedy.Insert(1, Bytes(flood), OverlapPolicy::kFirst, nullptr).refusal,
      Refusal::kNoMemory);
  ASSERT_EQ(
      modest.Insert(0, Bytes("early"), OverlapPolicy::kFirst, nullptr).stored,
      5u);
  EXPECT_EQ(modest.pending_bytes(), 9u);
}

TEST(ReassemblyMemoryTest, TheObjectIsSmall) {
  EXPECT_LE(sizeof(ReassemblyBuffer), 112u);
}

}  // namespace
}  // namespace mosaic
