// Every schedule of a few segments on a short line, under FIRST and LAST, on
// the engine and on two oracles (evasion catalogue, section 2).
//
//   4 segments on 8 bytes   36^4 =  1,679,616 schedules
//   5 segments on 6 bytes   21^5 =  4,084,101
//   7 segments on 4 bytes   10^7 = 10,000,000
//
// which is 15,763,717, and 31,527,434 with the two policies. The 1,363,302
// shorter schedules that they begin with are run as well, 34,254,038 in all;
// and all of it twice, at two places of the stream. Each schedule is run on a
// buffer of its own, from its first arrival.

#include <array>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "dataplane/stream/chunk_pool.h"
#include "dataplane/stream/reassembly_buffer.h"
#include "gtest/gtest.h"
#include "tests/conformance/overlap_oracles.h"

namespace mosaic::conformance {
namespace {

constexpr uint32_t kMaxSegments = 7;

class ConflictBytes : public ConflictSink {
 public:
  void OnConflict(const Conflict& conflict) override {
    bytes += conflict.length;
  }
  uint32_t bytes = 0;
};

// Runs one schedule on the engine and compares it with what the oracles said.
class Engine {
 public:
  Engine(uint64_t start, OverlapPolicy policy)
      : start_(start), policy_(policy) {
    for (uint32_t mark = 0; mark <= kMaxSegments; ++mark) {
      content_[mark].fill(static_cast<uint8_t>(mark));
    }
  }

  // `outcomes` has one for each arrival, `content` the line at the end with 0
  // where nothing is held. Returns whether all agrees.
  bool Agrees(std::span<const Segment> schedule, const Outcome* outcomes,
              std::span<const uint8_t> content) {
    ReassemblyBuffer buffer(pool_, start_, 64);
    std::array<uint8_t, kMaxLine> stream;
    uint32_t length = 0;
    for (uint32_t k = 0; k < schedule.size(); ++k) {
      ConflictBytes told;
      const Segment s = schedule[k];
      const auto in = buffer.Insert(
          start_ + s.begin,
          std::span(content_[k + 1].data(), size_t{s.end} - s.begin), policy_,
          &told);
      for (auto bytes = buffer.Deliverable(); !bytes.empty();
           bytes = buffer.Deliverable()) {
        for (const uint8_t byte : bytes) stream[length++] = byte;
        buffer.Deliver(static_cast<uint32_t>(bytes.size()));
      }
      const Outcome got{static_cast<uint8_t>(length),
                        static_cast<uint8_t>(buffer.pending_bytes()),
                        static_cast<uint8_t>(in.conflicting)};
      if (got != outcomes[k] || told.bytes != in.conflicting) return false;
    }
    for (uint32_t i = 0; i < content.size(); ++i) {
      if (i < length && stream[i] != content[i]) return false;
      // What is retained and what waits.
      uint8_t held = 0;
      (void)buffer.Copy(start_ + i, {&held, 1});
      if (held != content[i]) return false;
    }
    return true;
  }

 private:
  ChunkPool pool_{16};
  uint64_t start_;
  OverlapPolicy policy_;
  std::array<std::array<uint8_t, kMaxLine>, kMaxSegments + 1> content_;
};

class Enumeration {
 public:
  Enumeration(uint32_t line, uint32_t segments, Winner winner, uint64_t start)
      : line_(line),
        segments_(segments),
        engine_(start, winner == Winner::kFirst ? OverlapPolicy::kFirst
                                                : OverlapPolicy::kLast) {
    for (uint8_t begin = 0; begin < line; ++begin) {
      for (uint8_t end = begin + 1; end <= line; ++end) {
        choices_.push_back({begin, end});
      }
    }
    Extend(0, ByteMap(winner), IntervalList(winner));
  }

  uint64_t schedules() const { return schedules_; }  // Of full length.
  uint64_t shorter() const { return shorter_; }
  uint64_t oracle_mismatches() const { return oracle_mismatches_; }
  uint64_t engine_mismatches() const { return engine_mismatches_; }

 private:
  // Runs every schedule that goes on from the first `depth` segments of
  // schedule_, where the oracles have come to `map` and `list`.
  void Extend(uint32_t depth, const ByteMap& map, const IntervalList& list) {
    for (const Segment segment : choices_) {
      const auto mark = static_cast<uint8_t>(depth + 1);
      ByteMap next_map = map;
      IntervalList next_list = list;
      schedule_[depth] = segment;
      outcomes_[depth] = next_map.Arrive(segment, mark);
      std::array<uint8_t, kMaxLine> content{};
      bool same = outcomes_[depth] == next_list.Arrive(segment, mark);
      for (uint32_t i = 0; i < line_; ++i) {
        content[i] = next_map.At(i);
        same = same && next_list.At(i) == content[i];
      }
      if (!same) ++oracle_mismatches_;
      if (!engine_.Agrees({schedule_.data(), depth + 1}, outcomes_.data(),
                          {content.data(), line_})) {
        ++engine_mismatches_;
      }
      if (depth + 1 < segments_) {
        ++shorter_;
        Extend(depth + 1, next_map, next_list);
      } else {
        ++schedules_;
      }
    }
  }

  const uint32_t line_;
  const uint32_t segments_;
  Engine engine_;
  std::vector<Segment> choices_;
  std::array<Segment, kMaxSegments> schedule_;
  std::array<Outcome, kMaxSegments> outcomes_;
  uint64_t schedules_ = 0;
  uint64_t shorter_ = 0;
  uint64_t oracle_mismatches_ = 0;
  uint64_t engine_mismatches_ = 0;
};

// Where the line lies. Across the end of a chunk, which is also where offsets
// pass 2^32, an insertion does in two chunks what it does in one elsewhere; the
// other place is across the end of a word of a chunk's map.
enum class Place : uint8_t { kAcrossWords, kAcrossChunks };

constexpr uint64_t StartOf(uint32_t line, Place place) {
  return (place == Place::kAcrossWords ? 64 : uint64_t{1} << 32) - line / 2;
}

struct Size {
  uint32_t line;
  uint32_t segments;
  uint64_t schedules;
};

using Parameters = std::tuple<Size, Winner, Place>;

class OverlapEnumeration : public testing::TestWithParam<Parameters> {};

TEST_P(OverlapEnumeration, EngineAndBothOraclesAgreeOnEverySchedule) {
  const auto [size, winner, place] = GetParam();
  const Enumeration run(size.line, size.segments, winner,
                        StartOf(size.line, place));
  std::printf("%llu schedules of %u segments on %u bytes, %llu shorter\n",
              static_cast<unsigned long long>(run.schedules()), size.segments,
              size.line, static_cast<unsigned long long>(run.shorter()));
  EXPECT_EQ(run.schedules(), size.schedules);
  EXPECT_EQ(run.oracle_mismatches(), 0u);
  EXPECT_EQ(run.engine_mismatches(), 0u);
}

std::string NameOf(const testing::TestParamInfo<Parameters>& instance) {
  const auto [size, winner, place] = instance.param;
  return std::to_string(size.segments) + "SegmentsOn" +
         std::to_string(size.line) + "Bytes" +
         (winner == Winner::kFirst ? "_First" : "_Last") +
         (place == Place::kAcrossWords ? "_AcrossWords" : "_AcrossChunks");
}

INSTANTIATE_TEST_SUITE_P(
    AllSchedules, OverlapEnumeration,
    testing::Combine(
        testing::Values(Size{8, 4, 1'679'616}, Size{6, 5, 4'084'101},
                        Size{4, 7, 10'000'000}),
        testing::Values(Winner::kFirst, Winner::kLast),
        testing::Values(Place::kAcrossWords, Place::kAcrossChunks)),
    NameOf);

}  // namespace
}  // namespace mosaic::conformance
