// EAL with two ports, for the whole of a test program: a ring, in which what is
// sent to it is what it receives, and a capture of a connection, with a pool
// that is smaller than a burst.

#pragma once

#include <rte_config.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/io/allowed_cpus.h"
#include "dataplane/io/device_arguments.h"
#include "dataplane/io/eal.h"
#include "dataplane/io/packet_numbers.h"
#include "dataplane/io/port.h"
#include "gtest/gtest.h"
#include "tests/support/capture_builder.h"
#include "tests/support/packet_builder.h"
#include "tests/support/temporary_file.h"

namespace mosaic::conformance {

class PortEnvironment : public ::testing::Environment {
 public:
  static constexpr uint32_t kSmallPool = 40;

  explicit PortEnvironment(const std::vector<PacketBuilder>& capture)
      : capture_(FileOf(capture)) {}

  void SetUp() override {
    PortConfig ring;
    ring.name = "ring";
    ring.device = "ring";
    ring.pool_packets = 1023;
    PortConfig file;
    file.name = "file";
    file.device = "pcap:" + capture_.path();
    file.pool_packets = kSmallPool;
    EalConfig eal_config;
    eal_config.memory_mib = 128;
    eal_config.worker_cpus = SpreadWorkers(1, AllowedCpus());
    eal_config.log = EalConfig::Log::kErrors;
    ASSERT_TRUE(AddDevices({ring, file}, eal_config).ok());
    auto eal = Eal::Start(eal_config);
    ASSERT_TRUE(eal.ok()) << eal.status();
    eal_ = *std::move(eal);
    ring_ = Open(ring, 0);
    file_ = Open(file, 1);
    ASSERT_EQ(rte_eth_dev_get_port_by_name(
                  DeviceName(*ParseDevice(ring.device), 0).c_str(), &device_),
              0);
  }
  void TearDown() override {
    EXPECT_EQ(ring_->pool().in_use(), 0u);
    EXPECT_EQ(file_->pool().in_use(), 0u);
    ring_.reset();
    file_.reset();
    eal_.reset();
  }

  const MbufPool& pool() const { return ring_->pool(); }
  Port& file() { return *file_; }

  // The packet that the ring receives when `mbuf` comes.
  Packet Pass(rte_mbuf* mbuf) {
    std::array<Packet, 1> packet;
    EXPECT_EQ(rte_eth_tx_burst(device_, 0, &mbuf, 1), 1);
    EXPECT_EQ(ring_->rx_queue(0).Receive(packet), 1u);
    return std::move(packet[0]);
  }

 private:
  static mosaic::testing::FileBytes FileOf(
      const std::vector<PacketBuilder>& packets) {
    mosaic::testing::PcapBuilder file;
    for (const PacketBuilder& packet : packets) {
      const PacketBuilder::Bytes bytes = packet.Build();
      file.Packet(0,
                  {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    }
    return file.bytes();
  }

  std::unique_ptr<Port> Open(const PortConfig& config, uint16_t place) {
    auto port = Port::Open(config, place, [] { return Timestamp(); });
    EXPECT_TRUE(port.ok()) << port.status();
    (*port)->rx_queue(0).AssignTo(numbers_);
    return *std::move(port);
  }

  const mosaic::testing::TemporaryFile capture_;
  PacketNumbers numbers_{0, 1};
  std::unique_ptr<Eal> eal_;
  std::unique_ptr<Port> ring_;
  std::unique_ptr<Port> file_;
  uint16_t device_ = 0;
};

}  // namespace mosaic::conformance
