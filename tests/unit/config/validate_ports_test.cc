#include <string>

#include "control/config/listen_address.h"
#include "gtest/gtest.h"
#include "tests/unit/config/validate_support.h"

namespace mosaic::config {
namespace {

// What is wrong with one port of these settings, relative to it.
std::string PortFaults(const std::string& settings) {
  std::string faults = SystemFaults("ports: [{" + settings + "}]");
  const std::string prefix = "ports[0].";
  for (size_t at = 0; (at = faults.find(prefix, at)) != std::string::npos;) {
    faults.erase(at, prefix.size());
  }
  return faults;
}

const std::string kWire =
    "ports: [{id: a, device: \"af_packet:eth0\", mode: wire, peer: b}, "
    "{id: b, device: \"af_packet:eth1\", mode: wire, peer: a}]";

TEST(ValidatePortsTest, ATapPortNeedsAnIdAndADevice) {
  EXPECT_EQ(PortFaults("id: p, device: \"null\""), "");
  EXPECT_EQ(PortFaults("id: p, device: \"null\", mode: tap"), "");
  EXPECT_EQ(PortFaults("device: \"null\""),
            "id: required; allowed: [a-z][a-z0-9-]{0,62}\n");
  EXPECT_EQ(PortFaults("id: p"),
            "device: required; such as af_packet:INTERFACE or pcap:FILE\n");
}

TEST(ValidatePortsTest, ADeviceThatIsNoneIsToldWithTheForms) {
  EXPECT_NE(PortFaults("id: p, device: eth0")
                .find("device: device \"eth0\": is none of pcap:FILE, null"),
            std::string::npos);
}

TEST(ValidatePortsTest, AWireNamesItsPeerFromBothSides) {
  EXPECT_EQ(SystemFaults(kWire), "");
  EXPECT_EQ(PortFaults("id: p, device: \"null\", mode: wire"),
            "peer: required with mode: wire; the id of the other port\n");
  EXPECT_EQ(PortFaults("id: p, device: \"null\", mode: wire, peer: p"),
            "peer: a port cannot be its own peer\n");
  EXPECT_EQ(PortFaults("id: p, device: \"null\", peer: q"),
            "peer: allowed only with mode: wire\n");
  EXPECT_EQ(
      SystemFaults(
          "ports: [{id: lan, device: \"null\", mode: wire, peer: wann}, "
          "{id: wan, device: \"null\", mode: wire, peer: lan}]"),
      "ports[0].peer: there is no port \"wann\"; allowed: wan; did you mean "
      "\"wan\"?\n"
      "ports[1].peer: port \"lan\" does not name this one as its peer; give it "
      "mode: wire and peer: wan\n");
  EXPECT_EQ(
      SystemFaults("ports: [{id: a, device: \"null\", mode: wire, peer: b}, "
                   "{id: b, device: \"null\"}]"),
      "ports[0].peer: port \"b\" does not name this one as its peer; "
      "give it mode: wire and peer: a\n");
}

TEST(ValidatePortsTest, IdsAndKernelInterfacesAreTakenOnce) {
  EXPECT_EQ(SystemFaults("ports: [{id: a, device: \"null\"}, "
                         "{id: a, device: \"null\"}]"),
            "ports[1].id: \"a\" is already the id of ports[0].id\n");
  EXPECT_EQ(SystemFaults("ports: [{id: a, device: \"af_packet:eth0\"}, "
                         "{id: b, device: \"af_xdp:eth0\"}]"),
            "ports[1].device: \"eth0\" is already behind ports[0].device\n");
}

TEST(ValidatePortsTest, ACaptureInAWireSaysWhereWhatIsSentGoes) {
  EXPECT_EQ(
      SystemFaults("ports: [{id: a, device: \"pcap:in\", mode: wire, peer: b}, "
                   "{id: b, device: \"null\", mode: wire, peer: a}]"),
      "ports[0].device: a capture file in wire mode needs tx=FILE for what is "
      "sent; tx=/dev/null drops it\n");
}

TEST(ValidatePortsTest, AWireHasNoMoreWorkersThanTransmitQueues) {
  const std::string captures =
      "ports: [{id: a, device: \"pcap:in,tx=out\", mode: wire, peer: b}, "
      "{id: b, device: \"null\", mode: wire, peer: a}]";
  EXPECT_EQ(SystemFaults("workers: 1, " + captures), "");
  EXPECT_EQ(SystemFaults(captures), "");
  EXPECT_EQ(SystemFaults("workers: 3, " + captures),
            "ports[0].mode: wire with 3 workers needs as many queues, and "
            "pcap:FILE has 1; allowed with it: workers up to 1\n");
  EXPECT_EQ(SystemFaults("cpus: [0, 1], " + captures),
            "ports[0].mode: wire with 2 workers needs as many queues, and "
            "pcap:FILE has 1; allowed with it: workers up to 1\n");
  EXPECT_EQ(SystemFaults("workers: 16, " + kWire), "");
  EXPECT_NE(SystemFaults("workers: 17, " + kWire), "");
}

TEST(ValidatePortsTest, QueuesFitTheDeviceAndTheWorkers) {
  EXPECT_EQ(PortFaults("id: p, device: \"null\", rx_queues: auto"), "");
  EXPECT_EQ(PortFaults("id: p, device: \"null\", rx_queues: 64"), "");
  EXPECT_EQ(PortFaults("id: p, device: \"pcap:f\", rx_queues: 2"),
            "rx_queues: 2 is not in [1, 1], which pcap:FILE can have\n");
  EXPECT_EQ(
      SystemFaults("workers: 3, ports: [{id: a, device: \"af_packet:eth0\", "
                   "rx_queues: 2, mode: wire, peer: b}, "
                   "{id: b, device: \"null\", mode: wire, peer: a}]"),
      "ports[0].rx_queues: wire with 3 workers needs as many queues, and 2 are "
      "given; allowed: auto, or 3 and more\n");
}

TEST(ValidatePortsTest, SizesAreBounded) {
  const auto faults = [](const std::string& setting) {
    return PortFaults("id: p, device: \"null\", " + setting);
  };
  for (const char* good : {"rx_ring_packets: 64", "rx_ring_packets: 16384",
                           "tx_ring_packets: 64", "mtu: 68", "mtu: 64000",
                           "pool_packets: 2048", "pool_packets: 16777216"}) {
    EXPECT_EQ(faults(good), "") << good;
  }
  EXPECT_EQ(faults("rx_ring_packets: 63"),
            "rx_ring_packets: 63 is not in [64, 16384]\n");
  EXPECT_EQ(faults("tx_ring_packets: 16385"),
            "tx_ring_packets: 16385 is not in [64, 16384]\n");
  EXPECT_EQ(faults("mtu: 67"), "mtu: 67 is not in [68, 64000]\n");
  EXPECT_EQ(faults("mtu: 0"), "mtu: 0 is not in [68, 64000]\n");
  EXPECT_EQ(faults("pool_packets: 255"),
            "pool_packets: 255 is not in [256, 16777216]\n");
  EXPECT_EQ(faults("pool_packets: 2047"),
            "pool_packets: 2047 is less than the 2048 of rx_ring_packets and "
            "tx_ring_packets together\n");
  EXPECT_EQ(faults("rx_ring_packets: 64, tx_ring_packets: 64, "
                   "pool_packets: 256"),
            "");
}

TEST(ValidatePortsTest, ThereAreAtMost32Ports) {
  const auto ports = [](int count) {
    std::string text = "ports: [";
    for (int i = 0; i < count; ++i) {
      text += "{id: p" + std::to_string(i) + ", device: \"null\"},";
    }
    return text + "]";
  };
  EXPECT_EQ(SystemFaults(ports(32)), "");
  EXPECT_EQ(SystemFaults(ports(33)),
            "ports: 33 ports; at most 32 are allowed\n");
}

TEST(ValidatePortsTest, PlainTcpIsServedOnLoopbackOnly) {
  for (const char* good : {"127.0.0.1:1", "127.0.0.1:65535"}) {
    EXPECT_EQ(
        SystemFaults(std::string("control: {tcp_listen: \"") + good + "\"}"),
        "")
        << good;
  }
  EXPECT_EQ(SystemFaults("control: {tcp_listen: \"0.0.0.0:50051\"}"),
            "control.tcp_listen: \"0.0.0.0:50051\" is not 127.0.0.1:PORT, and "
            "without TLS the API is served on no other address\n");
  EXPECT_NE(SystemFaults("control: {tcp_listen: \"[::1]:50051\"}"), "");
}

TEST(ValidatePortsTest, AnAddressIsANumberWithAPort) {
  for (const char* bad :
       {"localhost:80", "127.0.0.1", "127.0.0.1:0", "127.0.0.1:65536",
        "127.0.0.1:8x", "::1:80", ":80", "[127.0.0.1]:80", ""}) {
    EXPECT_FALSE(ParseListenAddress(bad).ok()) << bad;
  }
  EXPECT_EQ(ParseListenAddress("[::1]:80")->ToString(), "[::1]:80");
  EXPECT_EQ(SystemFaults("metrics: {listen: \"0.0.0.0:9464\"}"), "");
  EXPECT_EQ(SystemFaults("metrics: {listen: metrics}"),
            "metrics.listen: \"metrics\" is not ADDRESS:PORT, such as "
            "127.0.0.1:9464 or [::1]:9464, with a port in [1, 65535]\n");
}

TEST(ValidatePortsTest, ASocketHasAnAbsolutePathThatFitsItsAddress) {
  const auto faults = [](const std::string& path) {
    return SystemFaults("control: {socket_path: \"" + path + "\"}");
  };
  EXPECT_EQ(faults("/" + std::string(106, 's')), "");
  EXPECT_NE(faults("/" + std::string(107, 's')), "");
  EXPECT_EQ(faults("run/m.sock"),
            "control.socket_path: \"run/m.sock\" is not an absolute path of at "
            "most 107 bytes\n");
}

}  // namespace
}  // namespace mosaic::config
