// Group G: connections met in their middle, seen in one direction, or in one
// burst; and time that jumps.

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/conformance/catalogue/fragment_steps.h"
#include "tests/conformance/catalogue/runner.h"
#include "tests/support/packet_store.h"

namespace mosaic::conformance {
namespace {

using mosaic::testing::EngineHarness;
using mosaic::testing::EngineSetup;

constexpr uint8_t kSynAck = tcp_flag::kSyn | tcp_flag::kAck;
constexpr uint8_t kFinAck = tcp_flag::kFin | tcp_flag::kAck;

void PickUp(EngineSetup& setup) {
  setup.monitors[0].midstream = Midstream::kPickup;
}

void Expire(EngineSetup& setup) {
  setup.pipeline.limits.timeouts.enabled = true;
}

Case Scripted(std::string id, std::string name, Script script,
              std::string from_a, std::string from_b = "",
              std::function<void(EngineSetup&)> setup = PickUp) {
  Case c;
  c.id = std::move(id);
  c.name = std::move(name);
  c.opening = Opening::kByScript;
  c.script = std::move(script);
  c.expect.from_a = std::move(from_a);
  c.expect.from_b = std::move(from_b);
  c.setup = std::move(setup);
  return c;
}

// G-09 to G-13.
void AddMiddles(std::vector<Case>& cases) {
  cases.push_back(Scripted(
      "G-09", "data first, picked up",
      {A().Data(1234, "first,"), B().Data(99, "back"), A().Data(1240, kOn),
       Check([](EngineHarness& harness, const Variant& variant) {
         EXPECT_EQ(harness.flow().origin, FlowOrigin::kMidstream);
         EXPECT_EQ(harness.recorded()
                       .data_offsets[Index(variant.SideOf(Role::kB))][0],
                   0u);
       })},
      "first," + kOn, "back"));
  Case orphans = Scripted("G-09off", "data first, not picked up",
                          {A().Data(0, "x"), B(kSynAck), A(tcp_flag::kSyn),
                           B(kSynAck), A(), A().Data(0, kOn)},
                          kOn, "", {});
  orphans.expect.counts = {{"orphans", 2}, {"orphan", 2}};
  cases.push_back(orphans);

  cases.push_back(
      Scripted("G-10", "a SYN/ACK first",
               {B(kSynAck), A(), A().Data(0, "ask"), B().Data(0, "answer"),
                States(TcpState::kEstablished, TcpState::kEstablished),
                A().Data(3, kOn)},
               "ask" + kOn, "answer"));

  Case again =
      Scripted("G-11", "picked up, then a SYN",
               {A().Seq(777'000).Payload("old,"), A(tcp_flag::kSyn), B(kSynAck),
                A(), A().Data(0, "new,"), A().Data(4, kOn)},
               "old,new," + kOn, "", [](EngineSetup& setup) {
                 PickUp(setup);
                 setup.pipeline.limits.reincarnation = Reincarnation::kAnySyn;
               });
  again.expect.counts = {{"flows", 2}, {"live", 1}};
  cases.push_back(again);

  Case one_way =
      Scripted("G-12", "one direction alone",
               {A(tcp_flag::kSyn), A().Data(0, "one"), A().Data(6, "three"),
                A().Data(3, "two"), A(kFinAck).Data(11, kOn)},
               "onetwothree" + kOn);
  one_way.expect.counts = {{"async", 1}};
  cases.push_back(one_way);
  cases.push_back(
      Scripted("G-13", "data before its SYN",
               {A().Data(0, "ask"), A(tcp_flag::kSyn), B(kSynAck),
                A().Data(3, "more"), B().Data(0, "answer"), A().Data(7, kOn)},
               "askmore" + kOn, "answer"));
}

// G-19.
Case OneBurst() {
  Case c =
      Scripted("G-19", "a whole connection in one burst",
               {InOneBurst({A(tcp_flag::kSyn), B(kSynAck), A(),
                            A().Data(0, kOn), B().AckOff(6), A(kFinAck).Off(6),
                            B(kFinAck).AckOff(7), A().Off(7).AckOff(1)})},
               kOn, "", {});
  c.expect.order = {"start snd {A}", "start rcv {B}",
                    "state rcv {B} syn_received>established",
                    "data {B} 0 " + kOn, "end snd {A} fin"};
  c.expect.ends = {EndReason::kFin};
  return c;
}

// Gives the engine a packet whose stamp and whose clock are not the same.
void SendAt(EngineHarness& harness, const PacketBuilder& packet,
            Timestamp stamp, Timestamp clock) {
  PacketStore store;
  Burst burst;
  burst.packet[0] = store.Make(packet);
  burst.packet[0].time = stamp;
  burst.packet[0].clock = clock;
  burst.packet[0].index = 1'000;
  burst.size = 1;
  harness.pipeline().ProcessReceived(burst);
}

// G-21 and G-22.
void AddTimes(std::vector<Case>& cases) {
  Case wall;
  wall.id = "G-21";
  wall.name = "the wall clock jumps by an hour and back";
  wall.script = {Check([](EngineHarness& harness, const Variant& variant) {
                   const Duration hour = Duration::Seconds(3600);
                   const Timestamp now = harness.time();
                   SendAt(harness, Base(variant, A().Data(0, "later,")),
                          now + hour, now);
                   SendAt(harness, Base(variant, A().Data(6, "earlier,")),
                          now - hour, now);
                 }),
                 Wait(Duration::Seconds(299)), A().Data(14, kOn)};
  wall.expect.from_a = "later,earlier," + kOn;
  wall.expect.counts = {{"live", 1}, {"orphans", 0}};
  wall.setup = Expire;
  wall.port = false;  // The packets are the test's own.
  cases.push_back(wall);

  Case back;
  back.id = "G-21back";
  back.name = "stamps that go back an hour";
  back.script = {Check([](EngineHarness& harness, const Variant&) {
                   harness.SetTime(harness.time() - Duration::Seconds(3600));
                 }),
                 A().Data(0, kOn),
                 Check([](EngineHarness& harness, const Variant&) {
                   harness.SetTime(harness.time() + Duration::Seconds(3600));
                 }),
                 Wait(Duration::Seconds(300))};
  back.expect.from_a = kOn;
  back.expect.counts = {{"live", 0}};
  back.expect.ends = {EndReason::kTimeout};
  back.setup = Expire;
  cases.push_back(back);

  Case island;
  island.id = "G-22";
  island.name = "a flow that expires with an island";
  island.script = {A().Data(4, "island"), Wait(Duration::Seconds(301))};
  island.expect.from_a = "island";
  island.expect.counts = {{"gap", 4}, {"live", 0}, {"error {B} gap 0+4", 1}};
  island.expect.order = {"error {B} gap 0+4", "data {B} 4 island",
                         "end snd {A} timeout"};
  island.expect.ends = {EndReason::kTimeout};
  island.setup = Expire;
  cases.push_back(island);
}

}  // namespace

void AddLifetimes(std::vector<Case>& cases) {
  AddMiddles(cases);
  cases.push_back(OneBurst());
  AddTimes(cases);
}

}  // namespace mosaic::conformance
