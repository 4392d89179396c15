#include "dataplane/io/port.h"

#include <rte_config.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "dataplane/base/check.h"
#include "dataplane/io/device_arguments.h"
#include "dataplane/io/device_check.h"
#include "dataplane/io/eal.h"

namespace mosaic {
namespace {

// With this pattern the two directions of a connection have the same Toeplitz
// hash: the key's bits repeat after 16, the width of a port, which also divides
// the width of an address.
constexpr std::array<uint8_t, 2> kSymmetricRssPattern = {0x6d, 0x5a};
constexpr size_t kMaxRssKeyBytes = 64;

constexpr uint64_t kChecksumOffloads = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM |
                                       RTE_ETH_RX_OFFLOAD_TCP_CKSUM |
                                       RTE_ETH_RX_OFFLOAD_UDP_CKSUM;

std::string MacText(const rte_ether_addr& mac) {
  std::string text;
  for (const uint8_t byte : mac.addr_bytes) {
    absl::StrAppend(&text, text.empty() ? "" : ":",
                    absl::Hex(byte, absl::kZeroPad2));
  }
  return text;
}

// Bytes of a frame that the device does not count as part of the MTU.
uint32_t OverheadOf(const rte_eth_dev_info& info) {
  constexpr uint32_t kHeaderAndCheckSequence =
      RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN;
  if (info.max_mtu == UINT16_MAX || info.max_rx_pktlen <= info.max_mtu) {
    return kHeaderAndCheckSequence;
  }
  return info.max_rx_pktlen - info.max_mtu;
}

uint32_t LargestMtuOf(const rte_eth_dev_info& info) {
  const uint32_t overhead = OverheadOf(info);
  const uint32_t by_frame =
      info.max_rx_pktlen > overhead ? info.max_rx_pktlen - overhead : 0;
  return std::min<uint32_t>(info.max_mtu, by_frame);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Port>> Port::Open(
    const PortConfig& config, uint16_t index,
    const std::function<Timestamp()>& now) {
  const absl::StatusOr<DeviceSpec> spec = ParseDevice(config.device);
  if (!spec.ok()) return spec.status();
  uint16_t device;
  if (rte_eth_dev_get_port_by_name(DeviceName(*spec, index).c_str(), &device) !=
      0) {
    if (const absl::Status status = CheckDevice(config); !status.ok()) {
      return status;
    }
    return absl::UnavailableError(absl::StrCat(
        "port \"", config.name, "\", device ", config.device,
        ": DPDK has no such device; it logged: ", Eal::RecentLog()));
  }
  auto port = absl::WrapUnique(new Port(config, spec->kind, device, index));
  if (const absl::Status status = port->Configure(); !status.ok()) {
    return status;
  }
  if (const absl::Status status = port->SetUpQueues(now); !status.ok()) {
    return status;
  }
  if (const absl::Status status = port->Start(); !status.ok()) return status;
  if (spec->kind == DeviceKind::kAfPacket) {
    port->kernel_drops_ = std::make_unique<KernelDrops>(spec->target);
  }
  return port;
}

Port::Port(const PortConfig& config, DeviceKind kind, uint16_t device,
           uint16_t index)
    : config_(config), kind_(kind), device_(device), index_(index) {}

Port::~Port() { Stop(); }

absl::Status Port::Failure(const char* what, int error) const {
  std::string message =
      absl::StrCat("port \"", config_.name, "\", device ", config_.device, ": ",
                   what, ": ", rte_strerror(error < 0 ? -error : error));
  if (const std::string log = Eal::RecentLog(); !log.empty()) {
    absl::StrAppend(&message, " (DPDK logged: ", log, ")");
  }
  return absl::UnavailableError(message);
}

// Decides on MTU, RSS and offloads by what the device can do.
absl::Status Port::Configure() {
  rte_eth_dev_info info;
  if (const int error = rte_eth_dev_info_get(device_, &info); error != 0) {
    return Failure("the device does not describe itself", error);
  }
  if (config_.rx_queues > info.max_rx_queues ||
      config_.tx_queues > info.max_tx_queues) {
    return absl::InvalidArgumentError(absl::StrCat(
        "port \"", config_.name, "\", device ", config_.device, ": ",
        config_.rx_queues, " receive and ", config_.tx_queues,
        " transmit queues are more than the device has, ", info.max_rx_queues,
        " and ", info.max_tx_queues));
  }
  const uint32_t largest = LargestMtuOf(info);
  if (TraitsOf(kind_).has_mtu) {
    if (config_.mtu > largest) {
      return absl::InvalidArgumentError(absl::StrCat(
          "port \"", config_.name, "\", device ", config_.device, ": mtu: ",
          config_.mtu, " is not in [", info.min_mtu, ", ", largest, "]"));
    }
    if (config_.mtu == 0) {
      config_.mtu = std::min(PortConfig::kDefaultMtu, largest);
    }
  } else if (config_.mtu == 0) {
    config_.mtu = PortConfig::kDefaultMtu;
  }

  rte_eth_conf conf = {};
  conf.rxmode.mtu = std::min(config_.mtu, largest);
  // Tags stay in the frame: a filter or a NF sees what was on the wire.
  conf.rxmode.offloads = info.rx_offload_capa & kChecksumOffloads;
  std::array<uint8_t, kMaxRssKeyBytes> key;
  for (size_t i = 0; i < key.size(); ++i) {
    key[i] = kSymmetricRssPattern[i % kSymmetricRssPattern.size()];
  }
  const uint64_t rss_fields =
      info.flow_type_rss_offloads &
      (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP);
  info_.has_rss = config_.rx_queues > 1 && rss_fields != 0 &&
                  info.hash_key_size <= kMaxRssKeyBytes;
  if (info_.has_rss) {
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf.rss_hf = rss_fields;
    conf.rx_adv_conf.rss_conf.rss_key = key.data();
    conf.rx_adv_conf.rss_conf.rss_key_len = info.hash_key_size;
  }
  if (const int error = rte_eth_dev_configure(device_, config_.rx_queues,
                                              config_.tx_queues, &conf);
      error != 0) {
    return Failure("the device does not take its configuration", error);
  }
  numa_node_ = rte_eth_dev_socket_id(device_);
  info_.driver = info.driver_name;
  info_.mtu = config_.mtu;
  info_.numa_node = numa_node_;
  info_.checks_checksums = conf.rxmode.offloads != 0;
  return absl::OkStatus();
}

absl::Status Port::SetUpQueues(const std::function<Timestamp()>& now) {
  absl::StatusOr<std::unique_ptr<MbufPool>> pool =
      MbufPool::Create(absl::StrCat("port", index_), config_.pool_packets,
                       BufferBytes(config_, kind_), numa_node_);
  if (!pool.ok()) {
    return absl::Status(
        pool.status().code(),
        absl::StrCat("port \"", config_.name, "\": ", pool.status().message()));
  }
  pool_ = *std::move(pool);
  info_.pool_packets = pool_->packets();

  uint16_t rx_ring = config_.rx_ring_packets;
  uint16_t tx_ring = config_.tx_ring_packets;
  if (const int error =
          rte_eth_dev_adjust_nb_rx_tx_desc(device_, &rx_ring, &tx_ring);
      error != 0) {
    return Failure("the device takes no ring of that size", error);
  }
  info_.rx_ring_packets = rx_ring;
  info_.tx_ring_packets = tx_ring;
  const auto node = static_cast<unsigned>(numa_node_);
  for (uint16_t queue = 0; queue < config_.rx_queues; ++queue) {
    if (const int error = rte_eth_rx_queue_setup(device_, queue, rx_ring, node,
                                                 nullptr, pool_->get());
        error != 0) {
      return Failure("a receive queue cannot be set up", error);
    }
    RxQueue::Config config;
    config.device = device_;
    config.queue = queue;
    config.port = index_;
    config.max_frame_bytes = MaxFrameBytes(config_);
    config.ends = kind_ == DeviceKind::kPcap;
    config.checksums = config_.checksums;
    config.now = now;
    rx_queues_.push_back(std::make_unique<RxQueue>(std::move(config), *pool_));
  }
  for (uint16_t queue = 0; queue < config_.tx_queues; ++queue) {
    if (const int error =
            rte_eth_tx_queue_setup(device_, queue, tx_ring, node, nullptr);
        error != 0) {
      return Failure("a transmit queue cannot be set up", error);
    }
    TxQueue::Config config;
    config.device = device_;
    config.queue = queue;
    config.port = index_;
    config.max_frame_bytes = MaxFrameBytes(config_);
    tx_queues_.push_back(std::make_unique<TxQueue>(config, *pool_));
  }
  return absl::OkStatus();
}

absl::Status Port::Start() {
  if (const int error = rte_eth_dev_start(device_); error != 0) {
    return Failure("the device does not start", error);
  }
  running_ = true;
  // A device that has no such mode receives everything there is.
  const int error = config_.promiscuous == PortConfig::Promiscuous::kOn
                        ? rte_eth_promiscuous_enable(device_)
                        : rte_eth_promiscuous_disable(device_);
  if (error != 0 && error != -ENOTSUP) {
    return Failure("its promiscuous mode cannot be set", error);
  }
  rte_ether_addr mac;
  if (rte_eth_macaddr_get(device_, &mac) == 0) info_.mac = MacText(mac);
  if (kind_ == DeviceKind::kPci) WaitForLink();
  return absl::OkStatus();
}

void Port::WaitForLink() {
  constexpr uint32_t kStepMillis = 50;
  for (uint32_t waited = 0; waited < config_.link_wait_millis;
       waited += kStepMillis) {
    {
      const std::lock_guard lock(mutex_);
      RefreshLink();
      if (info_.link_up) return;
    }
    const timespec step = {0, kStepMillis * 1'000'000};
    nanosleep(&step, nullptr);
  }
}

void Port::Stop() {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  closed_ = true;
  // What the device cannot do at its end changes nothing any more.
  if (running_) {
    RefreshStats();
    RefreshLink();
    running_ = false;
    kernel_drops_.reset();
    if (config_.promiscuous == PortConfig::Promiscuous::kOn) {
      (void)rte_eth_promiscuous_disable(device_);
    }
    (void)rte_eth_dev_stop(device_);
  }
  (void)rte_eth_dev_close(device_);
}

void Port::RefreshStats() {
  rte_eth_stats stats;
  if (!running_ || rte_eth_stats_get(device_, &stats) != 0) return;
  stats_.rx_packets = stats.ipackets;
  stats_.rx_bytes = stats.ibytes;
  stats_.rx_missed =
      stats.imissed + (kernel_drops_ != nullptr ? kernel_drops_->Read() : 0);
  stats_.rx_errors = stats.ierrors;
  stats_.rx_no_mbuf = stats.rx_nombuf;
  stats_.tx_packets = stats.opackets;
  stats_.tx_bytes = stats.obytes;
  stats_.tx_errors = stats.oerrors;
}

void Port::RefreshLink() {
  rte_eth_link link;
  if (!running_ || rte_eth_link_get_nowait(device_, &link) != 0) return;
  info_.link_up = link.link_status == RTE_ETH_LINK_UP;
  info_.speed_mbps =
      link.link_speed == RTE_ETH_SPEED_NUM_UNKNOWN ? 0 : link.link_speed;
}

PortStats Port::Stats() {
  const std::lock_guard lock(mutex_);
  RefreshStats();
  PortStats stats = stats_;
  for (const auto& queue : rx_queues_) {
    const RxQueueCounters& counters = queue->counters();
    stats.rx_queues.push_back({counters.packets.Read(), counters.bytes.Read(),
                               counters.oversize.Read(),
                               counters.no_mbuf.Read(), 0});
    stats.rx_pool_short += counters.pool_short.Read();
  }
  for (const auto& queue : tx_queues_) {
    const TxQueueCounters& counters = queue->counters();
    stats.tx_queues.push_back({counters.packets.Read(), counters.bytes.Read(),
                               counters.oversize.Read(),
                               counters.no_mbuf.Read(), counters.full.Read()});
  }
  return stats;
}

PortInfo Port::Info() {
  const std::lock_guard lock(mutex_);
  RefreshLink();
  info_.pool_packets_in_use = pool_->in_use();
  return info_;
}

absl::StatusOr<std::unique_ptr<PortSet>> PortSet::Open(
    const std::vector<PortConfig>& ports,
    const std::function<Timestamp()>& now) {
  auto set = absl::WrapUnique(new PortSet());
  for (size_t i = 0; i < ports.size(); ++i) {
    absl::StatusOr<std::unique_ptr<Port>> port =
        Port::Open(ports[i], static_cast<uint16_t>(i), now);
    if (!port.ok()) return port.status();
    set->ports_.push_back(*std::move(port));
  }
  return set;
}

PortSet::~PortSet() {
  for (const auto& port : ports_) port->Stop();
}

}  // namespace mosaic
