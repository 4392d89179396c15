// Group R: teardown and re-use of a tuple.

#include "tests/conformance/catalogue/groups.h"
#include "tests/conformance/catalogue/options.h"

namespace mosaic::conformance {
namespace {

using mosaic::testing::EngineSetup;
using tcp_flag::kAck;
using tcp_flag::kFin;
using tcp_flag::kRst;
using tcp_flag::kSyn;

constexpr uint8_t kFinAck = kFin | kAck;
constexpr uint8_t kRstAck = kRst | kAck;

void Pickup(EngineSetup& setup) {
  setup.monitors[0].midstream = Midstream::kPickup;
}

// A asked, B answered; B closes first and so is who waits.
Script ClosedByB(Script more) {
  Script script = {A().Data(0, "old"),          B().AckOff(3),
                   B(kFinAck).AckOff(3),        A().Off(3).AckOff(1),
                   A(kFinAck).Off(3).AckOff(1), B().Off(1).AckOff(4)};
  script.insert(script.end(), more.begin(), more.end());
  return script;
}

std::vector<Case> Fins() {
  const std::string mebibyte(1u << 20, 'x');
  return {
      {.id = "R-01",
       .name = "both ends close in turn",
       .script = {A(kFinAck), B().AckOff(1), B(kFinAck).AckOff(1),
                  A().Off(1).AckOff(1)},
       .expect = {.counts = {{"end snd {A}", 1}, {"end rcv {A}", 1}},
                  .ends = {{EndReason::kFin}}}},
      {.id = "R-02",
       .name = "both ends close at once",
       .script = {A(kFinAck), B(kFinAck), A().Off(1).AckOff(1),
                  B().Off(1).AckOff(1)},
       .expect = {.counts = {{"end snd {A}", 1}},
                  .order = {"state rcv {A} fin_wait_1>closing",
                            "state rcv {A} closing>time_wait"},
                  .state_a = TcpState::kTimeWait,
                  .ends = {{EndReason::kFin}}}},
      {.id = "R-03",
       .name = "a mebibyte after the peer's FIN",
       .script =
           [&] {
             Script script = {A(kFinAck), B().AckOff(1)};
             for (uint32_t at = 0; at < mebibyte.size(); at += 1024) {
               script.push_back(
                   B().Data(at, mebibyte.substr(at, 1024)).AckOff(1));
               if (at % 16'384 == 0) script.push_back(A().Off(1).AckOff(at));
             }
             script.push_back(B(kFinAck)
                                  .Off(static_cast<int64_t>(mebibyte.size()))
                                  .AckOff(1));
             script.push_back(
                 A().Off(1).AckOff(static_cast<int64_t>(mebibyte.size()) + 1));
             return script;
           }(),
       .expect = {.from_b = mebibyte, .ends = {{EndReason::kFin}}},
       // Windows are not the matter here.
       .syn_options = {WindowScale(7), WindowScale(7)}},
      {.id = "R-04",
       .name = "a FIN carries data",
       .script = {A(kFinAck).Payload("BYE"), B().AckOff(4),
                  B(kFinAck).AckOff(4), A().Off(4).AckOff(1)},
       .expect = {.from_a = "BYE",
                  .order = {"data {B} 0 BYE",
                            "state rcv {B} established>close_wait", "end snd"},
                  .ends = {{EndReason::kFin}}}},
      {.id = "R-05",
       .name = "a FIN before its data",
       .script = {A(kFinAck).Off(8), A().Data(0, "12345678")},
       .expect = {.from_a = "12345678",
                  .order = {"data {B} 0 12345678",
                            "state rcv {B} established>close_wait", "end snd"},
                  .state_b = TcpState::kCloseWait}},
      {.id = "R-06",
       .name = "a FIN again, and once with other data",
       .script = {A(kFinAck).Payload("BYE"), A(kFinAck).Payload("BYE"),
                  A(kFinAck).Payload("EYB"), A(kFinAck).Payload("BYE"),
                  B().AckOff(4), B(kFinAck).AckOff(4), A().Off(4).AckOff(1)},
       .expect = {.from_a = "BYE",
                  .counts = {{"conflict", 2}, {"end snd {A}", 1}},
                  .ends = {{EndReason::kFin}}}},
      {.id = "R-07",
       .name = "a forged FIN before the data of its number",
       .script = {A(kFinAck), A().Data(0, "EVIL!"), B().AckOff(5),
                  States(TcpState::kEstablished, TcpState::kEstablished),
                  A().Data(5, "more"), A(kFinAck).Off(9), B().AckOff(10),
                  B(kFinAck).AckOff(10), A().Off(10).AckOff(1)},
       .expect = {.from_a = "EVIL!more",
                  .counts = {{"fin_data_overlap", 1}},
                  .ends = {{EndReason::kFin}}}},
      {.id = "R-07b",
       .name = "data behind a FIN that was acknowledged",
       .script = {A().Data(0, "all"), A(kFinAck).Off(3), B().AckOff(4),
                  A().Data(3, "EVIL")},
       .expect = {.from_a = "all",
                  .counts = {{"fin_data_overlap", 1},
                             {"error.fin_data_overlap", 1}},
                  .state_a = TcpState::kFinWait2}},
      {.id = "R-08",
       .name = "a FIN beyond the window",
       .script = {A(kFinAck).Off(100'000), A().Data(0, "on"), B().AckOff(2),
                  A(kFinAck).Off(2), B().AckOff(3)},
       .expect = {.from_a = "on",
                  .counts = {{"fin_oow", 1}},
                  .state_a = TcpState::kFinWait2,
                  .state_b = TcpState::kCloseWait}},
  };
}

std::vector<Case> Resets() {
  return {
      {.id = "R-09",
       .name = "a RST with the next number",
       .script = {A().Data(0, "abc"), A(kRst).Off(3)},
       .expect = {.from_a = "abc", .ends = {{EndReason::kReset}}}},
      {.id = "R-10",
       .name = "a RST inside the window of an open connection",
       .script = {A().Data(0, "abc"), A(kRst).Off(10), A().Data(3, "def")},
       .expect = {.from_a = "abcdef",
                  .counts = {{"rst_inexact", 1}},
                  .state_a = TcpState::kEstablished,
                  .state_b = TcpState::kEstablished}},
      {.id = "R-10b",
       .name = "a RST inside the window after a FIN",
       .script = {A().Data(0, "abc"), B().AckOff(3), A(kFinAck).Off(3),
                  A(kRst).Off(10)},
       .expect = {.from_a = "abc", .ends = {{EndReason::kReset}}}},
      {.id = "R-11",
       .name = "RSTs far outside the window",
       .script = {A().Data(0, "abc"), A(kRst).Off(3 + (1 << 30)),
                  A(kRst).Off(3 - (1 << 30)), A().Data(3, "def")},
       .expect = {.from_a = "abcdef",
                  .counts = {{"rst_out_of_window", 2}},
                  .state_b = TcpState::kEstablished}},
      {.id = "R-12",
       .name = "a RST with a wrong checksum",
       .script = {A().Data(0, "abc"), A(kRst).Off(3).BadChecksum(),
                  A().Data(3, "def")},
       .expect = {.from_a = "abcdef",
                  .counts = {{"bad_checksum", 1}},
                  .state_b = TcpState::kEstablished}},
      {.id = "R-13",
       .name = "a signed RST where nobody signs",
       .script = {A().Data(0, "abc"), A(kRst).Off(3).Options(Md5Signature()),
                  A().Data(3, "def")},
       .expect = {.from_a = "abcdef",
                  .counts = {{"md5_unexpected", 1}},
                  .state_b = TcpState::kEstablished}},
      {.id = "R-14",
       .name = "a RST with number 0 before the third packet",
       .opening = Opening::kByScript,
       .script = {A(kSyn), B(kSyn | kAck),
                  // 0 on the wire, wherever the initial number is.
                  A(kRst).With(
                      [](PacketBuilder& p, const Variant&) { p.Seq(0); }),
                  A(), A().Data(0, "on")},
       .expect = {.from_a = "on",
                  .counts = {{"rst_out_of_window", 1}},
                  .state_b = TcpState::kEstablished},
       // Number 0 is not that of the next byte, but one below it.
       .wrap_at = {200'000, 2}},
      {.id = "R-15",
       .name = "a RST with payload",
       .script = {A().Data(0, "abc"),
                  A(kRst).Data(3, "reset by the administrator......")},
       .expect = {.from_a = "abc",
                  .counts = {{"rst_with_data", 1}},
                  .ends = {{EndReason::kReset}}}},
      {.id = "R-16",
       .name = "three segments that nobody acknowledged, then a RST",
       .script = {A().Data(0, "aa"), A().Data(2, "bb"), A().Data(4, "cc"),
                  A(kRst).Off(6)},
       .expect = {.from_a = "aabbcc",
                  .counts = {{"error.gap", 0}},
                  .order = {"data {B} 4 cc", "end snd"},
                  .ends = {{EndReason::kReset}}}},
      {.id = "R-17",
       .name = "both ends go on after a RST",
       .script = {A().Data(0, "ask"), B().AckOff(3), B(kRst).AckOff(3),
                  B().Data(0, "answer").AckOff(3),
                  A().Data(3, "more").AckOff(6),
                  States(TcpState::kEstablished, TcpState::kEstablished),
                  Wait(Duration::Seconds(30)), B().Off(6).AckOff(7),
                  A().Data(7, ".").AckOff(6)},
       .expect = {.from_a = "askmore.",
                  .from_b = "answer",
                  .counts = {{"data_after_rst", 1}},
                  .ends = {{EndReason::kShutdown}}},
       .setup =
           [](EngineSetup& setup) {
             setup.pipeline.limits.timeouts.enabled = true;
           }},
      {.id = "R-23",
       .name = "two thousand RSTs and FINs",
       .script =
           [] {
             Script script = {A().Data(0, "abc")};
             for (int i = 0; i < 1000; ++i) {
               script.push_back(A(kRst).Off(3));
               script.push_back(A(kFinAck).Off(3));
             }
             return script;
           }(),
       .expect = {.from_a = "abc",
                  .counts = {{"rst_fin_storm", 1}, {"data_after_rst", 0}},
                  .ends = {{EndReason::kReset}}}},
  };
}

std::vector<Case> Reuse() {
  return {
      {.id = "R-18",
       .name = "a SYN with a higher number while the peer waits",
       .script = ClosedByB({A(kSyn).Seq(900'000),
                            B(kSyn | kAck).Seq(70'000).Ack(900'001),
                            A().Seq(900'001).Ack(70'001).Payload("new")}),
       .expect = {.from_a = "oldnew",
                  .counts = {{"flows", 2},
                             {"data server 0 old", 1},
                             {"data server 0 new", 1}},
                  .ends = {{EndReason::kFin, EndReason::kShutdown}}},
       // A opens the second connection, so A is the client of both.
       .swap = false},
      {.id = "R-19",
       .name = "a SYN with a lower number and a newer timestamp",
       .script =
           {A().Data(0, "old").Options(Timestamps(50, 70)),
            B().AckOff(3).Options(Timestamps(71, 50)),
            B(kFinAck).AckOff(3).Options(Timestamps(72, 50)),
            A(kFinAck).Off(3).AckOff(1).Options(Timestamps(55, 72)),
            B().Off(1).AckOff(4).Options(Timestamps(73, 55)),
            A(kSyn).Seq(500).Options(Timestamps(60, 0)),
            B(kSyn | kAck).Seq(70'000).Ack(501).Options(Timestamps(74, 60)),
            A().Seq(501).Ack(70'001).Payload("new").Options(
                Timestamps(61, 74))},
       .expect = {.from_a = "oldnew",
                  .counts = {{"flows", 2}},
                  .ends = {{EndReason::kFin, EndReason::kShutdown}}},
       .syn_options = {Timestamps(40, 0), Timestamps(70, 40)},
       .ack_options = Timestamps(41, 70),
       .swap = false},
      {.id = "R-20",
       .name = "a SYN with a lower number and no timestamp",
       .script = ClosedByB({A(kSyn).Seq(500)}),
       .expect = {.from_a = "old",
                  .counts = {{"flows", 1}, {"syn_old", 1}},
                  .ends = {{EndReason::kFin}}}},
      {.id = "R-21",
       .name = "a late segment of a closed connection",
       .script = ClosedByB({A().Data(0, "old").AckOff(1)}),
       .expect = {.from_a = "old",
                  .counts = {{"late_after_close", 1}, {"flows", 1}},
                  .ends = {{EndReason::kFin}}}},
      {.id = "R-21b",
       .name = "a late segment of a closed connection, with pickup",
       .script = ClosedByB({A().Data(0, "old").AckOff(1)}),
       .expect = {.from_a = "old",
                  .counts = {{"late_after_close", 1}, {"flows", 1}},
                  .ends = {{EndReason::kFin}}},
       .setup = Pickup},
      {.id = "R-22",
       .name = "a RST while the peer waits",
       .script =
           ClosedByB({A(kRst).Off(4).AckOff(1), Wait(Duration::Millis(4'900)),
                      A().Data(0, "old").AckOff(1)}),
       .expect = {.from_a = "old",
                  .counts = {{"live", 1}, {"late_after_close", 1}},
                  .ends = {{EndReason::kFin}}},
       .setup =
           [](EngineSetup& setup) {
             setup.pipeline.limits.timeouts.enabled = true;
           }},
      {.id = "R-22b",
       .name = "a RST of the end that waits",
       .script = ClosedByB({B(kRstAck).Off(1).AckOff(4)}),
       .expect = {.from_a = "old", .ends = {{EndReason::kFin}}}},
  };
}

}  // namespace

std::vector<Case> GroupR() {
  std::vector<Case> cases;
  for (const auto& part : {Fins(), Resets(), Reuse()}) {
    cases.insert(cases.end(), part.begin(), part.end());
  }
  return cases;
}

}  // namespace mosaic::conformance
