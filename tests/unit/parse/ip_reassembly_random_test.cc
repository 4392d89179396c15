// Random fragments against naive models.

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/parse/reassembler.h"

namespace mosaic {
namespace {

using Bytes = PacketBuilder::Bytes;
using Result = FragmentResult;

// Parts of several datagrams at random, with duplicates, against the datagrams
// themselves.
TEST(IpReassemblyRandomTest, RandomOrdersMakeTheDatagrams) {
  std::mt19937 random(11);
  for (int round = 0; round < 500; ++round) {
    Reassembler r;
    struct Arrival {
      uint32_t id;
      PacketBuilder frame;
    };
    std::vector<Arrival> arrivals;
    std::vector<Bytes> contents;
    const uint32_t datagrams = 1 + random() % 4;
    for (uint32_t id = 0; id < datagrams; ++id) {
      Bytes payload(80 + random() % 4000);
      for (uint8_t& byte : payload) byte = static_cast<uint8_t>(random());
      const PacketBuilder whole =
          Whole(random() % 2 == 0 ? 4 : 6).Payload(payload);
      contents.push_back(DatagramContent(whole));
      std::vector<uint16_t> cuts;
      for (size_t at = 24 + 8 * (random() % 8); at < contents[id].size();
           at += 8 + 8 * (random() % 64)) {
        cuts.push_back(static_cast<uint16_t>(at));
      }
      for (PacketBuilder& part : Fragments(whole, id, cuts)) {
        arrivals.push_back({id, std::move(part)});
      }
    }
    std::ranges::shuffle(arrivals, random);
    uint32_t completed = 0;
    for (const Arrival& arrival : arrivals) {
      const Result result = r.Add(arrival.frame);
      if (result == Result::kCompleted) {
        ASSERT_EQ(r.content(), contents[arrival.id]) << round;
        ++completed;
      } else {
        ASSERT_EQ(result, Result::kHeld);
        if (random() % 4 == 0) {
          ASSERT_EQ(r.Add(arrival.frame), Result::kDuplicate);
        }
      }
    }
    ASSERT_EQ(completed, datagrams) << round;
    ASSERT_EQ(r.chunks_in_use(), 0u);
  }
}

// Overlapping parts at random against a map of bytes.
TEST(IpReassemblyRandomTest, RandomOverlapsFollowThePolicy) {
  std::mt19937 random(12);
  const PacketBuilder whole = PacketBuilder().NoTransport();
  int completed = 0;
  for (int round = 0; round < 5'000; ++round) {
    const bool last_wins = random() % 2 == 0;
    Reassembler r(
        With(last_wins ? OverlapPolicy::kLast : OverlapPolicy::kFirst));
    constexpr size_t kUnits = 6;
    Bytes model(8 * kUnits, 0);
    bool end_known = false;
    for (char mark = 'a'; mark < 'p'; ++mark) {
      const size_t from = random() % kUnits;
      const size_t to = from + 1 + random() % (kUnits - from);
      const bool ends = to == kUnits;
      if (from == 0 && ends) continue;  // That is no fragment.
      end_known |= ends;
      for (size_t i = 8 * from; i < 8 * to; ++i) {
        if (last_wins || model[i] == 0) model[i] = static_cast<uint8_t>(mark);
      }
      const Result result =
          r.Add(Fragment(whole, 7, static_cast<uint16_t>(8 * from),
                         Filled(8 * (to - from), mark), !ends));
      const bool complete =
          end_known && std::ranges::count(model, uint8_t{0}) == 0;
      ASSERT_EQ(result, complete ? Result::kCompleted : Result::kHeld) << round;
      if (complete) {
        ASSERT_EQ(r.content(), model) << round;
        ++completed;
        break;
      }
    }
  }
  EXPECT_GT(completed, 1'000);
}

}  // namespace
}  // namespace mosaic
