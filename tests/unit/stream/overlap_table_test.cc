// Group O of the evasion catalogue: each way in which two TCP segments can
// overlap, as arrivals and the stream that FIRST and LAST make of them.

#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/stream/chunk_pool.h"
#include "dataplane/stream/reassembly_buffer.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

struct Arrival {
  uint64_t offset;
  std::string text;
};

struct Case {
  std::string_view id;
  std::vector<Arrival> arrivals;
  std::string_view first;  // What readers get under FIRST.
  std::string_view last;   // What they get under LAST.
  uint32_t conflicting_first;
  uint32_t conflicting_last;
  uint64_t pending = 0;
};

std::ostream& operator<<(std::ostream& out, const Case& c) {
  return out << c.id;
}

std::vector<Case> GroupO() {
  return {
      {"O01_Equals",
       {{4, "EEEE"}, {4, "nnnn"}, {0, "AAAA"}},
       "AAAAEEEE",
       "AAAAnnnn",
       4,
       4},
      {"O02_StartsShorter",
       {{4, "EEEE"}, {4, "nn"}, {0, "AAAA"}},
       "AAAAEEEE",
       "AAAAnnEE",
       2,
       2},
      {"O03_StartsLonger",
       {{4, "EEEE"}, {4, "nnnnnn"}, {0, "AAAA"}},
       "AAAAEEEEnn",
       "AAAAnnnnnn",
       4,
       4},
      {"O04_Finishes",
       {{4, "EEEE"}, {6, "nn"}, {0, "AAAA"}},
       "AAAAEEEE",
       "AAAAEEnn",
       2,
       2},
      {"O05_During",
       {{4, "EEEE"}, {5, "nn"}, {0, "AAAA"}},
       "AAAAEEEE",
       "AAAAEnnE",
       2,
       2},
      {"O06_Contains",
       {{4, "EEEE"}, {2, "nnnnnnnn"}, {0, "AA"}},
       "AAnnEEEEnn",
       "AAnnnnnnnn",
       4,
       4},
      {"O07_FinishedBy",
       {{4, "EEEE"}, {2, "nnnnnn"}, {0, "AA"}},
       "AAnnEEEE",
       "AAnnnnnn",
       4,
       4},
      {"O08_OverlapsLeft",
       {{4, "EEEE"}, {2, "nnnn"}, {0, "AA"}},
       "AAnnEEEE",
       "AAnnnnEE",
       2,
       2},
      {"O09_OverlapsRight",
       {{4, "EEEE"}, {6, "nnnn"}, {0, "AAAA"}},
       "AAAAEEEEnn",
       "AAAAEEnnnn",
       2,
       2},
      {"O10_Meets",
       {{4, "EEEE"}, {8, "nn"}, {0, "AAAA"}},
       "AAAAEEEEnn",
       "AAAAEEEEnn",
       0,
       0},
      {"O11_MetBy",
       {{4, "EEEE"}, {2, "nn"}, {0, "AA"}},
       "AAnnEEEE",
       "AAnnEEEE",
       0,
       0},
      {"O12_BeforeWithGap",
       {{4, "EEEE"}, {1, "nn"}, {0, "AAAA"}},
       "AnnAEEEE",
       "AAAAEEEE",
       2,
       2},
      {"O13_AfterWithGap",
       {{4, "EEEE"}, {9, "nn"}, {0, "AAAA"}},
       "AAAAEEEE",
       "AAAAEEEE",
       0,
       0,
       2},
      {"O14_BridgesTwoIslands",
       {{2, "BB"}, {6, "CC"}, {3, "nnnn"}, {0, "AA"}},
       "AABBnnCC",
       "AABnnnnC",
       2,
       2},
      {"O15_CoversThreeIslands",
       {{1, "B"}, {3, "C"}, {5, "D"}, {0, "nnnnnnn"}},
       "nBnCnDn",
       "nnnnnnn",
       3,
       3},
      {"O16_ThreeWayConflict",
       {{2, "111"}, {2, "222"}, {2, "333"}, {0, "AA"}},
       "AA111",
       "AA333",
       6,
       6},
      {"O17_Staircase",
       {{2, "1111"}, {3, "2222"}, {4, "3333"}, {0, "AA"}},
       "AA111123",
       "AA123333",
       6,
       6},
      {"O18_ReverseStaircase",
       {{4, "1111"}, {3, "2222"}, {2, "3333"}, {0, "AA"}},
       "AA321111",
       "AA333321",
       6,
       6},
      {"O19_FillerOverlaps",
       {{4, "EEEE"}, {0, "nnnnnn"}},
       "nnnnEEEE",
       "nnnnnnEE",
       2,
       2},
      {"O20_OneByteSegmentsThenOneBig",
       {{7, "g"},
        {6, "f"},
        {5, "e"},
        {4, "d"},
        {3, "c"},
        {2, "b"},
        {1, "a"},
        {0, "XXXXXXXX"}},
       "Xabcdefg",
       "XXXXXXXX",
       7,
       7},
      {"O21_RewriteAfterDelivery",
       {{0, "GOOD"}, {0, "EVIL"}, {4, "TAIL"}},
       "GOODTAIL",
       "GOODTAIL",
       4,
       4},
      {"O22_PartialRewriteAndNew",
       {{0, "GOOD"}, {2, "xxYY"}},
       "GOODYY",
       "GOODYY",
       2,
       2},
      {"O23_SpoofBeforeTheReal",
       {{4, "EVIL"}, {4, "GOOD"}, {0, "AAAA"}},
       "AAAAEVIL",
       "AAAAGOOD",
       4,
       4},
      {"O24_IdenticalRetransmission",
       {{0, "AAAA"}, {0, "AAAA"}, {4, "BB"}},
       "AAAABB",
       "AAAABB",
       0,
       0},
      {"O25_IdenticalRetransmissionOutOfOrder",
       {{4, "BB"}, {4, "BB"}, {0, "AAAA"}},
       "AAAABB",
       "AAAABB",
       0,
       0},
      {"O26_RepacketisedSameBytes",
       {{0, "ABCD"}, {4, "EF"}, {2, "CDEFGH"}},
       "ABCDEFGH",
       "ABCDEFGH",
       0,
       0},
      {"O27_TailOverlapsWhatWasDelivered",
       {{0, "ABCDEF"}, {4, "efGH"}},
       "ABCDEFGH",
       "ABCDEFGH",
       2,
       2},
  };
}

class CountingSink : public ConflictSink {
 public:
  void OnConflict(const Conflict& conflict) override {
    bytes += conflict.length;
  }
  uint32_t bytes = 0;
};

// Where the line of a case lies: at the start, across a chunk's end, and across
// 2^32.
class OverlapTable : public testing::TestWithParam<std::tuple<Case, uint64_t>> {
 protected:
  // Plays the arrivals as the engine does: insert one, then deliver all that
  // is in order. Returns what was delivered.
  std::string Play(OverlapPolicy policy) {
    const auto& [c, start] = GetParam();
    std::string stream;
    ReassemblyBuffer buffer(pool_, start, 4096);
    for (const Arrival& arrival : c.arrivals) {
      const std::span<const uint8_t> payload(
          reinterpret_cast<const uint8_t*>(arrival.text.data()),
          arrival.text.size());
      const auto in =
          buffer.Insert(start + arrival.offset, payload, policy, &sink_);
      EXPECT_EQ(in.stored + in.duplicate + in.replaced, payload.size());
      conflicting_ += in.conflicting;
      while (!buffer.Deliverable().empty()) {
        const auto bytes = buffer.Deliverable();
        stream.append(bytes.begin(), bytes.end());
        buffer.Deliver(static_cast<uint32_t>(bytes.size()));
      }
    }
    pending_ = buffer.pending_bytes();
    return stream;
  }

  ChunkPool pool_{8};
  CountingSink sink_;
  uint32_t conflicting_ = 0;
  uint64_t pending_ = 0;
};

TEST_P(OverlapTable, FirstKeepsTheCopyThatCameFirst) {
  const Case& c = std::get<Case>(GetParam());
  EXPECT_EQ(Play(OverlapPolicy::kFirst), c.first);
  EXPECT_EQ(conflicting_, c.conflicting_first);
  EXPECT_EQ(sink_.bytes, c.conflicting_first);
  EXPECT_EQ(pending_, c.pending);
}

TEST_P(OverlapTable, LastTakesTheCopyThatCameLastUntilItIsDelivered) {
  const Case& c = std::get<Case>(GetParam());
  EXPECT_EQ(Play(OverlapPolicy::kLast), c.last);
  EXPECT_EQ(conflicting_, c.conflicting_last);
  EXPECT_EQ(sink_.bytes, c.conflicting_last);
  EXPECT_EQ(pending_, c.pending);
}

INSTANTIATE_TEST_SUITE_P(
    GroupO, OverlapTable,
    testing::Combine(testing::ValuesIn(GroupO()),
                     testing::Values(uint64_t{0}, Chunk::kBytes - 5,
                                     (uint64_t{1} << 32) - 5)),
    [](const auto& instance) {
      const uint64_t start = std::get<uint64_t>(instance.param);
      return std::string(std::get<Case>(instance.param).id) +
             (start == 0              ? "_AtTheStart"
              : start < Chunk::kBytes ? "_AcrossAChunksEnd"
                                      : "_Across32Bits");
    });

}  // namespace
}  // namespace mosaic
