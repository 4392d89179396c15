#include "control/core/system_info.h"

#include <set>

#include "control/core/request_log.h"
#include "control/core/wall_time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/core/core_harness.h"

namespace mosaic {
namespace {

using testing::CoreHarness;

SystemFacts Facts(size_t workers) {
  SystemFacts facts;
  facts.version = "1.2.3";
  facts.boot_id = NewBootId();
  facts.start_time = absl::FromUnixSeconds(5);
  facts.features = {"observe"};
  for (size_t i = 0; i < workers; ++i) {
    facts.workers.push_back({static_cast<uint32_t>(10 + i), -1});
  }
  return facts;
}

class OnePort : public PortDirectory {
 public:
  std::vector<v1::Port> Ports() override {
    v1::Port port;
    port.set_name("ports/lan");
    return {port};
  }
};

TEST(SystemInfoTest, CapabilitiesTellBoundsAndWhatRuns) {
  CoreHarness core(2);
  SystemInfo info(*core.engine, core.applier, core.drain, core.clock, nullptr,
                  Facts(2));
  ASSERT_TRUE(core.Apply("").ok());
  ASSERT_FALSE(core.drain.Start(v1::DrainRequest()));
  const v1::GetCapabilitiesResponse told = info.GetCapabilities();
  EXPECT_EQ(told.version(), "1.2.3");
  EXPECT_EQ(told.max_flows(), 2 * 8192u);
  EXPECT_EQ(told.max_monitors(), 64u);
  EXPECT_EQ(told.max_buffer_size_bytes(), 64u << 20);
  EXPECT_EQ(told.running_revision(), 1u);
  EXPECT_TRUE(told.draining());
  EXPECT_EQ(told.start_time().seconds(), 5);
}

TEST(SystemInfoTest, CoresTellTheirFlowsAndPackets) {
  CoreHarness core(2);
  SystemInfo info(*core.engine, core.applier, core.drain, core.clock, nullptr,
                  Facts(2));
  ASSERT_TRUE(
      core.Apply("monitors { name: 'monitors/a' type: MONITOR_TYPE_STREAM }")
          .ok());
  for (uint32_t i = 0; i < 20; ++i) core.SendDatagram(i);
  const v1::ListCoresResponse told = info.ListCores();
  ASSERT_EQ(told.cores_size(), 2);
  EXPECT_EQ(told.cores(1).cpu(), 11u);
  EXPECT_EQ(told.cores(0).applied_revision(), 1u);
  EXPECT_EQ(told.cores(0).flows() + told.cores(1).flows(), 20u);
  EXPECT_EQ(told.cores(0).packets() + told.cores(1).packets(), 20u);
  EXPECT_GT(told.cores(1).packets(), 0u);
  EXPECT_GT(told.cores(0).busy_ratio(), 0);
  EXPECT_LT(told.cores(0).busy_ratio(), 1);
}

TEST(SystemInfoTest, LoadIsToldOfAtLeastItsPeriod) {
  CoreHarness core(1);
  SystemInfo info(*core.engine, core.applier, core.drain, core.clock, nullptr,
                  Facts(1));
  core.RunWorkers(10);
  const double first = info.ListCores().cores(0).busy_ratio();
  ASSERT_TRUE(
      core.Apply("monitors { name: 'monitors/a' type: MONITOR_TYPE_STREAM }")
          .ok());
  core.SendDatagram(1);
  EXPECT_EQ(info.ListCores().cores(0).busy_ratio(), first);
  core.clock.Advance(SystemInfo::kMinLoadPeriod);
  EXPECT_GT(info.ListCores().cores(0).busy_ratio(), first);
}

TEST(SystemInfoTest, PortsAreTheDirectorys) {
  CoreHarness core(1);
  OnePort ports;
  SystemInfo info(*core.engine, core.applier, core.drain, core.clock, &ports,
                  Facts(1));
  ASSERT_EQ(info.ListPorts().ports_size(), 1);
  EXPECT_EQ(info.ListPorts().ports(0).name(), "ports/lan");
}

TEST(SystemInfoTest, BootIdsAreUuidsAndDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string id = NewBootId();
    EXPECT_TRUE(IsUuid(id)) << id;
    EXPECT_EQ(id[14], '4');
    EXPECT_TRUE(seen.insert(id).second);
  }
}

TEST(WallTimeTest, MovesAMonotonicClockToTheCalendar) {
  const WallTime live(Timestamp() + Duration::Seconds(100),
                      absl::FromUnixSeconds(1'700'000'000));
  EXPECT_EQ(live.ToProto(Timestamp() + Duration::Millis(100'250)).seconds(),
            1'700'000'000);
  EXPECT_EQ(live.ToProto(Timestamp() + Duration::Millis(100'250)).nanos(),
            250'000'000);
  EXPECT_EQ(WallTime().ToProto(Timestamp() + Duration::Seconds(7)).seconds(),
            7);
}

TEST(WallTimeTest, TimesBeforeTheEpochHaveNanosThatAreNotNegative) {
  const auto time = ToProto(absl::FromUnixMillis(-250));
  EXPECT_EQ(time.seconds(), -1);
  EXPECT_EQ(time.nanos(), 750'000'000);
}

}  // namespace
}  // namespace mosaic
