// Group G: holes and bounds of streams. What begins in the middle, and time,
// is in group_g_lifetime.cc, who reads when it likes in group_g_readers.cc.

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/conformance/catalogue/fragment_steps.h"
#include "tests/conformance/catalogue/groups.h"
#include "tests/conformance/catalogue/runner.h"

namespace mosaic::conformance {
namespace {

using mosaic::testing::EngineHarness;
using mosaic::testing::EngineSetup;

void SetBuffers(EngineSetup& setup, uint32_t bytes) {
  for (SidePolicy& side : setup.monitors[0].side) side.buffer_bytes = bytes;
}

// Lets both ends say windows of more than 64 KiB.
Case Scaled(Case c, uint8_t shift = 7) {
  c.syn_options = {PacketBuilder::Bytes{3, 3, shift, 1},
                   PacketBuilder::Bytes{3, 3, shift, 1}};
  // The window of a SYN is never scaled: the receiver tells it once more.
  c.script.insert(c.script.begin(), B().AckOff(0));
  return c;
}

Case Of(std::string id, std::string name, Script script, std::string from_a,
        Counts counts = {}) {
  Case c;
  c.id = std::move(id);
  c.name = std::move(name);
  c.script = std::move(script);
  c.expect.from_a = std::move(from_a);
  c.expect.counts = std::move(counts);
  return c;
}

Step Delivered(std::string from_a) {
  return Check([from_a](EngineHarness& harness, const Variant& variant) {
    EXPECT_EQ(harness.recorded().data[Index(variant.SideOf(Role::kB))], from_a);
  });
}

// G-01 to G-04.
void AddHoles(std::vector<Case>& cases) {
  cases.push_back(
      Of("G-01", "a hole that is filled later",
         {A().Data(4, "data"), B().AckOff(0), B().AckOff(0), B().AckOff(0),
          Delivered(""), A().Data(0, "more"), A().Data(8, kOn)},
         "moredata" + kOn, {{"error.gap", 0}, {"pending", 0}}));

  Script script;
  std::string sent(1000, '?');
  while (sent.size() < 130'000) {
    const std::string piece(1000, static_cast<char>('a' + sent.size() % 26));
    script.push_back(A().Data(static_cast<int64_t>(sent.size()), piece));
    sent += piece;
  }
  script.push_back(A().Data(static_cast<int64_t>(sent.size()), kOn));
  Case bound = Scaled(Of("G-02", "a hole that is never filled, and the bound",
                         std::move(script), sent.substr(1000) + kOn,
                         {{"error.gap", 1}, {"gap", 1000}}));
  bound.setup = [](EngineSetup& setup) { SetBuffers(setup, 64 * 1024); };
  bound.expect.order = {"error {B} gap 0+1000", "data {B} 1000 "};
  cases.push_back(bound);

  cases.push_back(Of("G-03", "bytes that come after their hole was given up",
                     {A().Data(4, "data"), B().AckOff(8), B().AckOff(8),
                      B().AckOff(8), A().Data(0, "late"), A().Data(8, kOn)},
                     "data" + kOn,
                     {{"error.gap", 1},
                      {"gap", 4},
                      {"error {B} late_after_gap 0+4", 1},
                      {"mosaic_stream_late_bytes_total", 4}}));

  cases.push_back(
      Of("G-04", "a hole that its receiver acknowledged thrice",
         {A().Data(4, "data"), B().AckOff(8), B().AckOff(8), Delivered(""),
          B().AckOff(8), Delivered("data"), A().Data(8, kOn)},
         "data" + kOn, {{"error {B} gap 0+4", 1}, {"gap", 4}}));
  cases.push_back(
      Of("G-04time", "a hole that was acknowledged 200 ms ago",
         {A().Data(4, "data"), B().AckOff(8), Wait(Duration::Millis(199)),
          Delivered(""), Wait(Duration::Millis(1)), Delivered("data"),
          A().Data(8, kOn)},
         "data" + kOn, {{"error {B} gap 0+4", 1}, {"gap", 4}}));
}

// G-06 to G-08.
void AddBounds(std::vector<Case>& cases) {
  constexpr uint32_t kBuffer = 4096;
  Case kept =
      Of("G-06", "the last byte of the buffer",
         {A().Data(kBuffer - 1, "x"),
          Check([](EngineHarness& harness, const Variant&) {
            EXPECT_EQ(harness.counters().pending_bytes.Read(), 1u);
          }),
          A().Data(0, std::string(kBuffer - 1, 'y')), A().Data(kBuffer, kOn)},
         std::string(kBuffer - 1, 'y') + "x" + kOn,
         {{"mosaic_stream_refused_bytes_total:beyond_buffer", 0}});
  kept.setup = [](EngineSetup& setup) { SetBuffers(setup, kBuffer); };
  cases.push_back(kept);
  Case refused =
      Of("G-06beyond", "the byte behind it",
         {A().Data(kBuffer, "x"), A().Data(0, kOn)}, kOn,
         {{"mosaic_stream_refused_bytes_total:beyond_buffer", 1},
          {"error {B} buffer_full " + std::to_string(kBuffer) + "+1", 1}});
  refused.setup = kept.setup;
  cases.push_back(refused);

  constexpr uint32_t kIslands = 100'000;
  constexpr uint64_t kRefused = kIslands - 3072;
  Case islands = Scaled(Of(
      "G-07", "a hundred thousand islands of one byte",
      {FramesFrom([](const Variant& variant) {
         std::vector<Frame> frames;
         frames.reserve(kIslands);
         for (int64_t i = 0; i < kIslands; ++i) {
           frames.push_back(FrameOf(Base(variant, A().Data(1 + 2 * i, "x"))));
         }
         return frames;
       }),
       A().Data(0, "a"), A().Data(2, "b")},
      "axbx",
      {{"mosaic_stream_refused_bytes_total:too_many_islands", kRefused},
       {"error.too_many_islands", kRefused},
       {"pending", 3070}}));
  islands.swap = islands.wrap = false;  // For the sake of time.
  cases.push_back(islands);

  constexpr int64_t kReversed = 10'000;
  std::string text;
  for (int i = 0; i < kReversed; ++i) text += static_cast<char>('a' + i % 23);
  cases.push_back(Of(
      "G-08", "ten thousand segments of one byte in reverse",
      {FramesFrom([text](const Variant& variant) {
         std::vector<Frame> frames;
         frames.reserve(kReversed);
         for (int64_t i = kReversed; i-- > 0;) {
           frames.push_back(FrameOf(Base(
               variant, A().Data(i, text.substr(static_cast<size_t>(i), 1)))));
         }
         return frames;
       }),
       A().Data(kReversed, kOn)},
      text + kOn, {{"pending", 0}}));
}

// G-14 to G-20.
void AddPolicies(std::vector<Case>& cases) {
  Case depth = Of("G-14", "a depth limit of five bytes",
                  {A().Data(0, "abc"), A().Data(3, "defgh"), A().Data(8, "ij"),
                   Check([](EngineHarness& harness, const Variant& variant) {
                     const Flow& flow = harness.flow();
                     const size_t a = Index(variant.SideOf(Role::kA));
                     EXPECT_EQ(flow.end[a].delivered, 10u);
                     EXPECT_EQ(flow.hot[a].payload_bytes, 10u);
                   }),
                   B().Data(0, "still read")},
                  "abcde", {{"pending", 0}});
  depth.expect.from_b = "still read";
  depth.setup = [](EngineSetup& setup) {
    StopPolicy stop;
    stop.side = Side::kServer;
    stop.condition = StopPolicy::Condition::kPayloadBytes;
    stop.amount = 5;
    setup.monitors[0].stop = {stop};
  };
  depth.swap = false;  // The policy is the server's.
  cases.push_back(depth);

  Case insert = Of(
      "G-15", "two answers with the same number",
      {A().Data(0, "GET"), B().Data(0, "200 FORGED"), B().Data(0, "200 honest"),
       Check([](EngineHarness& harness, const Variant&) {
         const auto conflicts =
             harness.recorded().ErrorsOf(ErrorCause::kOverlapConflict);
         ASSERT_EQ(conflicts.size(), 1u);
         EXPECT_EQ(conflicts[0].offset, 4u);
         EXPECT_EQ(conflicts[0].length, 6u);
         EXPECT_NE(conflicts[0].hash_held, conflicts[0].hash_new);
       }),
       A().Data(3, kOn)},
      "GET" + kOn, {{"conflict", 6}, {"error.overlap_conflict", 1}});
  insert.expect.from_b = "200 FORGED";
  cases.push_back(insert);

  Case stopped = Of(
      "G-16", "one side's monitoring ends",
      {A().Data(100, "island"), A().Data(0, "stop"),
       Check([](EngineHarness& harness, const Variant&) {
         EXPECT_EQ(harness.counters().pending_bytes.Read(), 0u);
         ChunkPool& chunks = harness.tracker().chunks();
         EXPECT_EQ(chunks.free_chunks(), chunks.total_chunks());
       }),
       A().Data(4, "unread"),
       Check([](EngineHarness& harness, const Variant& variant) {
         EXPECT_EQ(
             harness.flow().hot[Index(variant.SideOf(Role::kA))].payload_bytes,
             16u);
       }),
       B().Data(0, kOn)},
      "stop", {{"mosaic_stream_discarded_bytes_total:stopped", 6}});
  stopped.expect.from_b = kOn;
  stopped.setup = [](EngineSetup& setup) {
    setup.functions[0].on_event = [](const Event& event, FlowView& flow) {
      if (event.kind == EventKind::kNewData && event.data.size() == 4) {
        flow.StopMonitoring(event.side);
      }
      return Verdict::kForward;
    };
  };
  cases.push_back(stopped);

  Case full =
      Of("G-18", "a new connection when the table is full",
         {FramesFrom([](const Variant& variant) {
            std::vector<PacketBuilder> packets;
            for (uint16_t port = 1; port < 4; ++port) {
              packets.push_back(PacketBuilder().Udp(port, 53));
            }
            packets.push_back(Base(variant, A(tcp_flag::kSyn)).Tcp(9, 9));
            return FramesOf(packets);
          }),
          A().Data(0, kOn)},
         kOn,
         {{"flows", 4},
          {"live", 4},
          {"mosaic_flow_table_insert_failures_total", 1}});
  full.setup = [](EngineSetup& setup) { setup.pipeline.limits.flows = 4; };
  cases.push_back(full);

  // Jumps that the largest window covers.
  constexpr int64_t kStep = int64_t{900} << 20;
  constexpr int kSteps = 10;
  Script script;
  std::string sparse;
  int64_t offset = 0;
  for (int i = 0; i < kSteps; ++i) {
    offset += kStep;
    for (int k = 0; k < 3; ++k) script.push_back(A().Data(offset, "far"));
    script.push_back(A().Data(offset + 3, "on"));
    offset += 5;
    script.push_back(B().AckOff(offset));
    sparse += "faron";
  }
  script.push_back(
      Check([offset](EngineHarness& harness, const Variant& variant) {
        const Side receiver = variant.SideOf(Role::kB);
        EXPECT_EQ(harness.recorded().data_offsets[Index(receiver)].back() + 2,
                  static_cast<uint64_t>(offset));
        EXPECT_EQ(harness.flow().end[Index(Other(receiver))].delivered,
                  static_cast<uint64_t>(offset));
      }));
  script.push_back(A().Data(offset, kOn));
  cases.push_back(
      Scaled(Of("G-20", "nine gigabytes, twice around", std::move(script),
                sparse + kOn,
                {{"error.gap", kSteps}, {"gap", uint64_t{kStep} * kSteps}}),
             14));
}

// G-23: functions that do what they should not.
void AddFaults(std::vector<Case>& cases) {
  Case throws = Of("G-23", "a function that throws at each event",
                   {A().Data(0, "one"), A().Data(3, kOn),
                    Check([](EngineHarness& harness, const Variant&) {
                      EXPECT_EQ(harness.slot().faults.Read(), 2u);
                    })},
                   "one" + kOn);
  throws.setup = [](EngineSetup& setup) {
    setup.functions[0].on_event = [](const Event& event, FlowView&) -> Verdict {
      if (event.kind == EventKind::kNewData ||
          event.kind == EventKind::kConnectionEnd) {
        throw std::runtime_error("fault");
      }
      return Verdict::kForward;
    };
  };
  cases.push_back(throws);

  Case stops = Of("G-23stop",
                  "a function that stops its own flow, and reads "
                  "on when it ends",
                  {A().Data(0, "one"), A().Data(3, "two"), B().Data(0, "x")},
                  "one", {{"end snd client", 1}});
  stops.setup = [](EngineSetup& setup) {
    setup.functions[0].on_event = [](const Event& event, FlowView& flow) {
      if (event.kind == EventKind::kNewData) {
        flow.StopMonitoring(Side::kClient);
        flow.StopMonitoring(Side::kServer);
      }
      if (event.kind == EventKind::kConnectionEnd) {
        const uint64_t bytes = flow.counters(Side::kClient).payload_bytes +
                               flow.counters(Side::kServer).payload_bytes;
        EXPECT_EQ(bytes, 7u);
        EXPECT_NE(flow.client().port, flow.server().port);
      }
      return Verdict::kForward;
    };
  };
  cases.push_back(stops);
}

}  // namespace

std::vector<Case> GroupG() {
  std::vector<Case> cases;
  AddHoles(cases);
  AddBounds(cases);
  AddPolicies(cases);
  AddFaults(cases);
  AddReaders(cases);
  AddLifetimes(cases);
  return cases;
}

}  // namespace mosaic::conformance
