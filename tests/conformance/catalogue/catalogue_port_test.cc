// The evasion catalogue once more through a port: each frame is an mbuf in the
// ring of a DPDK device, in one segment or in several, and is received by the
// port's queue.

#include <rte_config.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/io/allowed_cpus.h"
#include "dataplane/io/device_arguments.h"
#include "dataplane/io/eal.h"
#include "dataplane/io/packet_numbers.h"
#include "dataplane/io/port.h"
#include "gtest/gtest.h"
#include "tests/component/mbuf_chain.h"
#include "tests/conformance/catalogue/groups.h"
#include "tests/conformance/catalogue/runner.h"

namespace mosaic::conformance {
namespace {

// EAL with one port that is a ring: what is sent to it is what it receives.
class RingPort : public ::testing::Environment {
 public:
  void SetUp() override {
    PortConfig config;
    config.name = "ring";
    config.device = "ring";
    config.pool_packets = 1023;
    EalConfig eal_config;
    eal_config.memory_mib = 128;
    eal_config.worker_cpus = SpreadWorkers(1, AllowedCpus());
    eal_config.log = EalConfig::Log::kErrors;
    ASSERT_TRUE(AddDevices({config}, eal_config).ok());
    auto eal = Eal::Start(eal_config);
    ASSERT_TRUE(eal.ok()) << eal.status();
    eal_ = *std::move(eal);
    auto port = Port::Open(config, 0, [] { return Timestamp(); });
    ASSERT_TRUE(port.ok()) << port.status();
    port_ = *std::move(port);
    port_->rx_queue(0).AssignTo(numbers_);
    ASSERT_EQ(rte_eth_dev_get_port_by_name(
                  DeviceName(*ParseDevice(config.device), 0).c_str(), &device_),
              0);
  }
  void TearDown() override {
    EXPECT_EQ(port_->pool().in_use(), 0u);
    port_.reset();
    eal_.reset();
  }

  const MbufPool& pool() const { return port_->pool(); }

  // The packet that the port receives when `mbuf` comes.
  Packet Pass(rte_mbuf* mbuf) {
    std::array<Packet, 1> packet;
    EXPECT_EQ(rte_eth_tx_burst(device_, 0, &mbuf, 1), 1);
    EXPECT_EQ(port_->rx_queue(0).Receive(packet), 1u);
    return std::move(packet[0]);
  }

 private:
  PacketNumbers numbers_{0, 1};
  std::unique_ptr<Eal> eal_;
  std::unique_ptr<Port> port_;
  uint16_t device_ = 0;
};

RingPort* const kRing =
    static_cast<RingPort*>(::testing::AddGlobalTestEnvironment(new RingPort));

uint64_t FlagsOf(ChecksumVerdict ip, ChecksumVerdict l4) {
  uint64_t flags = 0;
  switch (ip) {
    case ChecksumVerdict::kUnknown:
      break;
    case ChecksumVerdict::kNone:
      flags |= RTE_MBUF_F_RX_IP_CKSUM_NONE;
      break;
    case ChecksumVerdict::kGood:
      flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
      break;
    case ChecksumVerdict::kBad:
      flags |= RTE_MBUF_F_RX_IP_CKSUM_BAD;
      break;
  }
  switch (l4) {
    case ChecksumVerdict::kUnknown:
      break;
    case ChecksumVerdict::kNone:
      flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
      break;
    case ChecksumVerdict::kGood:
      flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
      break;
    case ChecksumVerdict::kBad:
      flags |= RTE_MBUF_F_RX_L4_CKSUM_BAD;
      break;
  }
  return flags;
}

// One segment, or a new one inside the IP header, inside the TCP header, and
// at the last byte.
class PortTransport : public Transport {
 public:
  std::vector<std::string_view> forms() const override {
    return {"port, one segment", "port, several segments"};
  }
  bool Takes(const Case& c) const override { return c.port; }
  void Send(mosaic::testing::EngineHarness& harness, const Frame& frame,
            size_t form) override {
    ASSERT_EQ(frame.link, LinkType::kEthernet)
        << "a port has no other link; say port = false";
    std::vector<size_t> cuts;
    for (const size_t cut : {size_t{23}, size_t{45}, frame.bytes.size() - 1}) {
      const size_t last = cuts.empty() ? 0 : cuts.back();
      if (form == 1 && cut > last && cut < frame.bytes.size()) {
        cuts.push_back(cut);
      }
    }
    rte_mbuf* const mbuf =
        mosaic::testing::Chain(kRing->pool(), frame.bytes, cuts);
    ASSERT_NE(mbuf, nullptr);
    mbuf->ol_flags |= FlagsOf(frame.ip_checksum, frame.l4_checksum);
    harness.SendPacket(kRing->Pass(mbuf));
  }
};

class CataloguePort : public ::testing::Test {
 protected:
  void Run(const std::vector<Case>& cases) {
    PortTransport transport;
    RunCases(cases, transport, tallies_);
  }
  static void TearDownTestSuite() { PrintTallies("by a port", tallies_); }

  static Tallies tallies_;
};

Tallies CataloguePort::tallies_;

TEST_F(CataloguePort, GroupO) { Run(GroupO()); }

}  // namespace
}  // namespace mosaic::conformance
