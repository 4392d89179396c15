// What a worker says of itself: gauges of what is in use, histograms, and the
// CPU time that a configuration costs it.

#include <array>
#include <memory>

#include "dataplane/engine/engine.h"
#include "gmock/gmock.h"
#include "tests/support/connection.h"
#include "tests/support/engine_harness.h"

namespace mosaic::testing {
namespace {

EngineSetup WithTimeouts() {
  EngineSetup setup;
  setup.pipeline.limits.timeouts.enabled = true;
  return setup;
}

uint64_t CountOf(const HistogramReading& reading) {
  uint64_t count = 0;
  for (uint64_t in_bucket : reading.counts) count += in_bucket;
  return count;
}

TEST(Usage, AFlowCountsFromItsFirstPacketToItsEnd) {
  EngineHarness harness(WithTimeouts());
  EXPECT_EQ(harness.tracker().usage().flows, 0u);
  EXPECT_EQ(harness.tracker().usage().flows_max,
            WithTimeouts().pipeline.limits.flows);
  Connection c(harness);
  c.Handshake();
  EXPECT_EQ(harness.tracker().usage().flows, 1u);
  EXPECT_EQ(harness.tracker().usage().timers, 1u);
  harness.EndAll();
  EXPECT_EQ(harness.tracker().usage().flows, 0u);
  EXPECT_EQ(harness.tracker().usage().timers, 0u);
}

TEST(Usage, BufferMemoryIsTheReceivingSidesAndIsGivenBackWhenAcknowledged) {
  EngineHarness harness;
  const auto& of_side = harness.counters().buffer_bytes;
  Connection c(harness);
  c.Handshake();
  c.client().Data(4, "data");
  EXPECT_EQ(of_side[Index(Side::kServer)].Read(), sizeof(Chunk));
  EXPECT_EQ(of_side[Index(Side::kClient)].Read(), 0u);
  EXPECT_EQ(harness.tracker().usage().buffer_bytes, sizeof(Chunk));
  c.client().Data(0, "more");
  c.server().Ack(8);
  EXPECT_EQ(of_side[Index(Side::kServer)].Read(), 0u);
  EXPECT_EQ(harness.tracker().usage().buffer_bytes, 0u);
}

TEST(Usage, BuffersNeverExceedTheirLimit) {
  EngineSetup setup;
  setup.pipeline.limits.reassembly_bytes = 16 * sizeof(Chunk);
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  for (uint32_t i = 1; i < 20; ++i) {
    c.client().Data(i * 2 * Chunk::kBytes, "x");
  }
  const CoreUsage usage = harness.tracker().usage();
  EXPECT_EQ(usage.buffer_limit_bytes, 16 * sizeof(Chunk));
  EXPECT_EQ(usage.buffer_bytes, usage.buffer_limit_bytes);
}

TEST(Usage, LifetimeIsTheTimeFromTheFirstPacketToTheLast) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  harness.Wait(Duration::Seconds(7));
  c.client().Ack(0);
  harness.Wait(Duration::Seconds(100));
  harness.EndAll();
  const HistogramReading lifetime =
      harness.pipeline().histograms().flow_lifetime.Read();
  EXPECT_EQ(CountOf(lifetime), 1u);
  EXPECT_EQ(lifetime.sum, 7'000'000'000u);
}

TEST(Usage, BurstsAreRecordedBySize) {
  EngineHarness harness;
  Connection c(harness);
  harness.BeginBurst();
  c.Handshake();  // Three packets.
  harness.EndBurst();
  const HistogramReading bursts =
      harness.pipeline().histograms().rx_burst_packets.Read();
  EXPECT_EQ(CountOf(bursts), 1u);
  EXPECT_EQ(bursts.sum, 3u);
}

class ApplyTime : public ::testing::Test {
 protected:
  ApplyTime()
      : engine_({}, [](const NfInstance&, size_t) { return nullptr; }, {}) {}

  void Apply() {
    auto snapshot = std::make_shared<Snapshot>();
    snapshot->revision = ++revision_;
    ASSERT_TRUE(
        engine_.Apply(std::move(snapshot), Engine::LiveFlows::kKeep).ok());
  }
  uint64_t Longest() {
    return engine_.worker(0).counters().longest_apply_nanos.Read();
  }

  Engine engine_;
  uint64_t revision_ = 0;
};

TEST_F(ApplyTime, IsNotMeasuredWithoutAConfiguration) {
  for (int i = 0; i < 3; ++i) engine_.worker(0).RunOnce();
  EXPECT_EQ(Longest(), 0u);
}

TEST_F(ApplyTime, IsMeasuredInTheRoundThatTakesOneUp) {
  Apply();
  engine_.worker(0).RunOnce();
  EXPECT_GT(Longest(), 0u);
  EXPECT_TRUE(engine_.AllRunning());
}

}  // namespace
}  // namespace mosaic::testing
