#include "control/daemon/doctor_memory.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

using testing::Contains;
using testing::Field;
using testing::HasSubstr;

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr uint64_t kGiB = uint64_t{1} << 30;

Machine MachineWith(uint64_t available_bytes) {
  Machine machine;
  machine.allowed_cpus = {0, 1, 2};
  machine.available_bytes = available_bytes;
  return machine;
}

v1::SystemConfig TwoWorkers() {
  v1::SystemConfig system;
  system.set_workers(2);
  return system;
}

MemoryReport Report(const v1::SystemConfig& system, const Machine& machine) {
  return ReportMemory(system, {{"nfInstances/log", 40}}, machine);
}

TEST(DoctorMemoryTest, SumsAreThoseOfThePartsOfAllWorkersAndPacketMemory) {
  const MemoryReport report = Report(TwoWorkers(), MachineWith(16 * kGiB));
  uint64_t parts = 0;
  uint64_t at_start = 0;
  for (const MemoryPart& part : report.parts) {
    parts += part.bytes;
    at_start += part.at_start;
  }
  EXPECT_EQ(report.workers, 2u);
  EXPECT_EQ(report.bytes(), 2 * parts + 512 * kMiB);
  EXPECT_EQ(report.at_start(), 2 * at_start + 512 * kMiB);
  EXPECT_THAT(report.parts,
              Contains(Field(&MemoryPart::name, "context of nfInstances/log")));
}

TEST(DoctorMemoryTest, TheFlowTableGrowsWithTheSettingThatItNames) {
  v1::SystemConfig system = TwoWorkers();
  system.mutable_limits()->set_flows_per_worker(1'000'000);
  const MemoryReport report = Report(system, MachineWith(16 * kGiB));
  const MemoryPart& table = report.parts.front();
  EXPECT_EQ(table.count, 1'000'000u);
  EXPECT_EQ(table.setting, "system.limits.flows_per_worker");
  EXPECT_EQ(table.bytes, table.name == "flow_table"
                             ? FlowTable::BytesFor(1'000'000)
                             : LinkStatePool::BytesFor(1'000'000));
}

TEST(DoctorMemoryTest, PacketsInHugePagesAreNotOfTheAvailableMemory) {
  Machine machine = MachineWith(16 * kGiB);
  const uint64_t ordinary = Report(TwoWorkers(), machine).bytes();
  machine.huge_pages = {{0, 2 * kMiB, 512, 512}};
  EXPECT_EQ(Report(TwoWorkers(), machine).bytes(), ordinary - 512 * kMiB);
}

TEST(DoctorMemoryTest, WhatFitsIsOk) {
  const auto findings =
      ExamineMemory(Report(TwoWorkers(), MachineWith(64 * kGiB)));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Severity::kOk);
  EXPECT_EQ(findings[0].fix, "");
}

TEST(DoctorMemoryTest, WhatFitsOnlyAtStartIsAWarningWithTheSettingToLower) {
  v1::SystemConfig system = TwoWorkers();
  system.mutable_limits()->set_flows_per_worker(1'000'000);
  MemoryReport report = Report(system, MachineWith(0));
  report.available_bytes = report.bytes() - 1;
  const Finding finding = ExamineMemory(report).back();
  EXPECT_EQ(finding.severity, Severity::kWarning);
  EXPECT_THAT(finding.fix, HasSubstr("lower system.limits.flows_per_worker"));
}

TEST(DoctorMemoryTest, WhatDoesNotFitAtStartIsAnError) {
  MemoryReport report = Report(TwoWorkers(), MachineWith(0));
  report.available_bytes = report.at_start() - 1;
  EXPECT_EQ(ExamineMemory(report).back().severity, Severity::kError);
}

TEST(DoctorMemoryTest, MorePacketsThanPacketMemoryHoldsAreAWarning) {
  v1::SystemConfig system = TwoWorkers();
  v1::PortConfig& port = *system.add_ports();
  port.set_id("p0");
  port.set_device("null");
  port.set_pool_packets(1'000'000);
  const MemoryReport report = Report(system, MachineWith(64 * kGiB));
  ASSERT_EQ(report.ports.size(), 1u);
  EXPECT_EQ(report.ports[0].packets, 1'000'000u);
  EXPECT_GT(report.ports[0].bytes(), 2'048u * 1'000'000);
  const Finding finding = ExamineMemory(report).front();
  EXPECT_EQ(finding.severity, Severity::kWarning);
  EXPECT_THAT(finding.fix, HasSubstr("system.memory.size_bytes"));
}

TEST(DoctorMemoryTest, TextAndJsonSayTheSameSums) {
  const MemoryReport report = Report(TwoWorkers(), MachineWith(16 * kGiB));
  const nlohmann::ordered_json json = ToJson(report);
  EXPECT_EQ(json["bytes"], report.bytes());
  EXPECT_EQ(json["bytes_at_start"], report.at_start());
  EXPECT_EQ(json["bytes_per_flow"], BytesPerFlow(report.parts));
  EXPECT_EQ(json["worker_parts"].size(), report.parts.size());
  EXPECT_THAT(ToText(report), HasSubstr("memory of each of 2 workers"));
  EXPECT_THAT(ToText(report), HasSubstr("16.0 GiB"));
}

}  // namespace
}  // namespace mosaic
