// Group O of the evasion catalogue on the buffer alone.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/stream/chunk_pool.h"
#include "dataplane/stream/reassembly_buffer.h"
#include "gtest/gtest.h"
#include "tests/support/overlap_cases.h"

namespace mosaic {
namespace {

using testing::Arrival;
using testing::GroupO;
using Case = testing::OverlapCase;

class CountingSink : public ConflictSink {
 public:
  void OnConflict(const Conflict& conflict) override {
    bytes += conflict.length;
  }
  uint32_t bytes = 0;
};

// Where the line of a case lies: at the start, across a chunk's end, and across
// 2^32.
class OverlapTable
    : public ::testing::TestWithParam<std::tuple<Case, uint64_t>> {
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
    ::testing::Combine(::testing::ValuesIn(GroupO()),
                       ::testing::Values(uint64_t{0}, Chunk::kBytes - 5,
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
