// Group S: connection set-up.

#include "tests/conformance/catalogue/groups.h"
#include "tests/conformance/catalogue/options.h"

namespace mosaic::conformance {
namespace {

using mosaic::testing::EngineSetup;
using tcp_flag::kAck;
using tcp_flag::kCwr;
using tcp_flag::kEce;
using tcp_flag::kFin;
using tcp_flag::kPsh;
using tcp_flag::kRst;
using tcp_flag::kSyn;
using tcp_flag::kUrg;

constexpr uint8_t kSynAck = kSyn | kAck;

// All flags of a byte but those of congestion control.
constexpr uint8_t kAllFlags = kFin | kSyn | kRst | kPsh | kAck | kUrg;

void KeepLastBytes(EngineSetup& setup) {
  for (SidePolicy& side : setup.monitors[0].side) {
    side.retain = Retain::kBytes;
    side.retain_bytes = 64;
  }
}

void WithTimeouts(EngineSetup& setup) {
  setup.pipeline.limits.timeouts.enabled = true;
}

Script ManySyns(size_t count) {
  Script script;
  for (size_t i = 0; i < count; ++i) {
    script.push_back(A(kSyn).Seq(static_cast<uint32_t>(1000 + 17 * i)));
  }
  return script;
}

std::vector<Case> Candidates() {
  return {
      {.id = "S-01",
       .name = "a handshake and a request",
       .opening = Opening::kByScript,
       .script = {A(kSyn), B(kSynAck), A(), A().Data(0, "GET")},
       .expect = {.from_a = "GET",
                  .counts = {{"start snd {A}", 1},
                             {"start rcv {B}", 1},
                             {"state rcv {B} syn_received>established", 1}},
                  .state_a = TcpState::kEstablished,
                  .state_b = TcpState::kEstablished}},
      {.id = "S-02",
       .name = "a SYN three times",
       .opening = Opening::kByScript,
       .script = {A(kSyn), A(kSyn), A(kSyn), B(kSynAck), A(),
                  A().Data(0, "GET")},
       .expect = {.from_a = "GET",
                  .counts = {{"start snd {A}", 1}, {"syn_retrans", 2}}}},
      {.id = "S-03",
       .name = "the answer is to the second SYN",
       .opening = Opening::kByScript,
       .script = {A(kSyn), A(kSyn).Seq(9000), B(kSynAck).Ack(9001),
                  A().Seq(9001), A().Seq(9001).Payload("GET /x"),
                  B().Data(0, "ok").Ack(9007)},
       .expect = {.from_a = "GET /x",
                  .from_b = "ok",
                  .counts = {{"start snd {A}", 1}},
                  .state_a = TcpState::kEstablished,
                  .state_b = TcpState::kEstablished}},
      {.id = "S-04",
       .name = "the answer is to the first of two SYNs",
       .opening = Opening::kByScript,
       .script = {A(kSyn), A(kSyn).Seq(9000), B(kSynAck), A(),
                  A().Data(0, "GET /x"), B().Data(0, "ok").AckOff(6)},
       .expect = {.from_a = "GET /x",
                  .from_b = "ok",
                  .counts = {{"start snd {A}", 1}},
                  .state_a = TcpState::kEstablished,
                  .state_b = TcpState::kEstablished}},
      {.id = "S-05",
       .name = "the client acknowledges the second SYN/ACK",
       .opening = Opening::kByScript,
       .script = {A(kSyn), B(kSynAck), B(kSynAck).Seq(7000), A().Ack(7001),
                  B().Seq(7001).Payload("hello"), A().Data(0, "hi").Ack(7006)},
       .expect = {.from_a = "hi",
                  .from_b = "hello",
                  .state_a = TcpState::kEstablished,
                  .state_b = TcpState::kEstablished}},
      {.id = "S-05b",
       .name = "the client acknowledges the first SYN/ACK",
       .opening = Opening::kByScript,
       .script = {A(kSyn), B(kSynAck), B(kSynAck).Seq(7000), A(),
                  B().Data(0, "hello"), A().Data(0, "hi").AckOff(5)},
       .expect = {.from_a = "hi",
                  .from_b = "hello",
                  .state_a = TcpState::kEstablished,
                  .state_b = TcpState::kEstablished}},
      {.id = "S-06",
       .name = "a stale SYN/ACK before the right one",
       .opening = Opening::kByScript,
       .script = {A(kSyn), B(kSynAck).Seq(77).Ack(643'160'523), B(kSynAck), A(),
                  A().Data(0, "GET")},
       .expect = {.from_a = "GET",
                  .counts = {{"bad_synack_ack", 1}},
                  .state_a = TcpState::kEstablished,
                  .state_b = TcpState::kEstablished}},
      {.id = "S-26",
       .name = "a thousand SYNs of one tuple",
       .opening = Opening::kByScript,
       .script = ManySyns(1000),
       .expect = {.counts = {{"start snd {A}", 1},
                             {"hs_candidates_evicted", 990},
                             {"live", 1}}}},
      {.id = "S-26b",
       .name = "twenty SYN/ACKs with numbers of their own",
       .opening = Opening::kByScript,
       .script =
           [] {
             Script script = {A(kSyn)};
             for (uint32_t i = 0; i < 20; ++i) {
               script.push_back(B(kSynAck).Seq(5000 + 11 * i));
             }
             // The oldest that is still remembered.
             script.push_back(A().Ack(5000 + 11 * 15 + 1));
             script.push_back(B().Seq(5000 + 11 * 15 + 1).Payload("hello"));
             return script;
           }(),
       .expect = {.from_b = "hello",
                  .counts = {{"hs_candidates_evicted", 15}}}},
  };
}

std::vector<Case> FastOpen() {
  return {
      {.id = "S-07",
       .name = "payload of a SYN is not acknowledged and comes again",
       .opening = Opening::kByScript,
       .script = {A(kSyn).Payload("AB"), B(kSynAck), A(), A().Data(0, "AB")},
       .expect = {.from_a = "AB", .counts = {{"syn_data_ignored", 1}}}},
      {.id = "S-08",
       .name = "payload of a Fast Open SYN is acknowledged",
       .opening = Opening::kByScript,
       .script = {A(kSyn).Payload("AB").Options(FastOpenCookie()),
                  B(kSynAck).Ack(1003), A().Off(2), A().Data(2, "CD")},
       .expect = {.from_a = "ABCD", .counts = {{"tfo", 1}}}},
      {.id = "S-09",
       .name = "payload of a Fast Open SYN is refused",
       .opening = Opening::kByScript,
       .script = {A(kSyn).Payload("AB").Options(FastOpenCookie()), B(kSynAck),
                  A().Data(0, "XY")},
       .expect = {.from_a = "XY", .counts = {{"syn_data_ignored", 1}}}},
      // Acknowledged bytes are not kept for comparison under retain: unacked;
      // a receiver would not look at the second copy either. To see the
      // difference all the same takes retain: bytes.
      {.id = "S-10",
       .name = "payload of a SYN that was accepted comes again, changed",
       .opening = Opening::kByScript,
       .script = {A(kSyn).Payload("AB").Options(FastOpenCookie()),
                  B(kSynAck).Ack(1003), A().Data(0, "XY"), A().Data(2, "CD")},
       .expect = {.from_a = "ABCD", .counts = {{"tfo", 1}, {"conflict", 2}}},
       .setup = KeepLastBytes},
      {.id = "S-11",
       .name = "payload of a SYN/ACK is acknowledged",
       .opening = Opening::kByScript,
       .script = {A(kSyn), B(kSynAck).Payload("HI"), A().Ack(5003),
                  B().Data(2, "!")},
       .expect = {.from_b = "HI!"}},
  };
}

std::vector<Case> OddOpenings() {
  return {
      {.id = "S-12",
       .name = "both ends open at once",
       .opening = Opening::kByScript,
       .script = {A(kSyn), B(kSyn), A(kSynAck), B(kSynAck), A().Data(0, "ask"),
                  B().Data(0, "answer")},
       .expect = {.from_a = "ask",
                  .from_b = "answer",
                  .counts = {{"simultaneous_open", 1}},
                  .state_a = TcpState::kEstablished,
                  .state_b = TcpState::kEstablished}},
      {.id = "S-13",
       .name = "split handshake of four packets",
       .opening = Opening::kByScript,
       .script = {A(kSyn), B(kSyn), A(kSynAck), B(), A().Data(0, "ask"),
                  B().Data(0, "answer")},
       .expect = {.from_a = "ask",
                  .from_b = "answer",
                  .counts = {{"simultaneous_open", 1}, {"start snd {A}", 1}},
                  .state_a = TcpState::kEstablished,
                  .state_b = TcpState::kEstablished}},
      {.id = "S-13b",
       .name = "split handshake of five packets",
       .opening = Opening::kByScript,
       .script = {A(kSyn), B().Seq(5000), B(kSyn), A(kSynAck), B(),
                  A().Data(0, "ask"), B().Data(0, "answer")},
       .expect = {.from_a = "ask",
                  .from_b = "answer",
                  .counts = {{"simultaneous_open", 1}, {"start snd {A}", 1}},
                  .state_a = TcpState::kEstablished,
                  .state_b = TcpState::kEstablished}},
      {.id = "S-14",
       .name = "a SYN with a number where no acknowledgement is",
       .opening = Opening::kByScript,
       .script = {A(kSyn).Ack(123'456), B(kSynAck), A(), A().Data(0, "GET")},
       .expect = {.from_a = "GET", .state_b = TcpState::kEstablished}},
      {.id = "S-15",
       .name = "SYN with FIN, then a proper one",
       .opening = Opening::kByScript,
       .script = {A(kSyn | kFin), B(kSynAck), A(kSyn), B(kSynAck), A(),
                  A().Data(0, "GET")},
       .expect = {.from_a = "GET",
                  .counts = {{"flags_syn_fin", 1}, {"orphans", 2}},
                  .state_b = TcpState::kEstablished}},
      {.id = "S-16",
       .name = "flags that no stack sends make no record",
       .opening = Opening::kByScript,
       .script = {A(kSyn | kRst), A(0), A(kFin | kPsh | kUrg), A(kAllFlags)},
       .expect = {.counts = {{"flags_syn_rst", 1},
                             {"flags_null", 1},
                             {"flags_xmas", 1},
                             {"flags_all", 1},
                             {"flows", 0},
                             {"orphans", 4}}}},
      {.id = "S-16b",
       .name = "nor with pickup",
       .opening = Opening::kByScript,
       .script = {A(kSyn | kRst), A(0), A(kFin | kPsh | kUrg), A(kAllFlags)},
       .expect = {.counts = {{"flags_syn_rst", 1},
                             {"flags_null", 1},
                             {"flags_xmas", 1},
                             {"flags_all", 1},
                             {"flows", 0},
                             {"orphans", 4}}},
       .setup =
           [](EngineSetup& setup) {
             setup.monitors[0].midstream = Midstream::kPickup;
           }},
      {.id = "S-17",
       .name = "the third packet is lost",
       .opening = Opening::kByScript,
       .script = {A(kSyn), B(kSynAck), A().Data(0, "GET"), A().Data(3, " /")},
       .expect = {.from_a = "GET /",
                  .state_a = TcpState::kEstablished,
                  .state_b = TcpState::kEstablished}},
      {.id = "S-18",
       .name = "the third packet acknowledges something else",
       .opening = Opening::kByScript,
       .script = {A(kSyn), B(kSynAck), A().Ack(9999),
                  States(TcpState::kEstablished, TcpState::kSynReceived), A(),
                  A().Data(0, "GET")},
       .expect = {.from_a = "GET",
                  .counts = {{"hs_wrong_ack", 1}},
                  .state_a = TcpState::kEstablished,
                  .state_b = TcpState::kEstablished}},
      {.id = "S-25",
       .name = "a SYN that offers explicit congestion notification",
       .opening = Opening::kByScript,
       .script = {A(kSyn | kEce | kCwr), B(kSynAck | kEce), A(),
                  A().Data(0, "GET")},
       .expect = {.from_a = "GET",
                  .counts = {{"mosaic_parse_anomalies_total:tcp_reserved_bits",
                              0}}}},
      {.id = "S-25b",
       .name = "a SYN that offers accurate notification",
       .opening = Opening::kByScript,
       .script =
           {A(kSyn | kEce | kCwr).With([](PacketBuilder& p, const Variant&) {
              p.TcpReservedBits(1);
            }),
            B(kSynAck | kCwr), A(), A().Data(0, "GET")},
       .expect = {.from_a = "GET",
                  .counts = {{"mosaic_parse_anomalies_total:tcp_reserved_bits",
                              0}}}},
  };
}

std::vector<Case> Refusals() {
  return {
      {.id = "S-19",
       .name = "a RST answers the SYN",
       .opening = Opening::kByScript,
       .script = {A(kSyn), B(kRst | kAck).Seq(0), Wait(Duration::Seconds(6)),
                  A(kSyn).Seq(900'000)},
       .expect = {.counts = {{"flows", 2}, {"live", 1}},
                  .ends = {{EndReason::kRefused, EndReason::kShutdown}}},
       .setup = WithTimeouts},
      {.id = "S-20",
       .name = "a RST that acknowledges something else",
       .opening = Opening::kByScript,
       .script = {A(kSyn), B(kRst | kAck).Seq(0).Ack(777), B(kSynAck), A(),
                  A().Data(0, "GET")},
       .expect = {.from_a = "GET",
                  .counts = {{"rst_out_of_window", 1}},
                  .state_b = TcpState::kEstablished}},
      {.id = "S-21",
       .name = "a RST that echoes a timestamp never sent",
       .opening = Opening::kByScript,
       .script = {A(kSyn).Options(Timestamps(70'000, 0)),
                  B(kRst | kAck).Seq(0).Options(Timestamps(1, 12'345)),
                  B(kSynAck).Options(Timestamps(900, 70'000)),
                  A().Options(Timestamps(70'001, 900)),
                  A().Data(0, "GET").Options(Timestamps(70'001, 900))},
       .expect = {.from_a = "GET",
                  .counts = {{"rst_bad_echo", 1}},
                  .state_b = TcpState::kEstablished}},
      {.id = "S-22",
       .name = "a SYN inside an open connection",
       .script = {A().Data(0, "one"), A(kSyn).Seq(1010), B().AckOff(3),
                  A().Data(3, "two")},
       .expect = {.from_a = "onetwo",
                  .counts = {{"syn_ignored", 1}},
                  .state_a = TcpState::kEstablished,
                  .state_b = TcpState::kEstablished}},
      {.id = "S-23",
       .name = "the challenge is answered by a RST",
       .script = {A().Data(0, "one"), B().AckOff(3), A(kSyn).Seq(1010),
                  B().AckOff(3), A(kRst).Off(3)},
       .expect = {.from_a = "one",
                  .counts = {{"syn_ignored", 1}},
                  .ends = {{EndReason::kReset}}}},
      {.id = "S-24",
       .name = "an older incarnation answers, is reset, and gives way",
       .script = {A(kSyn).Seq(700'000), B(), A(kRst), A(kSyn).Seq(700'000),
                  B(kSynAck).Seq(60'000).Ack(700'001),
                  A().Seq(700'001).Ack(60'001),
                  A().Seq(700'001).Ack(60'001).Payload("new")},
       .expect = {.from_a = "new",
                  .counts = {{"syn_ignored", 1}, {"flows", 2}},
                  .ends = {{EndReason::kReset, EndReason::kShutdown}}},
       // The second connection is A's: so must the first be.
       .swap = false},
  };
}

}  // namespace

std::vector<Case> GroupS() {
  std::vector<Case> cases;
  for (const auto& part :
       {Candidates(), FastOpen(), OddOpenings(), Refusals()}) {
    cases.insert(cases.end(), part.begin(), part.end());
  }
  return cases;
}

}  // namespace mosaic::conformance
