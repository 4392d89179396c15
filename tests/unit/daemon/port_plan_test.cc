#include "control/daemon/port_plan.h"

#include <string>
#include <vector>

#include "control/config/source_map.h"
#include "control/config/validate.h"
#include "control/config/yaml_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

using Queue = PortPlan::Queue;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

v1::SystemConfig System(const std::string& settings) {
  v1::ConfigFile file;
  config::SourceMap positions;
  EXPECT_EQ(config::Format(config::ReadYaml(
                "f.yaml", "system: {" + settings + "}", file, positions)),
            "");
  EXPECT_THAT(config::Validate(file.system(), ""), IsEmpty());
  return file.system();
}

PortPlan Plan(const std::string& settings, size_t workers) {
  absl::StatusOr<PortPlan> plan = PlanPorts(System(settings), workers);
  EXPECT_TRUE(plan.ok()) << plan.status();
  return *std::move(plan);
}

std::string Tap(const std::string& device) {
  return "ports: [{id: p, device: \"" + device + "\"}]";
}

std::string Wire(const std::string& device, const std::string& other) {
  return "ports: [{id: a, device: \"" + device +
         "\", mode: wire, peer: b}, {id: b, device: \"" + other +
         "\", mode: wire, peer: a}]";
}

struct DeviceCase {
  const char* device;
  const char* other;  // The same kind, for the other end of a wire.
  size_t most_queues;
  bool pairs;
};

const std::vector<DeviceCase> kDevices = {
    {"pcap:in.pcap,tx=out.pcap", "pcap:in2.pcap,tx=out2.pcap", 1, false},
    {"null", "null", 64, false},
    {"ring", "ring", 16, true},
    {"memif:/run/m.sock", "memif:/run/m2.sock", 16, false},
    {"af_packet:eth0", "af_packet:eth1", 16, true},
    {"af_xdp:eth0", "af_xdp:eth1", 16, true},
    {"tap:mos0", "tap:mos1", 16, true},
    {"0000:01:00.0", "0000:01:00.1", 64, false}};

TEST(PortPlanTest, EachWorkerPollsAQueueOfItsOwnWhereTheDeviceHasSoMany) {
  for (const DeviceCase& device : kDevices) {
    const PortPlan plan = Plan(Tap(device.device), 3);
    const size_t queues = device.most_queues == 1 ? 1 : 3;
    EXPECT_EQ(plan.ports[0].rx_queues, queues) << device.device;
    EXPECT_EQ(plan.rx_queues[0], std::vector<Queue>({{0, 0}}));
    for (size_t worker = 1; worker < 3; ++worker) {
      EXPECT_EQ(plan.rx_queues[worker].size(), queues == 1 ? 0u : 1u)
          << device.device;
    }
  }
}

TEST(PortPlanTest, ATapPortHasATransmitQueueOnlyBecauseDevicesWantOne) {
  for (const DeviceCase& device : kDevices) {
    const PortPlan plan = Plan(Tap(device.device), 3);
    EXPECT_EQ(plan.ports[0].tx_queues, device.pairs ? 3 : 1) << device.device;
    EXPECT_EQ(plan.peers[0], std::nullopt);
  }
}

TEST(PortPlanTest, InWireModeEveryWorkerHasATransmitQueueOfEveryPort) {
  for (const DeviceCase& device : kDevices) {
    const std::string wire = Wire(device.device, device.other);
    const size_t workers = std::min<size_t>(3, device.most_queues);
    const PortPlan plan = Plan(wire, workers);
    for (const PortConfig& port : plan.ports) {
      EXPECT_EQ(port.tx_queues, workers) << device.device;
    }
    EXPECT_EQ(plan.peers[0], 1u);
    EXPECT_EQ(plan.peers[1], 0u);
  }
}

TEST(PortPlanTest, AWireServesAsManyWorkersAsItsDevicesHaveTransmitQueues) {
  for (const DeviceCase& device : kDevices) {
    const v1::SystemConfig system = System(Wire(device.device, device.other));
    EXPECT_EQ(MostWorkers(system), device.most_queues) << device.device;
    EXPECT_TRUE(PlanPorts(system, device.most_queues).ok()) << device.device;
    const absl::StatusOr<PortPlan> refused =
        PlanPorts(system, device.most_queues + 1);
    ASSERT_FALSE(refused.ok()) << device.device;
    EXPECT_THAT(std::string(refused.status().message()),
                HasSubstr("port \"a\": "));
  }
}

TEST(PortPlanTest, InTapModeAnyDeviceServesAnyNumberOfWorkers) {
  for (const DeviceCase& device : kDevices) {
    EXPECT_EQ(MostWorkers(System(Tap(device.device))), 64u) << device.device;
    EXPECT_TRUE(PlanPorts(System(Tap(device.device)), 64).ok());
  }
}

TEST(PortPlanTest, QueuesOfOnePortAndOfSeveralGoToWorkersInTurn) {
  const std::string two_captures =
      "ports: [{id: a, device: \"pcap:a\"}, {id: b, device: \"pcap:b\"}]";
  EXPECT_THAT(Plan(two_captures, 2).rx_queues,
              ElementsAre(ElementsAre(Queue{0, 0}), ElementsAre(Queue{1, 0})));
  EXPECT_THAT(Plan(two_captures, 1).rx_queues,
              ElementsAre(ElementsAre(Queue{0, 0}, Queue{1, 0})));
  EXPECT_THAT(
      Plan("ports: [{id: a, device: \"null\", rx_queues: 3}]", 2).rx_queues,
      ElementsAre(ElementsAre(Queue{0, 0}, Queue{0, 2}),
                  ElementsAre(Queue{0, 1})));
}

TEST(PortPlanTest, QueuesThatArePairsBoundTheWorkersOfAWire) {
  const v1::SystemConfig system = System(
      "ports: [{id: a, device: \"af_packet:eth0\", rx_queues: 2, mode: wire, "
      "peer: b}, {id: b, device: \"null\", mode: wire, peer: a}]");
  EXPECT_EQ(MostWorkers(system), 2u);
}

TEST(PortPlanTest, SizesAreTheConfigurationsElseTheDefaults) {
  const PortPlan plan = Plan(
      "ports: [{id: a, device: \"null\", rx_ring_packets: 64, "
      "tx_ring_packets: 128, mtu: 1500, pool_packets: 300, promiscuous: "
      "false}, {id: b, device: \"null\"}]",
      1);
  EXPECT_EQ(plan.ports[0].name, "a");
  EXPECT_EQ(plan.ports[0].rx_ring_packets, 64);
  EXPECT_EQ(plan.ports[0].tx_ring_packets, 128);
  EXPECT_EQ(plan.ports[0].mtu, 1500u);
  EXPECT_EQ(plan.ports[0].pool_packets, 300u);
  EXPECT_EQ(plan.ports[0].promiscuous, PortConfig::Promiscuous::kOff);
  EXPECT_EQ(plan.ports[1].rx_ring_packets, 1024);
  EXPECT_EQ(plan.ports[1].pool_packets, 8191u);
  EXPECT_EQ(plan.ports[1].promiscuous, PortConfig::Promiscuous::kOn);
}

TEST(PortPlanTest, ThePoolGrowsWithTheRingsOfAllQueues) {
  const PortPlan plan = Plan(Tap("null"), 16);
  // 16 x 1024 in receive rings, 1024 in the transmit ring, 16 x 1024 with
  // workers.
  EXPECT_EQ(plan.ports[0].pool_packets, 65535u);
}

TEST(PortPlanTest, UnfinishedChecksumsOfKernelDevicesAreTakenAsGood) {
  using enum PortConfig::Checksums;
  for (const DeviceCase& device : kDevices) {
    const std::string text = device.device;
    const bool kernel =
        text.starts_with("af_packet") || text.starts_with("tap");
    EXPECT_EQ(Plan(Tap(text), 1).ports[0].checksums,
              kernel ? kTakeAsGood : kAsReceived)
        << text;
    EXPECT_EQ(Plan("checksum: verify, " + Tap(text), 1).ports[0].checksums,
              kAsReceived)
        << text;
  }
}

}  // namespace
}  // namespace mosaic
