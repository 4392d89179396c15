// Ports without hardware. EAL starts once in a process, so all tests share one
// start with the devices of all of them; each test opens its own port.

#include "dataplane/io/port.h"

#include <rte_config.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "dataplane/io/allowed_cpus.h"
#include "dataplane/io/capture_reader.h"
#include "dataplane/io/device_arguments.h"
#include "dataplane/io/eal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/component/mbuf_chain.h"
#include "tests/support/capture_builder.h"
#include "tests/support/packet_builder.h"
#include "tests/support/temporary_file.h"

namespace mosaic {
namespace {

using mosaic::testing::Chain;
using mosaic::testing::Frame;
using mosaic::testing::PcapBuilder;
using mosaic::testing::TemporaryFile;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using Bytes = mosaic::testing::FrameBytes;

constexpr uint32_t kSmallPool = 40;
constexpr size_t kWorkers = 2;

// Where each test's port stands among those that EAL is started with.
enum PortPlace : uint16_t {
  kNullPort,
  kSilentPort,
  kFilePort,
  kLongFramesPort,
  kSmallPoolPort,
  kRingPort,
  kTwoQueuePort,
  kVanishedPort,
  kGreedyPort,
  kMemifServerPort,
  kMemifClientPort,
};

std::vector<Bytes> FramesOfLengths(const std::vector<size_t>& lengths) {
  std::vector<Bytes> frames;
  frames.reserve(lengths.size());
  for (const size_t length : lengths) {
    frames.push_back(Frame(length, static_cast<uint32_t>(frames.size())));
  }
  return frames;
}

mosaic::testing::FileBytes CaptureOf(const std::vector<Bytes>& frames) {
  PcapBuilder file;
  for (const Bytes& frame : frames) {
    file.Packet(0, std::string_view(reinterpret_cast<const char*>(frame.data()),
                                    frame.size()));
  }
  return file.bytes();
}

// 14 bytes, some usual ones, the largest frame of the port, several bursts.
std::vector<Bytes> FramesOfTheFile() {
  std::vector<size_t> lengths = {14,   60,   61,   1514, 1518,
                                 2047, 2048, 2049, 9022};
  for (size_t i = 0; i < 200; ++i) lengths.push_back(60 + 7 * i);
  return FramesOfLengths(lengths);
}

class Devices : public ::testing::Environment {
 public:
  void SetUp() override {
    Add(kNullPort, "null");
    Add(kSilentPort, "null:size=0");
    Add(kFilePort, "pcap:" + file_.path() + ",tx=" + sent_.path());
    Add(kLongFramesPort, "pcap:" + long_frames_.path()).mtu = 1500;
    Add(kSmallPoolPort, "pcap:" + file_.path()).pool_packets = kSmallPool;
    Add(kRingPort, "ring");
    PortConfig& two = Add(kTwoQueuePort, "null");
    two.rx_queues = two.tx_queues = 2;
    {
      const TemporaryFile vanishing(CaptureOf({}));
      Add(kVanishedPort, "pcap:" + vanishing.path());
    }
    Add(kGreedyPort, "null").pool_packets = 1u << 20;
    const std::string socket = sent_.path() + ".memif";
    Add(kMemifServerPort, "memif:" + socket + ",role=server");
    Add(kMemifClientPort, "memif:" + socket);

    EalConfig config;
    config.memory_mib = 256;
    config.worker_cpus = SpreadWorkers(kWorkers, AllowedCpus());
    config.log = EalConfig::Log::kErrors;
    ASSERT_TRUE(AddDevices(ports_, config).ok());
    arguments_ = config.device_arguments;
    absl::StatusOr<std::unique_ptr<Eal>> eal = Eal::Start(config);
    ASSERT_TRUE(eal.ok()) << eal.status();
    eal_ = *std::move(eal);
  }
  void TearDown() override { eal_.reset(); }

  // Closing a port takes its device away; this brings it back as EAL was told
  // to make it.
  void Plug(PortPlace place) const {
    const std::string name =
        DeviceName(*ParseDevice(ports_[place].device), place);
    uint16_t number;
    if (rte_eth_dev_get_port_by_name(name.c_str(), &number) == 0) return;
    const std::string& argument = arguments_[place];
    const size_t comma = argument.find(',');
    const std::string options =
        comma == std::string::npos ? "" : argument.substr(comma + 1);
    ASSERT_EQ(rte_eal_hotplug_remove("vdev", name.c_str()), 0);
    ASSERT_EQ(rte_eal_hotplug_add("vdev", name.c_str(), options.c_str()), 0);
  }

  const PortConfig& config(PortPlace place) const { return ports_[place]; }
  const std::string& sent_path() const { return sent_.path(); }
  Eal& eal() { return *eal_; }

 private:
  PortConfig& Add(PortPlace place, const std::string& device) {
    EXPECT_EQ(ports_.size(), static_cast<size_t>(place));
    PortConfig port;
    port.name = "port" + std::to_string(place);
    port.device = device;
    port.pool_packets = 1023;
    ports_.push_back(port);
    return ports_.back();
  }

  const TemporaryFile file_{CaptureOf(FramesOfTheFile())};
  const TemporaryFile sent_{CaptureOf({})};
  const TemporaryFile long_frames_{
      CaptureOf(FramesOfLengths({1522, 1523, 9022, 60000, 61}))};
  std::vector<PortConfig> ports_;
  std::vector<std::string> arguments_;  // By port.
  std::unique_ptr<Eal> eal_;
};

Devices* const kDevices =
    static_cast<Devices*>(::testing::AddGlobalTestEnvironment(new Devices));

// One open port, its clock in the test's hands.
class OpenPort {
 public:
  explicit OpenPort(PortPlace place) {
    kDevices->Plug(place);
    absl::StatusOr<std::unique_ptr<Port>> port =
        Port::Open(kDevices->config(place), place, [this] { return now; });
    EXPECT_TRUE(port.ok()) << port.status();
    port_ = *std::move(port);
    for (size_t i = 0; i < port_->rx_queues(); ++i) {
      port_->rx_queue(i).AssignTo(numbers_);
    }
  }
  Port* operator->() { return port_.get(); }
  Port& operator*() { return *port_; }
  RxQueue& rx() { return port_->rx_queue(0); }
  TxQueue& tx() { return port_->tx_queue(0); }

  Timestamp now = Timestamp::FromNanos(1'000);

 private:
  PacketNumbers numbers_{0, 1};
  std::unique_ptr<Port> port_;
};

Bytes BytesOf(const Packet& packet) {
  return Bytes(packet.data, packet.data + packet.length);
}

// All that the queue gives until it ends, or until `polls` were in vain.
std::vector<Bytes> ReceiveAll(PacketSource& source, size_t polls = 8) {
  std::vector<Bytes> frames;
  std::array<Packet, 64> burst;
  while (source.state() == PacketSource::State::kActive && polls > 0) {
    const size_t count = source.Receive(burst);
    if (count == 0) --polls;
    for (size_t i = 0; i < count; ++i) {
      frames.push_back(BytesOf(burst[i]));
      burst[i].Free();
    }
  }
  return frames;
}

TEST(NullPortTest, GivesAndTakesPacketsWithoutLosingAnMbuf) {
  OpenPort port(kNullPort);
  std::array<Packet, 64> burst;
  uint64_t received = 0;
  for (int round = 0; round < 10'000; ++round) {
    const size_t count = port.rx().Receive(burst);
    ASSERT_EQ(count, 64u);
    received += count;
    // Half of them are freed, the others sent.
    for (size_t i = 0; i < 32; ++i) burst[i].Free();
    ASSERT_EQ(port.tx().Send(std::span(burst).subspan(32)), 32u);
  }
  EXPECT_EQ(port->pool().in_use(), 0u);

  const PortStats stats = port->Stats();
  EXPECT_EQ(stats.rx_packets, received);
  EXPECT_EQ(stats.tx_packets, received / 2);
  EXPECT_EQ(stats.rx_queues.at(0).packets, received);
  EXPECT_EQ(stats.rx_queues.at(0).bytes, received * 64);
  EXPECT_EQ(stats.tx_queues.at(0).packets, received / 2);
  EXPECT_EQ(stats.tx_queues.at(0).bytes, received / 2 * 64);
}

TEST(NullPortTest, PacketsCarryTheClockOfTheirBurstAndIndexesThatGrow) {
  OpenPort port(kNullPort);
  std::array<Packet, 3> burst;
  uint64_t last = 0;
  for (int64_t nanos = 2'000; nanos < 2'100; nanos += 10) {
    port.now = Timestamp::FromNanos(nanos);
    ASSERT_EQ(port.rx().Receive(burst), 3u);
    for (const Packet& packet : burst) {
      EXPECT_EQ(packet.time, port.now);
      EXPECT_EQ(packet.clock, port.now);
      EXPECT_GT(packet.index, last);
      EXPECT_EQ(packet.port, kNullPort);
      EXPECT_EQ(packet.link, LinkType::kEthernet);
      EXPECT_EQ(packet.wire_length, packet.length);
      EXPECT_EQ(packet.ip_checksum, ChecksumVerdict::kUnknown);
      last = packet.index;
    }
  }
}

TEST(NullPortTest, APlaceThatStillHeldAPacketFreesIt) {
  OpenPort port(kNullPort);
  std::array<Packet, 64> burst;
  for (int round = 0; round < 100; ++round) {
    ASSERT_EQ(port.rx().Receive(burst), 64u);
  }
  EXPECT_EQ(port->pool().in_use(), 64u);
}

TEST(NullPortTest, AnEmptyPoolStopsReceptionIsCountedAndHeals) {
  OpenPort port(kNullPort);
  std::vector<Packet> held(2048);
  size_t count = 0;
  while (const size_t got =
             port.rx().Receive(std::span(held).subspan(count, 64))) {
    count += got;
  }
  EXPECT_GT(count, 1023u - 64);
  EXPECT_LE(count, 1023u);
  EXPECT_EQ(port.rx().counters().pool_short.Read(), 1u);

  held.clear();
  EXPECT_EQ(port->pool().in_use(), 0u);
  std::array<Packet, 64> burst;
  EXPECT_EQ(port.rx().Receive(burst), 64u);
  EXPECT_EQ(port.rx().counters().pool_short.Read(), 1u);
}

TEST(NullPortTest, APortWithoutTrafficStaysActive) {
  OpenPort port(kSilentPort);
  EXPECT_TRUE(ReceiveAll(port.rx(), 1'000).empty());
  EXPECT_EQ(port.rx().state(), PacketSource::State::kActive);
  EXPECT_EQ(port.rx().counters().pool_short.Read(), 0u);
}

TEST(NullPortTest, PacketsMayBeFreedOnAnyThread) {
  OpenPort port(kNullPort);
  for (int round = 0; round < 100; ++round) {
    std::array<Packet, 64> first;
    std::array<Packet, 64> second;
    ASSERT_EQ(port.rx().Receive(first), 64u);
    ASSERT_EQ(port.rx().Receive(second), 64u);
    ASSERT_TRUE(kDevices->eal()
                    .Launch(1,
                            [&] {
                              for (Packet& p : first) p.Free();
                            })
                    .ok());
    std::thread([&] {
      for (Packet& p : second) p.Free();
    }).join();
    kDevices->eal().JoinAll();
  }
  EXPECT_EQ(port->pool().in_use(), 0u);
}

TEST(NullPortTest, EachQueueCountsItsOwnPackets) {
  OpenPort port(kTwoQueuePort);
  ASSERT_EQ(port->rx_queues(), 2u);
  std::array<Packet, 8> burst;
  ASSERT_EQ(port->rx_queue(1).Receive(burst), 8u);
  EXPECT_EQ(port->tx_queue(1).Send(burst), 8u);

  const PortStats stats = port->Stats();
  EXPECT_EQ(stats.rx_queues.at(0).packets, 0u);
  EXPECT_EQ(stats.rx_queues.at(1).packets, 8u);
  EXPECT_EQ(stats.tx_queues.at(1).packets, 8u);
}

TEST(NullPortTest, InfoTellsWhatTheDeviceIs) {
  OpenPort port(kNullPort);
  const PortInfo info = port->Info();
  EXPECT_EQ(info.driver, "net_null");
  EXPECT_EQ(info.mtu, 9000u);
  EXPECT_TRUE(info.link_up);
  EXPECT_EQ(info.mac.size(), 17u);
  EXPECT_EQ(info.pool_packets, 1023u);
  EXPECT_EQ(info.pool_packets_in_use, 0u);
}

TEST(PcapPortTest, ReceivesTheFileExactlyAndEnds) {
  OpenPort port(kFilePort);
  EXPECT_THAT(ReceiveAll(port.rx()), ElementsAreArray(FramesOfTheFile()));
  EXPECT_EQ(port.rx().state(), PacketSource::State::kEnded);
  EXPECT_EQ(port->pool().in_use(), 0u);
  EXPECT_EQ(port->Stats().rx_packets, FramesOfTheFile().size());

  // What was received is written as it is, and what did not come from a port
  // too.
  const std::vector<Bytes> foreign = FramesOfLengths({60, 1514, 9022, 9023});
  std::vector<Bytes> storage = foreign;
  std::vector<Packet> packets(storage.size());
  for (size_t i = 0; i < storage.size(); ++i) {
    packets[i].data = storage[i].data();
    packets[i].length = static_cast<uint32_t>(storage[i].size());
  }
  EXPECT_EQ(port.tx().Send(packets), 3u);
  EXPECT_EQ(port.tx().counters().oversize.Read(), 1u);
  EXPECT_EQ(port->pool().in_use(), 0u);
  port->Stop();
  EXPECT_EQ(port->Stats().tx_packets, 3u) << "after the end too";

  auto reader = CaptureReader::Open(kDevices->sent_path());
  ASSERT_TRUE(reader.ok()) << reader.status();
  std::vector<Bytes> written;
  CaptureRecord record;
  while ((*reader)->Next(record) == CaptureReader::Outcome::kRecord) {
    written.emplace_back(record.bytes.begin(), record.bytes.end());
  }
  EXPECT_THAT(written, ElementsAreArray(foreign.begin(), foreign.end() - 1));
}

TEST(PcapPortTest, AFrameLongerThanTheMtuAllowsIsDroppedAndCountedNeverCut) {
  OpenPort port(kLongFramesPort);
  const std::vector<Bytes> frames = ReceiveAll(port.rx());
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_EQ(frames[0].size(), 1522u);
  EXPECT_EQ(frames[1].size(), 61u);
  EXPECT_EQ(port.rx().counters().oversize.Read(), 3u);
  EXPECT_EQ(port->pool().in_use(), 0u);
}

TEST(PcapPortTest, AnEmptyPoolIsNotTakenForTheEndOfTheFile) {
  OpenPort port(kSmallPoolPort);
  std::vector<Packet> held(64);
  ASSERT_EQ(port.rx().Receive(held), kSmallPool);
  std::array<Packet, 1> one;
  ASSERT_EQ(port.rx().Receive(one), 0u);
  EXPECT_EQ(port.rx().state(), PacketSource::State::kActive);
  EXPECT_GT(port->Stats().rx_no_mbuf, 0u);
  EXPECT_EQ(port.rx().counters().pool_short.Read(), 1u);

  held.clear();
  const size_t rest = ReceiveAll(port.rx(), 1'000).size();
  EXPECT_EQ(port.rx().state(), PacketSource::State::kEnded);
  // Every packet of the file was received, or is counted as lost.
  const PortStats stats = port->Stats();
  EXPECT_EQ(kSmallPool + rest + stats.rx_no_mbuf, FramesOfTheFile().size());
}

// Polls `port` until its link is as wanted: memif's two ends find and leave
// each other in a thread of EAL.
bool LinkBecomes(bool up, OpenPort& port) {
  for (int waits = 0; waits < 500; ++waits) {
    if (port->Info().link_up == up) return true;
    usleep(10'000);
  }
  return false;
}

TEST(MemifPortTest, FramesPassBothWaysBetweenServerAndClient) {
  OpenPort server(kMemifServerPort);
  OpenPort client(kMemifClientPort);
  ASSERT_TRUE(LinkBecomes(true, server) && LinkBecomes(true, client));

  const std::vector<Bytes> frames =
      FramesOfLengths({14, 60, 1514, 2048, 2049, 9022});
  for (OpenPort* const from : {&server, &client}) {
    OpenPort& to = from == &server ? client : server;
    // A client lends the server its buffers when it polls.
    EXPECT_TRUE(ReceiveAll(to.rx()).empty());
    std::vector<Bytes> storage = frames;
    std::vector<Packet> packets(storage.size());
    for (size_t i = 0; i < storage.size(); ++i) {
      packets[i].data = storage[i].data();
      packets[i].length = static_cast<uint32_t>(storage[i].size());
    }
    ASSERT_EQ(from->tx().Send(packets), frames.size());
    EXPECT_THAT(ReceiveAll(to.rx()), ElementsAreArray(frames));
    EXPECT_EQ(to.rx().counters().linearised.Read(), 0u);
  }

  client->Stop();
  EXPECT_TRUE(LinkBecomes(false, server));
}

class RingPortTest : public ::testing::Test {
 protected:
  // Puts `mbuf` where the port receives.
  void Inject(rte_mbuf* mbuf) {
    ASSERT_EQ(rte_eth_tx_burst(DeviceNumber(), 0, &mbuf, 1), 1);
  }
  uint16_t DeviceNumber() {
    uint16_t number = 0;
    EXPECT_EQ(rte_eth_dev_get_port_by_name(
                  ("net_ring" + std::to_string(kRingPort)).c_str(), &number),
              0);
    return number;
  }
};

TEST_F(RingPortTest, ThePacketThatWasReceivedIsTheOneSentAsItStandsNow) {
  OpenPort port(kRingPort);
  const Bytes frame = Frame(60, 1);
  std::array<Packet, 64> burst;
  Inject(Chain(port->pool(), frame, {}));
  ASSERT_EQ(port.rx().Receive(burst), 1u);
  EXPECT_EQ(BytesOf(burst[0]), frame);
  const void* const mbuf = burst[0].storage;
  burst[0].data[0] = 0xaa;
  burst[0].length -= 1;

  ASSERT_EQ(port.tx().Send(std::span(burst).first(1)), 1u);

  EXPECT_EQ(burst[0].owner, nullptr);
  ASSERT_EQ(port.rx().Receive(burst), 1u);
  EXPECT_EQ(burst[0].storage, mbuf) << "nothing is copied";
  Bytes edited(frame.begin(), frame.end() - 1);
  edited[0] = 0xaa;
  EXPECT_EQ(BytesOf(burst[0]), edited);
}

TEST_F(RingPortTest, ADevicesVerdictOnChecksumsDoesNotOutliveTheSending) {
  OpenPort port(kRingPort);
  std::array<Packet, 64> burst;
  rte_mbuf* const mbuf = Chain(port->pool(), Frame(60, 1), {});
  mbuf->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_BAD;
  Inject(mbuf);
  ASSERT_EQ(port.rx().Receive(burst), 1u);
  EXPECT_EQ(burst[0].ip_checksum, ChecksumVerdict::kGood);
  EXPECT_EQ(burst[0].l4_checksum, ChecksumVerdict::kBad);

  ASSERT_EQ(port.tx().Send(std::span(burst).first(1)), 1u);

  ASSERT_EQ(port.rx().Receive(burst), 1u);
  EXPECT_EQ(burst[0].ip_checksum, ChecksumVerdict::kUnknown);
  EXPECT_EQ(burst[0].l4_checksum, ChecksumVerdict::kUnknown);
}

TEST_F(RingPortTest, AChainCutAtAnyTwoBytesIsTheSamePacket) {
  OpenPort port(kRingPort);
  const Bytes frame = PacketBuilder().Payload("Where do headers end?").Build();
  std::array<Packet, 64> burst;
  uint64_t chains = 0;
  for (size_t first = 0; first <= frame.size(); ++first) {
    for (size_t second = first; second <= frame.size(); ++second) {
      rte_mbuf* const chain = Chain(port->pool(), frame, {first, second});
      chain->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
      Inject(chain);
      ++chains;
      ASSERT_EQ(port.rx().Receive(burst), 1u);
      ASSERT_EQ(BytesOf(burst[0]), frame) << first << " " << second;
      ASSERT_EQ(burst[0].wire_length, frame.size());
      ASSERT_EQ(burst[0].l4_checksum, ChecksumVerdict::kGood);
      burst[0].Free();
    }
  }
  EXPECT_EQ(port.rx().counters().linearised.Read(), chains);
  EXPECT_EQ(port->pool().in_use(), 0u);
}

TEST_F(RingPortTest, WhatAFullRingDoesNotTakeIsFreedAndCounted) {
  OpenPort port(kRingPort);
  std::vector<Bytes> storage = FramesOfLengths(std::vector<size_t>(600, 60));
  std::vector<Packet> packets(storage.size());
  for (size_t i = 0; i < storage.size(); ++i) {
    packets[i].data = storage[i].data();
    packets[i].length = 60;
  }
  // The ring has places for 1023, and so has the pool that is copied to.
  EXPECT_EQ(port.tx().Send(packets), 600u);
  const size_t second = port.tx().Send(packets);

  const TxQueueCounters& counters = port.tx().counters();
  EXPECT_EQ(second, 423u);
  EXPECT_EQ(counters.packets.Read(), 1023u);
  EXPECT_EQ(counters.full.Read() + counters.no_mbuf.Read(), 177u);
  EXPECT_EQ(port->pool().in_use(), 1023u);
  EXPECT_EQ(ReceiveAll(port.rx()).size(), 1023u);
  EXPECT_EQ(port->pool().in_use(), 0u);
}

TEST(PortFailureTest, ADeviceThatEalLeftOutIsToldWithTheReason) {
  const absl::Status status =
      Port::Open(kDevices->config(kVanishedPort), kVanishedPort, [] {
        return Timestamp();
      }).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  const std::string message(status.message());
  EXPECT_THAT(message, HasSubstr("port \"port7\", device pcap:"));
  EXPECT_THAT(message, HasSubstr("No such file or directory"));
}

TEST(PortFailureTest, APoolThatDoesNotFitIsToldWithItsSize) {
  const absl::Status status =
      Port::Open(kDevices->config(kGreedyPort), kGreedyPort, [] {
        return Timestamp();
      }).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  const std::string message(status.message());
  EXPECT_THAT(message, HasSubstr("port \"port8\": no memory for a pool of "
                                 "1048576 packets of 9022 bytes, about"));
}

TEST(PortFailureTest, MoreQueuesThanTheDeviceHasAreToldWithItsNumber) {
  kDevices->Plug(kFilePort);
  PortConfig port = kDevices->config(kFilePort);
  port.rx_queues = 2;
  const absl::Status status =
      Port::Open(port, kFilePort, [] { return Timestamp(); }).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("2 receive and 1 transmit queues are more than the "
                        "device has, 1 and 1"));
}

}  // namespace
}  // namespace mosaic
