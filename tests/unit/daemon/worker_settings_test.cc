#include "control/daemon/worker_settings.h"

#include "gtest/gtest.h"

namespace mosaic {
namespace {

WorkerLimits With(const v1::SystemConfig& system) {
  WorkerConfig worker;
  SetFromSystem(system, worker);
  return worker.pipeline.limits;
}

TEST(WorkerSettingsTest, TtlsAreGuardedWhereTheConfigurationSaysSo) {
  EXPECT_EQ(With({}).ttl_guard, TtlGuard::kOff);
  v1::SystemConfig system;
  system.set_ttl_guard(true);
  EXPECT_EQ(With(system).ttl_guard, TtlGuard::kOn);
}

TEST(WorkerSettingsTest, BoundsAndTimeoutsStayUnlessTheyAreSaid) {
  const WorkerLimits plain = WorkerConfig().pipeline.limits;
  EXPECT_EQ(With({}).flows, plain.flows);
  EXPECT_EQ(With({}).reassembly_bytes, plain.reassembly_bytes);
  EXPECT_EQ(With({}).timeouts.handshake, plain.timeouts.handshake);

  v1::SystemConfig system;
  system.mutable_limits()->set_flows_per_worker(1234);
  system.mutable_limits()->set_reassembly_bytes_per_worker(uint64_t{5} << 20);
  system.mutable_timeouts()->mutable_handshake()->set_seconds(7);
  const WorkerLimits limits = With(system);
  EXPECT_EQ(limits.flows, 1234u);
  EXPECT_EQ(limits.reassembly_bytes, size_t{5} << 20);
  EXPECT_EQ(limits.timeouts.handshake, Duration::Seconds(7));
  EXPECT_EQ(limits.timeouts.established, plain.timeouts.established);
}

}  // namespace
}  // namespace mosaic
