// Group O: how two segments overlap. The table is shared with the tests of the
// buffer and of the engine.

#include "tests/conformance/catalogue/groups.h"
#include "tests/support/overlap_cases.h"

namespace mosaic::conformance {
namespace {

Expect Delivered(std::string_view stream, uint32_t conflicting,
                 uint64_t pending) {
  Expect expect;
  expect.from_a = std::string(stream);
  expect.counts = {{"conflict", conflicting}, {"pending", pending}};
  return expect;
}

}  // namespace

std::vector<Case> GroupO() {
  std::vector<Case> cases;
  for (const mosaic::testing::OverlapCase& row : mosaic::testing::GroupO()) {
    Case c;
    c.id = "O-" + std::string(row.id.substr(1, 2));
    c.name = std::string(row.id.substr(4));
    for (const mosaic::testing::Arrival& arrival : row.arrivals) {
      c.script.push_back(
          A().Data(static_cast<int64_t>(arrival.offset), arrival.text));
    }
    c.expect = Delivered(row.first, row.conflicting_first, row.pending);
    c.last = Delivered(row.last, row.conflicting_last, row.pending);
    // The bytes that most cases overlap at straddle the wrap.
    c.wrap_at = {5, 2};
    cases.push_back(c);
  }
  return cases;
}

}  // namespace mosaic::conformance
