// Group W: windows, acknowledgements, timestamps.

#include "gtest/gtest.h"
#include "tests/conformance/catalogue/groups.h"
#include "tests/conformance/catalogue/options.h"

namespace mosaic::conformance {
namespace {

using tcp_flag::kPsh;
using tcp_flag::kRst;

constexpr int64_t kMebibyte = 1 << 20;

std::vector<Case> Windows() {
  return {
      {.id = "W-01",
       .name = "a segment beyond the window",
       .script = {A().Data(64'240, "EVIL"), A().Data(0, "on"), B().AckOff(2),
                  A().Data(2, "ward")},
       .expect = {.from_a = "onward",
                  .counts = {{"seg_oow", 1}, {"error.out_of_window", 1}}}},
      {.id = "W-02",
       .name = "a segment across the window's edge",
       .script = {A().Data(0, "abcdEFGH"), B().AckOff(4), A().Data(4, "efgh")},
       .expect = {.from_a = "abcdefgh",
                  .counts = {{"seg_oow", 1}, {"error.out_of_window", 1}}},
       .syn_window = {64'240, 4}},
      {.id = "W-02b",
       .name = "a segment across the window's edge that the peer took",
       .script = {A().Data(0, "abcdEFGH"), B().AckOff(8), A().Data(8, "ij")},
       .expect = {.from_a = "abcdEFGHij", .counts = {{"seg_oow", 1}}},
       .syn_window = {64'240, 4}},
      {.id = "W-03",
       .name = "repeated bytes, the same",
       .script = {A().Data(0, "GOOD"), A().Data(0, "GOOD"), A().Data(4, "on")},
       .expect = {.from_a = "GOODon", .counts = {{"retransmitted", 1}}}},
      {.id = "W-03b",
       .name = "repeated bytes, others",
       .script = {A().Data(0, "GOOD"), A().Data(0, "EVIL"), A().Data(4, "on")},
       .expect = {.from_a = "GOODon",
                  .counts = {{"retransmitted", 1}, {"conflict", 4}}}},
      {.id = "W-04",
       .name = "a window probe that is refused",
       .script = {A().Data(0, "abc"), B().AckOff(3).Window(0), A().Data(3, "d"),
                  B().AckOff(3).Window(0), B().AckOff(3), A().Data(3, "def")},
       .expect = {.from_a = "abcdef",
                  .counts = {{"zero_window_probe", 1}, {"retransmitted", 0}}},
       .syn_window = {64'240, 3}},
      {.id = "W-05",
       .name = "a window probe that is accepted",
       .script = {A().Data(0, "abc"), B().AckOff(3).Window(0), A().Data(3, "d"),
                  B().AckOff(4).Window(0), B().AckOff(4), A().Data(4, "ef")},
       .expect = {.from_a = "abcdef",
                  .counts = {{"zero_window_probe", 1}, {"retransmitted", 0}}},
       .syn_window = {64'240, 3}},
      {.id = "W-06",
       .name = "data that was under way when the window shrank",
       .script = {A().Data(0, "abc"), B().AckOff(3).Window(4),
                  A().Data(3, "defghijk"), B().AckOff(11)},
       .expect = {.from_a = "abcdefghijk", .counts = {{"window_recision", 1}}}},
      {.id = "W-07",
       .name = "a segment 900 MiB ahead in a window of a gibibyte",
       .script = {B(), A().Data(900 * kMebibyte, "far"), A().Data(0, "near")},
       .expect = {.from_a = "near", .counts = {{"error.buffer_full", 1}}},
       .syn_options = {WindowScale(14), WindowScale(14)}},
      {.id = "W-08",
       .name = "a window scale that is too large",
       .script = {B().Window(64'240), A().Data(900 * kMebibyte, "far"),
                  A().Data(0, "near")},
       .expect = {.from_a = "near",
                  .counts = {{"wscale_range", 2}, {"error.buffer_full", 1}}},
       .syn_options = {WindowScale(15), WindowScale(255)}},
      {.id = "W-09",
       .name = "a window scale that only one end offers",
       .script = {B(), A().Data(64'240, "EVIL"), A().Data(0, "on")},
       .expect = {.from_a = "on",
                  .counts = {{"seg_oow", 1}, {"error.out_of_window", 1}}},
       .syn_options = {PacketBuilder::Bytes{}, WindowScale(7)}},
      {.id = "W-09b",
       .name = "a window scale in a segment that is no SYN",
       .script = {B().Options(WindowScale(7)), A().Options(WindowScale(7)), B(),
                  A().Data(64'240, "EVIL"), A().Data(0, "on")},
       .expect = {.from_a = "on",
                  .counts = {{"seg_oow", 1}, {"error.out_of_window", 1}}}},
      {.id = "W-10",
       .name = "a keep-alive without data",
       .script = {A().Data(0, "abc"), B().AckOff(3), A().Off(2), B().AckOff(3),
                  A().Data(3, "def")},
       .expect = {.from_a = "abcdef",
                  .counts = {{"keep_alive", 1}, {"retransmitted", 0}}}},
      {.id = "W-11",
       .name = "a keep-alive with a byte of garbage",
       .script = {A().Data(0, "abc"), A().Data(2, "?"), A().Data(3, "def")},
       .expect = {.from_a = "abcdef",
                  .counts = {{"keep_alive", 1},
                             {"retransmitted", 0},
                             {"conflict", 0}}}},
      {.id = "W-24",
       .name = "a segment half of the numbers ahead",
       .script = {A().Data(int64_t{1} << 31, "EVIL"), A().Data(0, "on"),
                  A().Data(2, "ward")},
       .expect = {.from_a = "onward",
                  .counts = {{"seg_oow", 1}, {"error.out_of_window", 1}}}},
      {.id = "W-24peer",
       .name = "such a segment, and its peer's data",
       .script = {A().Data((int64_t{1} << 31) - 2, "EVIL"), B().Data(0, "fine"),
                  A().Data(0, "and on")},
       .expect = {.from_a = "and on",
                  .from_b = "fine",
                  .counts = {{"seg_oow", 1}, {"error.out_of_window", 1}}}},
      {.id = "W-24reset",
       .name = "an acknowledgement out of the window, and a RST there",
       .script = {A().Off(1 << 30), A(tcp_flag::kRst).Off(1 << 30),
                  A().Data(0, "and on")},
       .expect = {.from_a = "and on",
                  .counts = {{"seg_oow", 1}, {"rst_out_of_window", 1}}}},
  };
}

std::vector<Case> Acknowledgements() {
  return {
      {.id = "W-12",
       .name = "an acknowledgement before its data",
       .script = {B().AckOff(6), A().Data(0, "GET /x"), A().Data(6, "y")},
       .expect = {.from_a = "GET /xy", .counts = {{"ack_unseen", 1}}}},
      {.id = "W-13",
       .name = "an acknowledgement of data that never comes",
       .script = {A().Data(0, "AB"), B().AckOff(10),
                  Check([](mosaic::testing::EngineHarness& harness,
                           const Variant&) {
                    EXPECT_EQ(harness.recorded().errors.size(), 0u);
                  }),
                  A().Data(10, "CD"), B().AckOff(12), B().AckOff(12),
                  B().AckOff(12)},
       .expect = {.from_a = "ABCD",
                  .counts = {{"ack_unseen", 1},
                             {"gap", 8},
                             {"error {B} gap 2+8", 1}}}},
      {.id = "W-14",
       .name = "data without an acknowledgement flag, then clean",
       .script = {A(kPsh).Data(0, "EVIL"), A().Data(0, "GOOD"), B().AckOff(4)},
       .expect = {.from_a = "GOOD", .counts = {{"no_ack_flag", 1}}}},
      {.id = "W-14b",
       .name = "data without an acknowledgement flag that the peer took",
       .script = {A(kPsh).Data(0, "ODD"), B(), B().AckOff(3),
                  A().Data(3, "OK")},
       .expect = {.from_a = "ODDOK", .counts = {{"no_ack_flag", 1}}}},
      {.id = "W-15",
       .name = "data that acknowledges what was not sent",
       .script = {A().Data(0, "EVIL").AckOff(5'000), A().Data(0, "GOOD"),
                  B().AckOff(4), A().Data(4, "on")},
       .expect = {.from_a = "GOODon", .counts = {{"ack_invalid", 1}}}},
      {.id = "W-15b",
       .name = "the same before a hole",
       .script = {A().Data(4, "EVIL").AckOff(5'000), A().Data(4, "GOOD"),
                  A().Data(0, "very"), B().AckOff(8)},
       .expect = {.from_a = "veryGOOD", .counts = {{"ack_invalid", 1}}}},
      {.id = "W-16",
       .name = "data that acknowledges what is long past",
       .script = {A().Data(0, "EVIL").AckOff(-70'000), A().Data(0, "GOOD"),
                  B().AckOff(4)},
       .expect = {.from_a = "GOOD", .counts = {{"ack_invalid", 1}}}},
  };
}

PacketBuilder::Bytes At(uint32_t value) { return Timestamps(value, 500); }

std::vector<Case> Timestamped() {
  std::vector<Case> cases = {
      {.id = "W-17",
       .name = "an older timestamp",
       .script = {A().Data(0, "one").Options(At(10'001)),
                  B().AckOff(3).Options(Timestamps(501, 10'001)),
                  A().Data(3, "EVIL").Options(At(9'001)),
                  A().Data(3, "two").Options(At(10'002))},
       .expect = {.from_a = "onetwo",
                  .counts = {{"paws", 1}, {"error.paws", 1}}}},
      {.id = "W-18",
       .name = "an older timestamp after 25 days",
       .script = {A().Data(0, "one").Options(At(10'001)),
                  B().AckOff(3).Options(Timestamps(501, 10'001)),
                  Wait(Duration::Seconds(25 * 86'400)),
                  A().Data(3, "two").Options(At(9'001)),
                  B().AckOff(6).Options(Timestamps(502, 9'001)),
                  A().Data(6, "three").Options(At(9'002))},
       .expect = {.from_a = "onetwothree"}},
      {.id = "W-22",
       .name = "a RST with an older timestamp",
       .script = {A().Data(0, "one").Options(At(10'001)),
                  B().AckOff(3).Options(Timestamps(501, 10'001)),
                  A(kRst).Off(3).Options(At(9'001))},
       .expect = {.from_a = "one", .ends = {{EndReason::kReset}}}},
      {.id = "W-20",
       .name = "a segment without the timestamp that was agreed on",
       .script = {A().Data(0, "one").Options(At(10'001)), A().Data(3, "two")},
       .expect = {.from_a = "onetwo", .counts = {{"ts_missing", 1}}}},
  };
  for (Case& c : cases) {
    c.syn_options = {Timestamps(10'000, 0), Timestamps(500, 0)};
    c.ack_options = Timestamps(10'000, 500);
    // The client is B where roles are swapped, and its third packet is stamped
    // with B's clock.
    c.swap = false;
  }
  return cases;
}

std::vector<Case> MoreTimestamps() {
  return {
      {.id = "W-19",
       .name = "a timestamp that wraps",
       .script = {A().Data(0, "one").Options(Timestamps(0xffff'ffff, 500)),
                  B().AckOff(3).Options(Timestamps(501, 0xffff'ffff)),
                  A().Data(3, "two").Options(Timestamps(5, 501)),
                  B().AckOff(6).Options(Timestamps(502, 5)),
                  A().Data(6, "three").Options(Timestamps(6, 502))},
       .expect = {.from_a = "onetwothree"},
       .syn_options = {Timestamps(0xffff'fffe, 0), Timestamps(500, 0)},
       .ack_options = Timestamps(0xffff'fffe, 500),
       .swap = false},
      {.id = "W-21",
       .name = "timestamp 0 in the SYN",
       .script = {A().Data(0, "one").Options(Timestamps(0xc000'0000, 500)),
                  B().AckOff(3).Options(Timestamps(501, 0xc000'0000)),
                  A().Data(3, "two").Options(Timestamps(0xc000'0001, 501))},
       .expect = {.from_a = "onetwo"},
       .syn_options = {Timestamps(0, 0), Timestamps(500, 0)},
       .ack_options = Timestamps(0, 500),
       .swap = false},
      {.id = "W-23",
       .name = "SACK options that cannot be",
       .script = {A().Data(0, "a").Options({5, 2, 1, 1}),
                  A().Data(1, "b").Options({5, 9, 1, 2, 3, 4, 5, 6, 7}),
                  // Its end lies before its begin.
                  A().Data(2, "c").Options({5, 10, 0, 0, 0, 9, 0, 0, 0, 1}),
                  // 40 blocks, of which the header has room for three.
                  A().Data(3, "d").Options(
                      {5, 66, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3}),
                  A().Data(4, "e")},
       .expect = {.from_a = "abcde", .counts = {{"bad_opt", 4}}}},
  };
}

}  // namespace

std::vector<Case> GroupW() {
  std::vector<Case> cases;
  for (const auto& part :
       {Windows(), Acknowledgements(), Timestamped(), MoreTimestamps()}) {
    cases.insert(cases.end(), part.begin(), part.end());
  }
  return cases;
}

}  // namespace mosaic::conformance
