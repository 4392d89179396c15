#include "dataplane/io/device_arguments.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

PortConfig PortOn(const std::string& device, const std::string& name = "p") {
  PortConfig port;
  port.name = name;
  port.device = device;
  return port;
}

std::vector<std::string> ArgumentsFor(const PortConfig& port) {
  EalConfig eal;
  const absl::Status status = AddDevices({port}, eal);
  EXPECT_TRUE(status.ok()) << status;
  return eal.device_arguments;
}

std::string ErrorOf(const std::vector<PortConfig>& ports) {
  EalConfig eal;
  const absl::Status status = AddDevices(ports, eal);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(eal.device_arguments, IsEmpty());
  return std::string(status.message());
}

TEST(DeviceArgumentsTest, EachKindHasTheArgumentsOfItsDriver) {
  EXPECT_THAT(ArgumentsFor(PortOn("pcap:a.pcap,tx=b.pcap,loop=1")),
              ElementsAre("--vdev=net_pcap0,rx_pcap=a.pcap,tx_pcap=b.pcap,"
                          "infinite_rx=1"));
  EXPECT_THAT(ArgumentsFor(PortOn("null")),
              ElementsAre("--vdev=net_null0,size=64"));
  EXPECT_THAT(ArgumentsFor(PortOn("null:size=0")),
              ElementsAre("--vdev=net_null0,no-rx=1"));
  EXPECT_THAT(ArgumentsFor(PortOn("ring")), ElementsAre("--vdev=net_ring0"));
  EXPECT_THAT(ArgumentsFor(PortOn("memif:/run/m,role=server,id=7")),
              ElementsAre("--vdev=net_memif0,socket=/run/m,socket-abstract=no,"
                          "role=server,id=7,bsize=9022"));
  EXPECT_THAT(ArgumentsFor(PortOn("tap:t0")),
              ElementsAre("--vdev=net_tap0,iface=t0"));
  PortConfig xdp = PortOn("af_xdp:eth0,start_queue=2");
  xdp.rx_queues = xdp.tx_queues = 3;
  EXPECT_THAT(ArgumentsFor(xdp),
              ElementsAre("--vdev=net_af_xdp0,iface=eth0,start_queue=2,"
                          "queue_count=3"));
}

TEST(DeviceArgumentsTest, PciDevicesAreAllowedByAddressAndScannedFor) {
  EalConfig eal;
  ASSERT_TRUE(
      AddDevices(
          {PortOn("0000:01:00.0,opt=1", "a"), PortOn("0000:01:00.1", "b")}, eal)
          .ok());
  EXPECT_THAT(eal.device_arguments, ElementsAre("--allow=0000:01:00.0,opt=1",
                                                "--allow=0000:01:00.1"));
  EXPECT_EQ(eal.pci, EalConfig::Pci::kScan);
}

TEST(DeviceArgumentsTest, WithoutPciPortsThePciBusIsLeftAlone) {
  EalConfig eal;
  ASSERT_TRUE(AddDevices({PortOn("null")}, eal).ok());
  EXPECT_EQ(eal.pci, EalConfig::Pci::kOff);
}

TEST(DeviceArgumentsTest, DevicesAreNumberedByThePlaceOfTheirPort) {
  EalConfig eal;
  ASSERT_TRUE(AddDevices({PortOn("null", "a"), PortOn("null", "b")}, eal).ok());
  EXPECT_THAT(eal.device_arguments, ElementsAre("--vdev=net_null0,size=64",
                                                "--vdev=net_null1,size=64"));
}

// The driver cuts frames that do not fit into a slot, silently, and wants an
// mbuf that could take a whole slot.
TEST(DeviceArgumentsTest, AfPacketSlotsHoldMoreThanTheLargestFrameOfAnyMtu) {
  EXPECT_THAT(ArgumentsFor(PortOn("af_packet:eth0")),
              ElementsAre("--vdev=net_af_packet0,iface=eth0,qpairs=1,"
                          "framesz=9216,blocksz=36864,framecnt=1024"));
  for (uint32_t mtu = PortConfig::kMinMtu; mtu <= PortConfig::kMaxMtu; ++mtu) {
    PortConfig port = PortOn("af_packet:eth0");
    port.mtu = mtu;
    port.rx_ring_packets = 1000;
    const AfPacketRing ring = AfPacketRingFor(port);
    ASSERT_GT(ring.frame_bytes, MaxFrameBytes(port) + 66) << mtu;
    ASSERT_EQ(ring.frame_bytes % 16, 0u) << mtu;
    ASSERT_EQ(ring.block_bytes % ring.frame_bytes, 0u) << mtu;
    ASSERT_EQ(ring.block_bytes % 4096, 0u) << mtu;
    ASSERT_GE(ring.frames, 1000u) << mtu;
    ASSERT_EQ(ring.frames % (ring.block_bytes / ring.frame_bytes), 0u) << mtu;
    ASSERT_GE(BufferBytes(port, DeviceKind::kAfPacket), ring.frame_bytes - 32)
        << mtu;
    ASSERT_LE(BufferBytes(port, DeviceKind::kAfPacket), 65535u - 128) << mtu;
  }
}

TEST(DeviceArgumentsTest, ABadDeviceIsToldWithItsPort) {
  EXPECT_THAT(ErrorOf({PortOn("null", "a"), PortOn("nil", "outside")}),
              HasSubstr("port \"outside\": device \"nil\": is none of"));
}

TEST(DeviceArgumentsTest, NumbersOutOfRangeAreToldWithTheRange) {
  PortConfig port = PortOn("null");
  port.rx_queues = 0;
  EXPECT_EQ(ErrorOf({port}), "port \"p\": queues: 0 is not in [1, 64]");
  port.rx_queues = PortConfig::kMaxQueues + 1;
  EXPECT_EQ(ErrorOf({port}), "port \"p\": queues: 65 is not in [1, 64]");
  port.rx_queues = PortConfig::kMaxQueues;
  EXPECT_THAT(ArgumentsFor(port), testing::SizeIs(1));

  port = PortOn("null");
  port.mtu = PortConfig::kMinMtu - 1;
  EXPECT_EQ(ErrorOf({port}), "port \"p\": mtu: 67 is not in [68, 64000]");
  port.mtu = PortConfig::kMaxMtu + 1;
  EXPECT_EQ(ErrorOf({port}), "port \"p\": mtu: 64001 is not in [68, 64000]");

  port = PortOn("null");
  port.pool_packets = 0;
  EXPECT_THAT(ErrorOf({port}), HasSubstr("pool"));
  EXPECT_THAT(ErrorOf({PortOn("null", "")}), HasSubstr("has no name"));
}

TEST(DeviceArgumentsTest, AReceiveQueueThatNobodyWouldPollIsRefused) {
  PortConfig port = PortOn("af_packet:eth0");
  port.rx_queues = 2;
  EXPECT_EQ(ErrorOf({port}),
            "port \"p\": 2 receive and 1 transmit queues: af_packet:INTERFACE "
            "has as many of the one as the other");
}

TEST(DeviceArgumentsTest, TwoPortsCannotShareANameOrAnInterface) {
  EXPECT_THAT(ErrorOf({PortOn("null"), PortOn("null")}),
              HasSubstr("two ports have this name"));
  EXPECT_THAT(
      ErrorOf({PortOn("af_packet:eth0", "a"), PortOn("af_packet:eth0", "b")}),
      HasSubstr("port \"b\": has the device of port \"a\""));
}

}  // namespace
}  // namespace mosaic
