#include "control/daemon/port_plan.h"

#include <algorithm>
#include <bit>

#include "absl/strings/str_cat.h"
#include "control/config/port_queues.h"
#include "control/config/validate.h"
#include "dataplane/io/device_spec.h"

namespace mosaic {
namespace {

// What a worker may hold of a port outside of rings: a burst on its way, one
// gathered for sending, and what its thread keeps of the pool.
constexpr size_t kPacketsOfWorker = 1024;

bool IsWire(const v1::PortConfig& port) {
  return port.mode() == v1::PORT_MODE_WIRE;
}

void SetQueues(const v1::PortConfig& from, const DeviceTraits& traits,
               size_t workers, PortConfig& to) {
  const size_t rx = from.rx_queues() > 0
                        ? from.rx_queues()
                        : std::min<size_t>(workers, traits.max_queues);
  to.rx_queues = static_cast<uint16_t>(rx);
  const size_t tx = IsWire(from) ? workers : 1;
  to.tx_queues = static_cast<uint16_t>(tx);
  if (traits.queues_are_pairs) to.tx_queues = to.rx_queues;
}

void SetSizes(const v1::PortConfig& from, size_t workers, PortConfig& to) {
  if (from.has_rx_ring_packets()) {
    to.rx_ring_packets = static_cast<uint16_t>(from.rx_ring_packets());
  }
  if (from.has_tx_ring_packets()) {
    to.tx_ring_packets = static_cast<uint16_t>(from.tx_ring_packets());
  }
  if (from.has_mtu()) to.mtu = from.mtu();
  if (from.has_pool_packets()) {
    to.pool_packets = from.pool_packets();
    return;
  }
  const size_t needed = size_t{to.rx_queues} * to.rx_ring_packets +
                        size_t{to.tx_queues} * to.tx_ring_packets +
                        workers * kPacketsOfWorker;
  to.pool_packets = std::max(
      to.pool_packets, static_cast<uint32_t>(std::bit_ceil(needed + 1) - 1));
}

PortConfig PlanPort(const v1::SystemConfig& system, const v1::PortConfig& from,
                    DeviceKind kind, size_t workers) {
  PortConfig to;
  to.name = from.id();
  to.device = from.device();
  SetQueues(from, TraitsOf(kind), workers, to);
  SetSizes(from, workers, to);
  if (from.has_promiscuous() && !from.promiscuous()) {
    to.promiscuous = PortConfig::Promiscuous::kOff;
  }
  const bool sees_unfinished_checksums =
      kind == DeviceKind::kAfPacket || kind == DeviceKind::kTap;
  if (system.checksum() == v1::CHECKSUM_POLICY_UNSPECIFIED &&
      sees_unfinished_checksums) {
    to.checksums = PortConfig::Checksums::kTakeAsGood;
  }
  return to;
}

std::optional<size_t> PeerOf(const v1::SystemConfig& system,
                             const v1::PortConfig& port) {
  if (!IsWire(port)) return std::nullopt;
  for (int i = 0; i < system.ports_size(); ++i) {
    if (system.ports(i).id() == port.peer()) return static_cast<size_t>(i);
  }
  return std::nullopt;
}

// Deals the queues out in turn, over all ports, so that no worker has two more
// than another and the queues of one port go to different workers.
std::vector<std::vector<PortPlan::Queue>> DealOut(
    const std::vector<PortConfig>& ports, size_t workers) {
  std::vector<std::vector<PortPlan::Queue>> queues(workers);
  size_t next = 0;
  for (size_t port = 0; port < ports.size(); ++port) {
    for (uint16_t queue = 0; queue < ports[port].rx_queues; ++queue) {
      queues[next].push_back({port, queue});
      next = (next + 1) % workers;
    }
  }
  return queues;
}

}  // namespace

size_t MostWorkers(const v1::SystemConfig& system) {
  size_t most = config::kMaxWorkers;
  for (const v1::PortConfig& port : system.ports()) {
    const absl::StatusOr<DeviceSpec> spec = ParseDevice(port.device());
    if (!spec.ok()) continue;
    most = std::min<size_t>(most, config::MostWorkers(port, *spec));
  }
  return most;
}

absl::StatusOr<PortPlan> PlanPorts(const v1::SystemConfig& system,
                                   size_t workers) {
  PortPlan plan;
  for (const v1::PortConfig& port : system.ports()) {
    const absl::StatusOr<DeviceSpec> spec = ParseDevice(port.device());
    if (!spec.ok()) return spec.status();
    if (const size_t most = config::MostWorkers(port, *spec); workers > most) {
      return absl::InvalidArgumentError(absl::StrCat(
          "port \"", port.id(), "\": ", port.device(), " in wire mode serves ",
          most, most == 1 ? " worker" : " workers", ", not ", workers));
    }
    plan.ports.push_back(PlanPort(system, port, spec->kind, workers));
    plan.peers.push_back(PeerOf(system, port));
  }
  plan.rx_queues = DealOut(plan.ports, workers);
  return plan;
}

}  // namespace mosaic
