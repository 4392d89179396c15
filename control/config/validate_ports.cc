#include "control/config/validate_ports.h"

#include <map>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "control/config/listen_address.h"
#include "control/config/port_queues.h"
#include "control/config/suggestion.h"
#include "control/config/validate.h"
#include "dataplane/io/device_spec.h"
#include "dataplane/io/port_config.h"

namespace mosaic::config {
namespace {

std::string_view Text(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

// Workers as far as the file says: 0 where it leaves that to the machine.
uint32_t NamedWorkers(const v1::SystemConfig& system) {
  return system.workers() != 0 ? system.workers()
                               : static_cast<uint32_t>(system.cpus_size());
}

class PortValidator {
 public:
  PortValidator(const v1::SystemConfig& system, FieldChecks& checks)
      : system_(system), checks_(checks) {}

  void Run(const std::string& path) {
    checks_.AtMost(path, system_.ports_size(), kMaxPorts, "ports");
    for (int i = 0; i < system_.ports_size(); ++i) {
      CheckId(system_.ports(i), ElementPath(path, i));
    }
    for (int i = 0; i < system_.ports_size(); ++i) {
      CheckPort(system_.ports(i), ElementPath(path, i));
    }
  }

 private:
  void CheckId(const v1::PortConfig& port, const std::string& path);
  void CheckPort(const v1::PortConfig& port, const std::string& path);
  void CheckSizes(const v1::PortConfig& port, const std::string& path);
  void CheckPeer(const v1::PortConfig& port, const std::string& path);
  void CheckDevice(const v1::PortConfig& port, const std::string& path);
  void CheckQueues(const v1::PortConfig& port, const DeviceSpec& spec,
                   const std::string& path);

  const v1::SystemConfig& system_;
  FieldChecks& checks_;
  // Id -> its port and the path of the id.
  std::map<std::string, std::pair<const v1::PortConfig*, std::string>> by_id_;
  // What only one port can have -> the path of the device that has it.
  std::map<std::string, std::string> taken_;
};

void PortValidator::CheckId(const v1::PortConfig& port,
                            const std::string& path) {
  const std::string at = FieldPath(path, "id");
  checks_.Id(at, port.id());
  if (port.id().empty()) return;
  const auto [first, is_first] = by_id_.try_emplace(port.id(), &port, at);
  if (!is_first) {
    checks_.Fail(at, absl::StrCat(Quoted(port.id()), " is already the id of ",
                                  first->second.second));
  }
}

void PortValidator::CheckPort(const v1::PortConfig& port,
                              const std::string& path) {
  CheckDevice(port, path);
  CheckPeer(port, path);
  CheckSizes(port, path);
}

void PortValidator::CheckDevice(const v1::PortConfig& port,
                                const std::string& path) {
  const std::string at = FieldPath(path, "device");
  if (port.device().empty()) {
    checks_.Fail(at, "required; such as af_packet:INTERFACE or pcap:FILE");
    return;
  }
  const absl::StatusOr<DeviceSpec> spec = ParseDevice(port.device());
  if (!spec.ok()) {
    checks_.Fail(at, std::string(Text(spec.status())));
    return;
  }
  const bool is_exclusive =
      spec->kind == DeviceKind::kAfPacket || spec->kind == DeviceKind::kAfXdp ||
      spec->kind == DeviceKind::kTap || spec->kind == DeviceKind::kPci;
  if (is_exclusive) {
    const auto [first, is_first] = taken_.try_emplace(spec->target, at);
    if (!is_first) {
      checks_.Fail(at, absl::StrCat(Quoted(spec->target), " is already behind ",
                                    first->second));
    }
  }
  if (spec->kind == DeviceKind::kPcap && port.mode() == v1::PORT_MODE_WIRE &&
      spec->Option("tx").empty()) {
    checks_.Fail(at,
                 "a capture file in wire mode needs tx=FILE for what is sent; "
                 "tx=/dev/null drops it");
  }
  CheckQueues(port, *spec, path);
}

void PortValidator::CheckQueues(const v1::PortConfig& port,
                                const DeviceSpec& spec,
                                const std::string& path) {
  const DeviceTraits& traits = TraitsOf(spec.kind);
  const std::string at = FieldPath(path, "rx_queues");
  if (port.rx_queues() > traits.max_queues) {
    checks_.Fail(
        at, absl::StrCat(port.rx_queues(), " is not in [1, ", traits.max_queues,
                         "], which ", std::string(traits.form), " can have"));
    return;
  }
  const uint32_t workers = NamedWorkers(system_);
  const uint32_t most = MostWorkers(port, spec);
  if (workers <= most || workers > kMaxWorkers) return;
  const std::string need = absl::StrCat("wire with ", workers,
                                        " workers needs as many queues, and ");
  if (most < traits.max_queues) {
    checks_.Fail(at, absl::StrCat(need, most, " are given; allowed: auto, or ",
                                  workers, " and more"));
    return;
  }
  checks_.Fail(FieldPath(path, "mode"),
               absl::StrCat(need, std::string(traits.form), " has ", most,
                            "; allowed with it: workers up to ", most));
}

void PortValidator::CheckPeer(const v1::PortConfig& port,
                              const std::string& path) {
  const std::string at = FieldPath(path, "peer");
  if (port.mode() != v1::PORT_MODE_WIRE) {
    if (!port.peer().empty()) checks_.Fail(at, "allowed only with mode: wire");
    return;
  }
  if (port.peer().empty()) {
    checks_.Fail(at, "required with mode: wire; the id of the other port");
    return;
  }
  const auto found = by_id_.find(port.peer());
  if (found == by_id_.end()) {
    std::vector<std::string> known;
    for (const auto& entry : by_id_) {
      if (entry.first != port.id()) known.push_back(entry.first);
    }
    checks_.Fail(at, absl::StrCat("there is no port ", Quoted(port.peer()),
                                  "; ", Alternatives(port.peer(), known)));
    return;
  }
  const v1::PortConfig& peer = *found->second.first;
  if (port.peer() == port.id()) {
    checks_.Fail(at, "a port cannot be its own peer");
  } else if (peer.mode() != v1::PORT_MODE_WIRE || peer.peer() != port.id()) {
    checks_.Fail(at, absl::StrCat("port ", Quoted(port.peer()),
                                  " does not name this one as its peer; give "
                                  "it mode: wire and peer: ",
                                  port.id()));
  }
}

void PortValidator::CheckSizes(const v1::PortConfig& port,
                               const std::string& path) {
  const auto check = [&](bool is_set, const char* field, uint32_t value,
                         uint32_t min, uint32_t max) {
    if (is_set) checks_.InRange(FieldPath(path, field), value, min, max);
  };
  check(true, "rx_queues", port.rx_queues(), 0, mosaic::PortConfig::kMaxQueues);
  check(port.has_rx_ring_packets(), "rx_ring_packets", port.rx_ring_packets(),
        64, 16384);
  check(port.has_tx_ring_packets(), "tx_ring_packets", port.tx_ring_packets(),
        64, 16384);
  check(port.has_mtu(), "mtu", port.mtu(), mosaic::PortConfig::kMinMtu,
        mosaic::PortConfig::kMaxMtu);
  if (!port.has_pool_packets()) return;
  const std::string at = FieldPath(path, "pool_packets");
  const uint32_t pool = port.pool_packets();
  checks_.InRange(at, pool, 256, 1 << 24);
  const mosaic::PortConfig defaults;
  const uint64_t rings =
      uint64_t{port.has_rx_ring_packets() ? port.rx_ring_packets()
                                          : defaults.rx_ring_packets} +
      (port.has_tx_ring_packets() ? port.tx_ring_packets()
                                  : defaults.tx_ring_packets);
  if (pool >= 256 && pool < rings) {
    checks_.Fail(at, absl::StrCat(pool, " is less than the ", rings,
                                  " of rx_ring_packets and tx_ring_packets "
                                  "together"));
  }
}

}  // namespace

void CheckPorts(const v1::SystemConfig& system, const std::string& base,
                FieldChecks& checks) {
  PortValidator(system, checks).Run(FieldPath(base, "ports"));
}

void CheckListeners(const v1::SystemConfig& system, const std::string& base,
                    FieldChecks& checks) {
  const std::string control = FieldPath(base, "control");
  const std::string& socket = system.control().socket_path();
  if (!socket.empty() &&
      (socket.front() != '/' || socket.size() > kMaxSocketPathBytes)) {
    checks.Fail(
        FieldPath(control, "socket_path"),
        absl::StrCat(Quoted(socket), " is not an absolute path of at most ",
                     kMaxSocketPathBytes, " bytes"));
  }
  if (const std::string& tcp = system.control().tcp_listen(); !tcp.empty()) {
    const std::string at = FieldPath(control, "tcp_listen");
    const absl::StatusOr<ListenAddress> address = ParseListenAddress(tcp);
    if (!address.ok()) {
      checks.Fail(at, std::string(Text(address.status())));
    } else if (address->address != "127.0.0.1") {
      checks.Fail(at, absl::StrCat(Quoted(tcp),
                                   " is not 127.0.0.1:PORT, and without TLS "
                                   "the API is served on no other address"));
    }
  }
  checks.AtMost(FieldPath(control, "allowed_uids"),
                system.control().allowed_uids_size(), kMaxAllowedUids,
                "user ids");
  if (const std::string& metrics = system.metrics().listen();
      !metrics.empty()) {
    const absl::StatusOr<ListenAddress> address = ParseListenAddress(metrics);
    if (!address.ok()) {
      checks.Fail(FieldPath(base, "metrics.listen"),
                  std::string(Text(address.status())));
    }
  }
}

}  // namespace mosaic::config
