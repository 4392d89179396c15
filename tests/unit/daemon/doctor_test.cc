#include "control/daemon/doctor.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <nlohmann/json.hpp>

namespace mosaic {
namespace {

using testing::Contains;
using testing::HasSubstr;

constexpr uint64_t kMiB = uint64_t{1} << 20;

// Nothing is wrong with this one.
Machine GoodMachine() {
  Machine machine;
  machine.kernel = "6.1.0";
  machine.allowed_cpus = {0, 1, 2};
  machine.has_stable_tsc = true;
  machine.memlock_bytes = UINT64_MAX;
  machine.available_bytes = 4096 * kMiB;
  machine.huge_pages = {{0, 2 * kMiB, 512, 512}};
  return machine;
}

// "severity area message | fix" of every finding of `area`.
std::vector<std::string> Findings(const v1::SystemConfig& system,
                                  const Machine& machine,
                                  const std::string& area) {
  std::vector<std::string> lines;
  for (const Finding& finding : Examine(system, machine)) {
    if (finding.area != area) continue;
    lines.push_back(std::string(Name(finding.severity)) + ": " +
                    finding.message + " | " + finding.fix);
  }
  return lines;
}

TEST(DoctorTest, AGoodMachineHasNoFindingWorseThanOk) {
  for (const Finding& finding : Examine(v1::SystemConfig(), GoodMachine())) {
    EXPECT_EQ(finding.severity, Severity::kOk) << finding.message;
  }
}

TEST(DoctorTest, TooFewHugepagesAreAWarningWithTheCommandThatHelps) {
  Machine machine = GoodMachine();
  machine.huge_pages = {{0, 2 * kMiB, 100, 50}};
  EXPECT_THAT(Findings({}, machine, "hugepages"),
              Contains("warning: 100 MiB are free and 512 MiB are wanted; "
                       "packets will live in ordinary pages, which costs speed "
                       "| sysctl -w vm.nr_hugepages=306"));
}

TEST(DoctorTest, TooFewHugepagesAreAnErrorWhereTheyAreRequired) {
  Machine machine = GoodMachine();
  machine.huge_pages.clear();
  v1::SystemConfig system;
  system.mutable_memory()->set_hugepages(true);
  system.mutable_memory()->set_size_bytes(1024 * kMiB);
  EXPECT_THAT(Findings(system, machine, "hugepages"),
              Contains("error: 0 MiB are free and 1024 MiB are wanted | "
                       "sysctl -w vm.nr_hugepages=512"));
}

TEST(DoctorTest, OrdinaryPagesByChoiceNeedNoHugepagesButMemory) {
  Machine machine = GoodMachine();
  machine.huge_pages.clear();
  machine.available_bytes = 100 * kMiB;
  v1::SystemConfig system;
  system.mutable_memory()->set_hugepages(false);
  EXPECT_THAT(Findings(system, machine, "hugepages"),
              Contains("ok: the configuration uses ordinary pages | "));
  EXPECT_THAT(Findings(system, machine, "memory"),
              Contains(HasSubstr("error: 100 MiB are available and 512 MiB")));
}

TEST(DoctorTest, ACpuThatIsNotAllowedIsAnError) {
  v1::SystemConfig system;
  system.add_cpus(7);
  EXPECT_THAT(Findings(system, GoodMachine(), "cpus"),
              Contains(HasSubstr("error: CPU 7 of system.cpus is not one of "
                                 "the allowed CPUs 0,1,2")));
}

TEST(DoctorTest, WorkersThatShareCpusOrLeaveNoneAreWarnings) {
  v1::SystemConfig system;
  system.set_workers(4);
  EXPECT_THAT(Findings(system, GoodMachine(), "cpus"),
              Contains(HasSubstr("warning: 4 workers share 3 CPUs")));
  system.set_workers(3);
  EXPECT_THAT(Findings(system, GoodMachine(), "cpus"),
              Contains(HasSubstr("warning: 3 workers use all CPUs")));
}

TEST(DoctorTest, LockedMemoryMattersToDevicesThatMapIt) {
  Machine machine = GoodMachine();
  machine.memlock_bytes = 64 * 1024;
  v1::SystemConfig system;
  v1::PortConfig& port = *system.add_ports();
  port.set_id("p");
  port.set_device("af_packet:eth0");
  EXPECT_THAT(Findings(system, machine, "memlock"), testing::IsEmpty());
  port.set_device("0000:01:00.0");
  EXPECT_THAT(Findings(system, machine, "memlock"),
              Contains(HasSubstr("warning: at most 64 KiB may be locked")));
}

TEST(DoctorTest, AnUnsteadyClockIsAWarning) {
  Machine machine = GoodMachine();
  machine.has_stable_tsc = false;
  EXPECT_THAT(Findings({}, machine, "clock"),
              Contains(HasSubstr("warning: the CPU does not promise")));
}

TEST(DoctorTest, TheWorstComesFirstAndJsonSaysWhetherItRuns) {
  const std::vector<Finding> findings = {
      {Severity::kOk, "cpus", "fine", ""},
      {Severity::kError, "ports", "no \"eth9\"", "ip link"}};
  EXPECT_EQ(ToText(findings),
            "error    ports      no \"eth9\"\n"
            "                    fix: ip link\n"
            "ok       cpus       fine\n");
  const auto json = nlohmann::json::parse(Printed(ToJson(findings)));
  EXPECT_FALSE(json["ok"].get<bool>());
  EXPECT_EQ(json["findings"][1]["message"], "no \"eth9\"");
  EXPECT_EQ(json["findings"][1]["fix"], "ip link");
}

}  // namespace
}  // namespace mosaic
