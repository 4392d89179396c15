#include "dataplane/mos/port_layout.h"

#include <algorithm>
#include <bit>

#include "dataplane/io/device_spec.h"
#include "dataplane/mos/text.h"

namespace mosaic::mos {
namespace {

// What a worker may hold of a port outside of rings: a burst on its way, one
// gathered for sending, and what its thread keeps of the pool.
constexpr size_t kPacketsOfWorker = 1024;

bool IsPlainCapture(const DeviceSpec& spec) {
  return spec.kind == DeviceKind::kPcap && spec.Option("loop") != "1";
}

absl::StatusOr<PortConfig> MakePort(const MosConf::Device& device,
                                    const DeviceSpec& spec, bool is_sent_to,
                                    size_t workers) {
  const DeviceTraits& traits = TraitsOf(spec.kind);
  PortConfig port;
  port.name = device.name;
  port.device = device.device;
  port.rx_queues =
      static_cast<uint16_t>(std::min<size_t>(workers, traits.max_queues));
  if (is_sent_to && workers > traits.max_queues) {
    return absl::InvalidArgumentError(
        Cat("netdev ", device.name, ": as a port that is sent to it serves ",
            traits.max_queues, " worker(s), not ", workers));
  }
  port.tx_queues = static_cast<uint16_t>(is_sent_to ? workers : 1);
  if (traits.queues_are_pairs) port.tx_queues = port.rx_queues;
  const size_t needed = size_t{port.rx_queues} * port.rx_ring_packets +
                        size_t{port.tx_queues} * port.tx_ring_packets +
                        workers * kPacketsOfWorker;
  port.pool_packets = std::max(
      port.pool_packets, static_cast<uint32_t>(std::bit_ceil(needed + 1) - 1));
  // Packets of the same machine have no checksums yet.
  if (spec.kind == DeviceKind::kAfPacket || spec.kind == DeviceKind::kTap) {
    port.checksums = PortConfig::Checksums::kTakeAsGood;
  }
  return port;
}

}  // namespace

std::vector<PortLayout::Queue> PortLayout::QueuesOf(size_t worker,
                                                    size_t workers) const {
  std::vector<Queue> queues;
  if (replay) return queues;
  size_t dealt = 0;
  for (size_t device = 0; device < port_of.size(); ++device) {
    const PortConfig& port = ports[*port_of[device]];
    for (uint16_t queue = 0; queue < port.rx_queues; ++queue) {
      if (dealt++ % workers == worker) queues.push_back({device, queue});
    }
  }
  return queues;
}

absl::StatusOr<PortLayout> LayOutPorts(const MosConf& conf, size_t workers) {
  PortLayout layout;
  layout.forward_to = conf.forward_to;
  std::vector<DeviceSpec> specs;
  layout.replay = true;
  for (const MosConf::Device& device : conf.devices) {
    absl::StatusOr<DeviceSpec> spec = ParseDevice(device.device);
    if (!spec.ok()) return spec.status();
    layout.replay &= IsPlainCapture(*spec);
    specs.push_back(*std::move(spec));
  }
  for (size_t i = 0; i < conf.devices.size(); ++i) {
    const bool is_sent_to =
        std::ranges::count(conf.forward_to, std::optional<size_t>(i)) > 0;
    layout.port_of.emplace_back();
    if (layout.replay) {
      layout.captures.push_back(specs[i].target);
      if (!is_sent_to) continue;
      if (specs[i].Option("tx").empty()) {
        return absl::InvalidArgumentError(
            Cat("netdev ", conf.devices[i].name,
                ": nic_forward_table sends to it, and it names no file for "
                "that; pcap:FILE,tx=FILE does"));
      }
    }
    absl::StatusOr<PortConfig> port =
        MakePort(conf.devices[i], specs[i], is_sent_to, workers);
    if (!port.ok()) return port.status();
    layout.port_of.back() = layout.ports.size();
    layout.ports.push_back(*std::move(port));
  }
  return layout;
}

}  // namespace mosaic::mos
