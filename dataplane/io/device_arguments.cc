#include "dataplane/io/device_arguments.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mosaic {
namespace {

constexpr uint32_t kPageBytes = 4096;

// What the kernel puts before a frame in its slot: the packet's header, its
// address, and alignment of the network header.
constexpr uint32_t kAfPacketSlotBytes = 80;

// The part of it that the driver believes to be all, so that it wants buffers
// larger than a frame can be.
constexpr uint32_t kAfPacketDriverSlotBytes = 32;

absl::Status Refuse(const PortConfig& port, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("port \"", port.name, "\": ", std::string(why)));
}

absl::Status CheckQueues(const PortConfig& port, const DeviceTraits& traits) {
  for (const uint16_t queues : {port.rx_queues, port.tx_queues}) {
    if (queues == 0 || queues > traits.max_queues) {
      return Refuse(port, absl::StrCat("queues: ", queues, " is not in [1, ",
                                       traits.max_queues, "]"));
    }
  }
  if (traits.queues_are_pairs && port.rx_queues != port.tx_queues) {
    return Refuse(port,
                  absl::StrCat(port.rx_queues, " receive and ", port.tx_queues,
                               " transmit queues: ", std::string(traits.form),
                               " has as many of the one as the other"));
  }
  return absl::OkStatus();
}

absl::Status CheckPort(const PortConfig& port, const DeviceTraits& traits) {
  if (port.name.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the port of device \"", port.device, "\" has no name"));
  }
  if (port.mtu != 0 &&
      (port.mtu < PortConfig::kMinMtu || port.mtu > PortConfig::kMaxMtu)) {
    return Refuse(port, absl::StrCat("mtu: ", port.mtu, " is not in [",
                                     PortConfig::kMinMtu, ", ",
                                     PortConfig::kMaxMtu, "]"));
  }
  if (port.pool_packets == 0 || port.rx_ring_packets == 0 ||
      port.tx_ring_packets == 0) {
    return Refuse(port, "a pool or ring of 0 packets is not in [1, ...)");
  }
  return CheckQueues(port, traits);
}

std::string Argument(const PortConfig& port, const DeviceSpec& spec,
                     size_t index) {
  std::string target = spec.kind == DeviceKind::kPci
                           ? absl::StrCat("--allow=", spec.target)
                           : absl::StrCat("--vdev=", DeviceName(spec, index));
  switch (spec.kind) {
    case DeviceKind::kPcap: {
      std::string argument = absl::StrCat(target, ",rx_pcap=", spec.target);
      if (const std::string tx(spec.Option("tx")); !tx.empty()) {
        absl::StrAppend(&argument, ",tx_pcap=", tx);
      }
      if (spec.Option("loop") == "1") {
        absl::StrAppend(&argument, ",infinite_rx=1");
      }
      return argument;
    }
    case DeviceKind::kNull: {
      const std::string size(spec.Option("size", "64"));
      return size == "0" ? absl::StrCat(target, ",no-rx=1")
                         : absl::StrCat(target, ",size=", size);
    }
    case DeviceKind::kRing:
      return target;
    case DeviceKind::kMemif:
      return absl::StrCat(target, ",socket=", spec.target,
                          ",socket-abstract=no,role=",
                          std::string(spec.Option("role", "client")),
                          ",id=", std::string(spec.Option("id", "0")),
                          ",bsize=", BufferBytes(port, spec.kind));
    case DeviceKind::kAfPacket: {
      const AfPacketRing ring = AfPacketRingFor(port);
      return absl::StrCat(
          target, ",iface=", spec.target, ",qpairs=", port.rx_queues,
          ",framesz=", ring.frame_bytes, ",blocksz=", ring.block_bytes,
          ",framecnt=", ring.frames);
    }
    case DeviceKind::kAfXdp:
      return absl::StrCat(target, ",iface=", spec.target, ",start_queue=",
                          std::string(spec.Option("start_queue", "0")),
                          ",queue_count=", port.rx_queues);
    case DeviceKind::kTap:
      return absl::StrCat(target, ",iface=", spec.target);
    case DeviceKind::kPci: {
      std::string argument = target;
      for (const auto& [key, value] : spec.options) {
        absl::StrAppend(&argument, ",", key, "=", value);
      }
      return argument;
    }
  }
  return target;
}

}  // namespace

std::string DeviceName(const DeviceSpec& spec, size_t index) {
  if (spec.kind == DeviceKind::kPci) return spec.target;
  return absl::StrCat(std::string(TraitsOf(spec.kind).driver), index);
}

uint32_t MaxFrameBytes(const PortConfig& port) {
  return (port.mtu == 0 ? PortConfig::kDefaultMtu : port.mtu) +
         PortConfig::kFrameOverheadBytes;
}

AfPacketRing AfPacketRingFor(const PortConfig& port) {
  // One byte more than the largest frame, so that a longer one, which the
  // kernel cuts silently, is seen to be longer.
  constexpr uint32_t kStep = 1024;
  const uint32_t wanted = MaxFrameBytes(port) + 1 + kAfPacketSlotBytes;
  AfPacketRing ring;
  ring.frame_bytes = (wanted + kStep - 1) / kStep * kStep;
  ring.block_bytes = std::lcm(ring.frame_bytes, kPageBytes);
  const uint32_t per_block = ring.block_bytes / ring.frame_bytes;
  const uint32_t packets = std::max(port.rx_ring_packets, port.tx_ring_packets);
  ring.frames = (packets + per_block - 1) / per_block * per_block;
  return ring;
}

uint32_t BufferBytes(const PortConfig& port, DeviceKind kind) {
  constexpr uint32_t kSmallest = 2048;
  const uint32_t bytes =
      kind == DeviceKind::kAfPacket
          ? AfPacketRingFor(port).frame_bytes - kAfPacketDriverSlotBytes
          : MaxFrameBytes(port);
  return std::max(bytes, kSmallest);
}

absl::Status AddDevices(const std::vector<PortConfig>& ports, EalConfig& eal) {
  std::vector<std::string> arguments;
  std::vector<std::pair<DeviceKind, std::string>> taken;
  bool has_pci = false;
  for (size_t i = 0; i < ports.size(); ++i) {
    const PortConfig& port = ports[i];
    const absl::StatusOr<DeviceSpec> spec = ParseDevice(port.device);
    if (!spec.ok()) {
      return Refuse(port, std::string(spec.status().message()));
    }
    if (absl::Status status = CheckPort(port, TraitsOf(spec->kind));
        !status.ok()) {
      return status;
    }
    for (size_t other = 0; other < i; ++other) {
      if (ports[other].name == port.name) {
        return Refuse(port, "two ports have this name");
      }
      // A capture file can be read twice; a socket can serve several ids.
      if (taken[other] == std::pair(spec->kind, spec->target) &&
          !spec->target.empty() && spec->kind != DeviceKind::kPcap &&
          spec->kind != DeviceKind::kMemif) {
        return Refuse(
            port, absl::StrCat("has the device of port \"", ports[other].name,
                               "\", ", port.device));
      }
    }
    taken.emplace_back(spec->kind, spec->target);
    has_pci = has_pci || spec->kind == DeviceKind::kPci;
    arguments.push_back(Argument(port, *spec, i));
  }
  if (has_pci) eal.pci = EalConfig::Pci::kScan;
  eal.device_arguments.insert(eal.device_arguments.end(), arguments.begin(),
                              arguments.end());
  return absl::OkStatus();
}

}  // namespace mosaic
