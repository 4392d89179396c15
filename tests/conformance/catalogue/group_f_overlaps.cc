// Group F: fragments that overlap, refused and under each policy.

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/conformance/catalogue/fragment_steps.h"

namespace mosaic::conformance {
namespace {

// What a policy decides when a fragment comes that overlaps one that is held,
// as the catalogue's table says.
enum class Relation : uint8_t {
  kBefore,       // Starts before, ends inside.
  kBeforeCover,  // Starts before, ends at the other's end or after it.
  kLonger,       // The same start, longer.
  kSame,
  kShorter,
  kInside,  // Starts after, ends inside or at the end.
  kAfter,   // Starts after, ends after.
};

bool NewWins(OverlapPolicy policy, Relation relation) {
  constexpr int kRelations = 7;
  constexpr std::array<std::pair<OverlapPolicy, std::array<bool, kRelations>>,
                       6>
      kTable = {{
          {OverlapPolicy::kFirst, {0, 0, 0, 0, 0, 0, 0}},
          {OverlapPolicy::kLast, {1, 1, 1, 1, 1, 1, 1}},
          {OverlapPolicy::kBsd, {1, 1, 0, 0, 0, 0, 0}},
          {OverlapPolicy::kWindows, {1, 1, 0, 0, 0, 0, 0}},
          {OverlapPolicy::kLinux, {1, 1, 1, 0, 0, 0, 0}},
          {OverlapPolicy::kSolaris, {0, 1, 1, 0, 0, 0, 1}},
      }};
  for (const auto& [row, wins] : kTable) {
    if (row == policy) return wins[static_cast<size_t>(relation)];
  }
  ADD_FAILURE() << "no such policy in the table";
  return false;
}

// Units of eight bytes behind the datagram's first 24.
struct Overlap {
  Relation relation;
  uint32_t first, last;  // Of the newcomer; those held are 2 to 4.
};
constexpr uint32_t kUnits = 7;
constexpr uint32_t kHeldFirst = 2;
constexpr uint32_t kHeldLast = 4;

constexpr Overlap kOverlaps[] = {
    {Relation::kBefore, 1, 3},      {Relation::kBeforeCover, 1, 4},
    {Relation::kBeforeCover, 1, 5}, {Relation::kLonger, 2, 5},
    {Relation::kSame, 2, 4},        {Relation::kShorter, 2, 3},
    {Relation::kInside, 3, 3},      {Relation::kInside, 3, 4},
    {Relation::kAfter, 3, 5},
};

// The first 24 bytes, E, then n over it, then whatever is missing as f. What is
// made of it has a good checksum only if it is exactly what the table says.
Case PolicyCase(OverlapPolicy policy, const Overlap& overlap, std::string id) {
  constexpr uint32_t kHead = 24;
  std::string units(kUnits, 'f');
  for (uint32_t i = kHeldFirst; i <= kHeldLast; ++i) units[i] = 'E';
  for (uint32_t i = overlap.first; i <= overlap.last; ++i) {
    if (units[i] == 'f' || NewWins(policy, overlap.relation)) units[i] = 'n';
  }
  std::string text = "head";
  for (const char unit : units) text += std::string(8, unit);

  const auto part = [](uint32_t first, uint32_t last, char filled) {
    return Part{kHead + 8 * first, kHead + 8 * (last + 1), last + 1 != kUnits,
                filled};
  };
  std::vector<Part> parts = {{0, kHead, true},
                             part(kHeldFirst, kHeldLast, 'E'),
                             part(overlap.first, overlap.last, 'n')};
  for (uint32_t i = 0; i < kUnits; ++i) {
    if (units[i] == 'f') parts.push_back(part(i, i, 'f'));
  }
  const uint64_t held = parts.size() - 1;
  return OnIpv4(UnderPolicy(
      policy,
      Fragmented(std::move(id), "an overlap under a policy",
                 {SendParts(A().Data(0, text), 7, parts)}, text,
                 {{"held", held}, {"completed", 1}, {"reassembled", 1}})));
}

}  // namespace

// F-05 and F-06.
void AddFragmentOverlaps(std::vector<Case>& cases) {
  const auto parts = PartsOf(kLength, {24, 32});
  // Bytes that differ, and the same bytes once more with others behind them:
  // neither policy of streams is one of fragments.
  for (const char filled : {'n', '\0'}) {
    cases.push_back(Fragmented(
        filled != 0 ? "F-05" : "F-06",
        filled != 0 ? "an overlap with conflict drops the datagram"
                    : "an overlap without conflict does too",
        {SendParts(A().Data(0, kText), 7,
                   {parts[0], {16, 40, true, filled}, parts[1], parts[2]}),
         NothingDelivered(), InFragments(A().Data(0, kText), 8, {24})},
        kText,
        {{"held", 2},
         {"overlap", 1},
         {"refused_datagram", 2},
         {"refused", 1},
         {"completed", 1},
         {"reassembled", 1}}));
  }
  const std::pair<OverlapPolicy, const char*> kPolicies[] = {
      {OverlapPolicy::kFirst, "F-05first"},
      {OverlapPolicy::kLast, "F-06last"},
      {OverlapPolicy::kLinux, "F-06linux"},
      {OverlapPolicy::kBsd, "F-06bsd"},
      {OverlapPolicy::kWindows, "F-06windows"},
      {OverlapPolicy::kSolaris, "F-06solaris"},
  };
  for (const auto& [policy, id] : kPolicies) {
    for (const Overlap& overlap : kOverlaps) {
      cases.push_back(PolicyCase(policy, overlap,
                                 std::string(id) + ":" +
                                     std::to_string(overlap.first) + "-" +
                                     std::to_string(overlap.last)));
    }
  }
}

}  // namespace mosaic::conformance
