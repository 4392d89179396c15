// The policies of operating systems against the catalogue's table (section 1):
// every schedule of up to four segments on eight bytes, and longer ones at
// random. MOSAIC_LONG=1 makes it 10^7 random schedules for each policy.

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "dataplane/stream/chunk_pool.h"
#include "dataplane/stream/reassembly_buffer.h"
#include "gtest/gtest.h"

namespace mosaic::conformance {
namespace {

constexpr uint32_t kLine = 64;

struct Arrival {
  uint32_t begin;
  uint32_t end;
  uint8_t content;  // Of each byte.
};

// One row of the table: in which hosts the new copy wins. `covering` answers
// for the column whose rule depends on whether N reaches the end of E.
struct Row {
  const char* relation;
  bool bsd;
  bool linux_host;
  bool solaris;
  bool solaris_covering;
};

constexpr Row kTable[] = {
    {"N starts before E", true, true, false, true},
    {"same start, N longer", false, true, true, true},
    {"same start, same end", false, false, false, false},
    {"same start, N shorter", false, false, false, false},
    {"N starts after E, ends inside or at its end", false, false, false, false},
    {"N starts after E, ends after it", false, false, true, true},
};

// The table applied to one line of bytes.
class TableLine {
 public:
  explicit TableLine(OverlapPolicy policy) : policy_(policy) {}

  // Returns how many bytes differ from held ones.
  uint32_t Arrive(const Arrival& n) {
    ++arrivals_;
    const auto old_owner = owner_;
    uint32_t conflicting = 0;
    const uint32_t begin = std::max(n.begin, delivered_);
    for (uint32_t i = n.begin; i < n.end; ++i) {
      const bool held = old_owner[i] != 0;
      if (held && content_[i] != n.content) ++conflicting;
      if (i < delivered_) continue;
      if (!held || NewWins(begin, n.end, i, old_owner)) {
        owner_[i] = arrivals_;
        content_[i] = n.content;
      }
    }
    while (delivered_ < kLine && owner_[delivered_] != 0) ++delivered_;
    return conflicting;
  }

  uint32_t delivered() const { return delivered_; }
  bool Holds(uint32_t i) const { return owner_[i] != 0; }
  uint8_t At(uint32_t i) const { return content_[i]; }

 private:
  using Owners = std::array<uint32_t, kLine>;

  // Judges N, the bytes [begin, end), at the position `i` of a queued segment.
  bool NewWins(uint32_t begin, uint32_t end, uint32_t i,
               const Owners& owner) const {
    uint32_t e_begin = i;
    uint32_t e_end = i + 1;
    while (e_begin > delivered_ && owner[e_begin - 1] == owner[i]) --e_begin;
    while (e_end < kLine && owner[e_end] == owner[i]) ++e_end;

    const Row* row;
    if (begin < e_begin) {
      row = &kTable[0];
    } else if (begin == e_begin) {
      row = &kTable[end > e_end ? 1 : end == e_end ? 2 : 3];
    } else {
      row = &kTable[end > e_end ? 5 : 4];
    }
    switch (policy_) {
      case OverlapPolicy::kLinux:
        return row->linux_host;
      case OverlapPolicy::kBsd:
      case OverlapPolicy::kWindows:
        return row->bsd;
      case OverlapPolicy::kSolaris:
        return end >= e_end ? row->solaris_covering : row->solaris;
      case OverlapPolicy::kFirst:
        return false;
      case OverlapPolicy::kLast:
        return true;
    }
    return false;
  }

  OverlapPolicy policy_;
  Owners owner_{};  // The number of the arrival, 0 for none.
  std::array<uint8_t, kLine> content_{};
  uint32_t delivered_ = 0;
  uint32_t arrivals_ = 0;
};

class HostPolicy : public testing::TestWithParam<OverlapPolicy> {
 protected:
  // Runs a schedule on the engine and on the table. True if all agrees.
  bool Agrees(std::span<const Arrival> schedule) {
    ReassemblyBuffer buffer(pool_, kStart, kLine);
    TableLine table(GetParam());
    std::array<uint8_t, kLine> payload;
    for (const Arrival& n : schedule) {
      payload.fill(n.content);
      const auto in = buffer.Insert(kStart + n.begin,
                                    std::span(payload.data(), n.end - n.begin),
                                    GetParam(), nullptr);
      while (!buffer.Deliverable().empty()) {
        buffer.Deliver(static_cast<uint32_t>(buffer.Deliverable().size()));
      }
      if (in.conflicting != table.Arrive(n)) return false;
      if (buffer.delivered() != kStart + table.delivered()) return false;
    }
    for (uint32_t i = 0; i < kLine; ++i) {
      uint8_t byte = 0;
      const bool held = buffer.Copy(kStart + i, {&byte, 1}) == 1;
      if (held != table.Holds(i) || byte != table.At(i)) return false;
    }
    return true;
  }

  // The line crosses the end of a chunk.
  static constexpr uint64_t kStart = 3 * Chunk::kBytes - 5;
  ChunkPool pool_{16};
};

TEST_P(HostPolicy, FollowsTheTableOnEveryScheduleOfFourSegments) {
  std::vector<Arrival> choices;
  for (uint32_t begin = 0; begin < 8; ++begin) {
    for (uint32_t end = begin + 1; end <= 8; ++end) {
      choices.push_back({begin, end, 0});
    }
  }
  const size_t n = choices.size();
  uint64_t mismatches = 0;
  std::array<Arrival, 4> schedule;
  for (size_t code = 0; code < n * n * n * n; ++code) {
    for (size_t k = 0, rest = code; k < 4; ++k, rest /= n) {
      schedule[k] = choices[rest % n];
      schedule[k].content = static_cast<uint8_t>(k + 1);
    }
    if (!Agrees(schedule)) ++mismatches;
  }
  EXPECT_EQ(mismatches, 0u);
}

TEST_P(HostPolicy, FollowsTheTableOnRandomSchedules) {
  const char* const wants_long = std::getenv("MOSAIC_LONG");
  const uint64_t count = wants_long != nullptr && std::string(wants_long) == "1"
                             ? 10'000'000
                             : 200'000;
  std::mt19937 random(static_cast<uint32_t>(GetParam()) + 7);
  uint64_t mismatches = 0;
  std::vector<Arrival> schedule;
  for (uint64_t round = 0; round < count; ++round) {
    schedule.clear();
    const uint32_t line = 8 + random() % (kLine - 7);
    // Mostly after the first byte, so that much is queued before it is
    // delivered.
    const uint32_t hole = random() % 4;
    for (uint32_t k = 3 + random() % 10; k > 0; --k) {
      const uint32_t begin = std::min<uint32_t>(hole + random() % line, 63);
      const uint32_t length = 1 + random() % (random() % 2 == 0 ? 4 : line);
      schedule.push_back({begin, std::min(begin + length, kLine),
                          static_cast<uint8_t>(1 + random() % 6)});
    }
    schedule.push_back({0, static_cast<uint32_t>(1 + random() % 8), 9});
    if (!Agrees(schedule)) ++mismatches;
  }
  EXPECT_EQ(mismatches, 0u);
}

std::string NameOf(const testing::TestParamInfo<OverlapPolicy>& instance) {
  constexpr const char* kNames[] = {"First", "Last",    "Linux",
                                    "Bsd",   "Windows", "Solaris"};
  return kNames[static_cast<size_t>(instance.param)];
}

INSTANTIATE_TEST_SUITE_P(
    All, HostPolicy,
    testing::Values(OverlapPolicy::kFirst, OverlapPolicy::kLast,
                    OverlapPolicy::kLinux, OverlapPolicy::kBsd,
                    OverlapPolicy::kWindows, OverlapPolicy::kSolaris),
    NameOf);

}  // namespace
}  // namespace mosaic::conformance
