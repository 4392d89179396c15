#include "control/daemon/doctor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>

#include "control/config/listen_address.h"
#include "control/daemon/port_plan.h"
#include "control/daemon/system_defaults.h"
#include "control/daemon/worker_settings.h"
#include "dataplane/io/device_check.h"
#include "dataplane/io/device_spec.h"

namespace mosaic {
namespace {

// What a driver that maps a device's memory may want locked.
constexpr uint64_t kEnoughMemlockBytes = uint64_t{64} << 20;

class Examination {
 public:
  Examination(const v1::SystemConfig& system, const Machine& machine)
      : system_(system),
        machine_(machine),
        worker_cpus_(PlaceWorkers(system, std::nullopt, MostWorkers(system),
                                  machine.allowed_cpus)) {}

  void HugePagesAndMemory();
  void Cpus();
  void Clock();
  void Memlock();
  void Ports();
  void Socket();
  void MetricsAddress();

  std::vector<Finding> Take() { return std::move(findings_); }

 private:
  void Add(Severity severity, const char* area, std::string message,
           std::string fix = "") {
    findings_.push_back({severity, area, std::move(message), std::move(fix)});
  }
  void NumaNodeOfPort(const v1::PortConfig& port, const DeviceSpec& spec);

  const v1::SystemConfig& system_;
  const Machine& machine_;
  const std::vector<int> worker_cpus_;
  std::vector<Finding> findings_;
};

void Examination::HugePagesAndMemory() {
  const size_t wanted = MemoryMib(system_.memory());
  for (const HugePages& size : machine_.huge_pages) {
    if (size.reserved == 0) continue;
    Add(Severity::kOk, "hugepages",
        fmt::format("node {}: {} pages of {} MiB, {} free", size.numa_node,
                    size.reserved, size.page_bytes >> 20, size.free));
  }
  const uint64_t free_mib = FreeHugePageBytes(machine_.huge_pages) >> 20;
  const bool refused =
      system_.memory().has_hugepages() && !system_.memory().hugepages();
  if (refused) {
    Add(Severity::kOk, "hugepages", "the configuration uses ordinary pages");
  } else if (free_mib < wanted) {
    const bool required = system_.memory().hugepages();
    Add(required ? Severity::kError : Severity::kWarning, "hugepages",
        fmt::format("{} MiB are free and {} MiB are wanted{}", free_mib, wanted,
                    required ? ""
                             : "; packets will live in ordinary pages, which "
                               "costs speed"),
        HugePagesCommand(machine_.huge_pages, wanted));
  }
  const bool ordinary = refused || free_mib < wanted;
  if (ordinary && machine_.available_bytes >> 20 < wanted) {
    Add(Severity::kError, "memory",
        fmt::format("{} MiB are available and {} MiB are wanted",
                    machine_.available_bytes >> 20, wanted),
        "lower system.memory.size_bytes, or stop other programs");
  }
}

void Examination::Cpus() {
  const std::vector<int>& allowed = machine_.allowed_cpus;
  const std::set<int> distinct(worker_cpus_.begin(), worker_cpus_.end());
  for (const int cpu : distinct) {
    if (std::ranges::find(allowed, cpu) != allowed.end()) continue;
    Add(Severity::kError, "cpus",
        fmt::format("CPU {} of system.cpus is not one of the allowed CPUs {}",
                    cpu, fmt::join(allowed, ",")),
        "name allowed ones in system.cpus, or widen the cpuset "
        "(AllowedCPUs=, --cpuset-cpus)");
  }
  if (distinct.size() < worker_cpus_.size()) {
    Add(Severity::kWarning, "cpus",
        fmt::format("{} workers share {} CPUs {}", worker_cpus_.size(),
                    distinct.size(), fmt::join(distinct, ",")),
        "set system.workers: auto");
    return;
  }
  const bool leaves_one = std::ranges::any_of(
      allowed, [&](int cpu) { return !distinct.contains(cpu); });
  if (!leaves_one) {
    Add(Severity::kWarning, "cpus",
        fmt::format("{} workers use all CPUs, {}; control shares one with them",
                    worker_cpus_.size(), fmt::join(allowed, ",")),
        "allow one CPU more than there are workers");
    return;
  }
  Add(Severity::kOk, "cpus",
      fmt::format("{} workers on CPUs {}, allowed are {}", worker_cpus_.size(),
                  fmt::join(worker_cpus_, ","), fmt::join(allowed, ",")));
}

void Examination::Clock() {
  Add(Severity::kOk, "kernel", fmt::format("Linux {}", machine_.kernel));
  if (machine_.has_stable_tsc) return;
  Add(Severity::kWarning, "clock",
      "the CPU does not promise a time stamp counter of one rate "
      "(constant_tsc, nonstop_tsc): times of packets may be wrong",
      "pass the flags through to this virtual machine");
}

void Examination::Memlock() {
  const bool wanted =
      std::ranges::any_of(system_.ports(), [](const v1::PortConfig& port) {
        const auto spec = ParseDevice(port.device());
        return spec.ok() && (spec->kind == DeviceKind::kPci ||
                             spec->kind == DeviceKind::kAfXdp);
      });
  if (!wanted || machine_.is_root ||
      machine_.memlock_bytes >= kEnoughMemlockBytes) {
    return;
  }
  Add(Severity::kWarning, "memlock",
      fmt::format("at most {} KiB may be locked in memory, and the ports' "
                  "devices need more",
                  machine_.memlock_bytes >> 10),
      "LimitMEMLOCK=infinity in the unit, or `ulimit -l unlimited`");
}

void Examination::NumaNodeOfPort(const v1::PortConfig& port,
                                 const DeviceSpec& spec) {
  const int node = NumaNodeOf(spec.target);
  if (node < 0) return;
  for (const int cpu : worker_cpus_) {
    const auto found = machine_.cpu_nodes.find(cpu);
    if (found == machine_.cpu_nodes.end() || found->second == node) continue;
    Add(Severity::kWarning, "numa",
        fmt::format("port {} is on NUMA node {} and a worker's CPU {} on {}",
                    port.id(), node, cpu, found->second),
        fmt::format("name CPUs of node {} in system.cpus; `lscpu -e=cpu,node` "
                    "lists them",
                    node));
    return;
  }
}

void Examination::Ports() {
  if (system_.ports().empty()) {
    Add(Severity::kError, "ports", "the configuration names no port",
        "add one to system.ports");
    return;
  }
  const auto plan = PlanPorts(system_, worker_cpus_.size());
  if (!plan.ok()) {
    Add(Severity::kError, "ports", std::string(plan.status().message()));
    return;
  }
  for (size_t i = 0; i < plan->ports.size(); ++i) {
    const absl::Status status = CheckDevice(plan->ports[i]);
    if (!status.ok()) {
      // The message says what helps.
      Add(Severity::kError, "ports", std::string(status.message()));
      continue;
    }
    const v1::PortConfig& port = system_.ports(static_cast<int>(i));
    Add(Severity::kOk, "ports",
        fmt::format("port {}: {} is there", port.id(), port.device()));
    const auto spec = ParseDevice(port.device());
    if (spec.ok()) NumaNodeOfPort(port, *spec);
  }
}

void Examination::Socket() {
  const std::string path = SocketPath(system_.control());
  const auto folder = path.substr(0, path.rfind('/'));
  switch (LookAtSocket(path)) {
    case SocketState::kFree:
      Add(Severity::kOk, "socket", fmt::format("{} can be made", path));
      return;
    case SocketState::kStale:
      Add(Severity::kOk, "socket",
          fmt::format("{} is left over from a daemon that is gone; the next "
                      "one replaces it",
                      path));
      return;
    case SocketState::kNoFolder:
      Add(Severity::kError, "socket", fmt::format("{} is not there", folder),
          fmt::format("install -d -o $(id -u) {}", folder));
      return;
    case SocketState::kNotWritable:
      Add(Severity::kError, "socket",
          fmt::format("{} cannot be made by this user", path),
          fmt::format("install -d -o $(id -u) {} (as root), or set "
                      "system.control.socket_path",
                      folder));
      return;
    case SocketState::kInUse:
      Add(Severity::kError, "socket",
          fmt::format("{} is in use by another process", path),
          fmt::format("stop that daemon (`ss -xlp src {}` names it), or set "
                      "system.control.socket_path",
                      path));
      return;
    case SocketState::kNoSocket:
      Add(Severity::kError, "socket", fmt::format("{} is no socket", path),
          fmt::format("move {} away", path));
      return;
  }
}

void Examination::MetricsAddress() {
  if (!MetricsEnabled(system_.metrics())) return;
  const auto address =
      config::ParseListenAddress(MetricsListen(system_.metrics()));
  if (!address.ok()) return;
  const std::string problem = ListenProblem(address->address, address->port);
  if (problem.empty()) {
    Add(Severity::kOk, "metrics",
        fmt::format("{} is free", address->ToString()));
    return;
  }
  Add(Severity::kError, "metrics",
      fmt::format("{} cannot be listened on: {}", address->ToString(), problem),
      fmt::format("`ss -ltnp sport = {}` names who has it; or set "
                  "system.metrics.listen",
                  address->port));
}

}  // namespace

std::string_view Name(Severity severity) {
  switch (severity) {
    case Severity::kOk:
      return "ok";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return "";
}

std::vector<Finding> Examine(const v1::SystemConfig& system,
                             const Machine& machine) {
  Examination examination(system, machine);
  examination.HugePagesAndMemory();
  examination.Cpus();
  examination.Clock();
  examination.Memlock();
  return examination.Take();
}

std::vector<Finding> ExamineSurroundings(const v1::SystemConfig& system,
                                         const Machine& machine) {
  Examination examination(system, machine);
  examination.Ports();
  examination.Socket();
  examination.MetricsAddress();
  return examination.Take();
}

std::string ToText(const std::vector<Finding>& findings) {
  std::vector<Finding> sorted = findings;
  std::ranges::stable_sort(sorted, std::greater<>(), &Finding::severity);
  std::string text;
  for (const Finding& finding : sorted) {
    text += fmt::format("{:8} {:10} {}\n", Name(finding.severity), finding.area,
                        finding.message);
    if (!finding.fix.empty()) {
      text += fmt::format("{:19} fix: {}\n", "", finding.fix);
    }
  }
  return text;
}

nlohmann::ordered_json ToJson(const std::vector<Finding>& findings) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  bool ok = true;
  for (const Finding& finding : findings) {
    ok &= finding.severity != Severity::kError;
    list.push_back({{"severity", Name(finding.severity)},
                    {"area", finding.area},
                    {"message", finding.message},
                    {"fix", finding.fix}});
  }
  return {{"ok", ok}, {"findings", list}};
}

std::string Printed(const nlohmann::ordered_json& json) {
  return json.dump(2, ' ', false,
                   nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

}  // namespace mosaic
