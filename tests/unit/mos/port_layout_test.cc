#include "dataplane/mos/port_layout.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic::mos {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

PortLayout LayOut(const std::string& mos, size_t workers) {
  const absl::StatusOr<MosConf> conf =
      ParseMosConf("mos {\n" + mos + "\n}", "mos.conf");
  EXPECT_TRUE(conf.ok()) << conf.status();
  absl::StatusOr<PortLayout> layout = LayOutPorts(*conf, workers);
  EXPECT_TRUE(layout.ok()) << layout.status();
  return layout.ok() ? *std::move(layout) : PortLayout();
}

TEST(PortLayoutTest, CapturesAloneAreReplayedWithoutDevices) {
  const PortLayout layout =
      LayOut("netdev { pcap:a.pcap 1 pcap:b.pcap\n pcap:c.pcap 1 }", 1);
  EXPECT_TRUE(layout.replay);
  EXPECT_THAT(layout.captures, ElementsAre("b.pcap", "c.pcap"));
  EXPECT_THAT(layout.ports, IsEmpty());
  EXPECT_THAT(layout.QueuesOf(0, 1), IsEmpty());
}

TEST(PortLayoutTest, ACaptureThatIsSentToIsOpenedForThat) {
  const PortLayout layout = LayOut(
      "netdev {\na 1 pcap:a.pcap\nb 1 pcap:b.pcap,tx=out.pcap\n}\n"
      "nic_forward_table { a b }",
      1);
  EXPECT_TRUE(layout.replay);
  ASSERT_EQ(layout.ports.size(), 1u);
  EXPECT_EQ(layout.ports[0].name, "b");
  EXPECT_THAT(layout.port_of,
              ElementsAre(std::nullopt, std::optional<size_t>(0)));
}

TEST(PortLayoutTest, ACaptureWithoutAFileForItCannotBeSentTo) {
  const absl::StatusOr<MosConf> conf = ParseMosConf(
      "mos { netdev { pcap:a.pcap 1 }\nnic_forward_table { pcap:a.pcap "
      "pcap:a.pcap } }",
      "mos.conf");
  ASSERT_TRUE(conf.ok());
  const absl::StatusOr<PortLayout> layout = LayOutPorts(*conf, 1);
  ASSERT_FALSE(layout.ok());
  EXPECT_THAT(std::string(layout.status().message()), HasSubstr("tx=FILE"));
}

TEST(PortLayoutTest, ALoopOrALiveDeviceMakesAllOfItLive) {
  EXPECT_FALSE(LayOut("netdev { pcap:a.pcap,loop=1 1 }", 1).replay);
  const PortLayout mixed = LayOut("netdev {\npcap:a.pcap 1\nnull 1\n}", 1);
  EXPECT_FALSE(mixed.replay);
  EXPECT_EQ(mixed.ports.size(), 2u);
}

TEST(PortLayoutTest, QueuesAreDealtOutToAllWorkersAndEachOnce) {
  const PortLayout layout = LayOut("netdev {\nnull 3\npcap:a.pcap 3\n}", 2);
  std::vector<PortLayout::Queue> all;
  for (const size_t worker : {0, 1}) {
    const auto queues = layout.QueuesOf(worker, 2);
    all.insert(all.end(), queues.begin(), queues.end());
  }
  size_t expected = 0;
  for (const PortConfig& port : layout.ports) expected += port.rx_queues;
  EXPECT_EQ(all.size(), expected);
  for (const auto& queue : all) {
    EXPECT_EQ(std::count(all.begin(), all.end(), queue), 1);
  }
}

TEST(PortLayoutTest, ADeviceWithTooFewQueuesCannotServeManyWorkers) {
  const absl::StatusOr<MosConf> conf = ParseMosConf(
      "mos {\nnetdev {\na 3 pcap:a.pcap,tx=b.pcap\n}\n"
      "nic_forward_table { a a }\n}",
      "mos.conf");
  ASSERT_TRUE(conf.ok());
  const absl::StatusOr<PortLayout> layout = LayOutPorts(*conf, 2);
  ASSERT_FALSE(layout.ok());
  EXPECT_THAT(std::string(layout.status().message()),
              HasSubstr("serves 1 worker(s), not 2"));
}

}  // namespace
}  // namespace mosaic::mos
