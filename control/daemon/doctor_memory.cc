#include "control/daemon/doctor_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "control/daemon/port_plan.h"
#include "control/daemon/system_defaults.h"
#include "control/daemon/worker_settings.h"
#include "dataplane/io/device_arguments.h"
#include "dataplane/io/device_spec.h"
#include "dataplane/io/mbuf_pool.h"

namespace mosaic {
namespace {

// "13.2 MiB".
std::string Size(uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB",
                                                 "TiB"};
  auto value = static_cast<double>(bytes);
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{} B", bytes)
                   : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

bool UsesHugePages(const v1::MemoryConfig& memory, const Machine& machine) {
  if (memory.has_hugepages()) return memory.hugepages();
  return FreeHugePageBytes(machine.huge_pages) >> 20 >= MemoryMib(memory);
}

void AddPorts(const v1::SystemConfig& system, MemoryReport& report) {
  const absl::StatusOr<PortPlan> plan = PlanPorts(system, report.workers);
  if (!plan.ok()) return;  // Told by what examines ports.
  for (const PortConfig& port : plan->ports) {
    const absl::StatusOr<DeviceSpec> spec = ParseDevice(port.device);
    if (!spec.ok()) continue;
    report.ports.push_back(
        {port.name, port.pool_packets,
         MbufPool::BytesPerPacket(BufferBytes(port, spec->kind))});
  }
}

uint64_t PoolBytes(const MemoryReport& report) {
  uint64_t sum = 0;
  for (const MemoryReport::Port& port : report.ports) sum += port.bytes();
  return sum;
}

// The setting that most of the workers' memory hangs on, and how much of one
// worker's that is.
std::pair<std::string, uint64_t> LargestSetting(const MemoryReport& report) {
  std::map<std::string, uint64_t> by_setting;
  for (const MemoryPart& part : report.parts) {
    if (!part.setting.empty()) by_setting[part.setting] += part.bytes;
  }
  const auto largest = std::ranges::max_element(
      by_setting, {}, [](const auto& entry) { return entry.second; });
  return *largest;
}

std::string Advice(const MemoryReport& report) {
  const auto [setting, bytes] = LargestSetting(report);
  if (report.eal_ordinary_bytes() > report.workers * bytes) {
    return fmt::format("lower system.memory.size_bytes, now {}",
                       Size(report.eal_bytes));
  }
  return fmt::format("lower {}, which {} of each worker's {} hang on", setting,
                     Size(bytes), Size(TotalBytes(report.parts)));
}

std::string Row(std::string_view name, std::string_view count,
                std::string_view each, std::string_view all,
                std::string_view start) {
  return fmt::format("{:<36} {:>10} {:>10} {:>12} {:>12}\n", name, count, each,
                     all, start);
}

}  // namespace

MemoryReport ReportMemory(
    const v1::SystemConfig& system,
    const std::vector<MemoryPlanInput::Function>& functions,
    const Machine& machine) {
  MemoryReport report;
  report.workers = PlaceWorkers(system, std::nullopt, MostWorkers(system),
                                machine.allowed_cpus)
                       .size();
  WorkerConfig worker;
  SetFromSystem(system, worker);
  worker.pipeline.limits.prefault = Prefault::kYes;
  MemoryPlanInput input;
  input.pipeline = worker.pipeline;
  input.workers = report.workers;
  input.sends =
      std::ranges::any_of(system.ports(), [](const v1::PortConfig& port) {
        return port.mode() == v1::PORT_MODE_WIRE;
      });
  input.functions = functions;
  report.parts = PlanWorkerMemory(input);
  AddPorts(system, report);
  report.eal_bytes = uint64_t{MemoryMib(system.memory())} << 20;
  report.eal_in_huge_pages = UsesHugePages(system.memory(), machine);
  report.available_bytes = machine.available_bytes;
  return report;
}

std::vector<Finding> ExamineMemory(const MemoryReport& report) {
  std::vector<Finding> findings;
  if (const uint64_t packets = PoolBytes(report); packets > report.eal_bytes) {
    findings.push_back(
        {Severity::kWarning, "memory",
         fmt::format("the ports' packets take about {} and "
                     "system.memory.size_bytes is {}",
                     Size(packets), Size(report.eal_bytes)),
         "raise system.memory.size_bytes, or lower pool_packets or mtu of "
         "ports"});
  }
  Finding sum{Severity::kOk, "memory",
              fmt::format("{} are taken at start, {} when every table is full; "
                          "{} are available",
                          Size(report.at_start()), Size(report.bytes()),
                          Size(report.available_bytes)),
              ""};
  if (report.bytes() > report.available_bytes) {
    sum.severity = report.at_start() > report.available_bytes
                       ? Severity::kError
                       : Severity::kWarning;
    sum.fix = Advice(report);
  }
  findings.push_back(std::move(sum));
  return findings;
}

std::string ToText(const MemoryReport& report) {
  std::string text =
      Row(fmt::format("memory of each of {} workers", report.workers), "count",
          "each", "in all", "at start");
  for (const MemoryPart& part : report.parts) {
    text += Row(fmt::format("  {}", part.name), fmt::format("{}", part.count),
                Size(part.bytes_each()), Size(part.bytes), Size(part.at_start));
  }
  text += Row("  each flow", "", Size(BytesPerFlow(report.parts)), "", "");
  text += Row("  each worker", "", "", Size(TotalBytes(report.parts)),
              Size(BytesAtStart(report.parts)));
  const uint64_t workers = report.workers;
  text += Row("all workers", fmt::format("{}", workers), "",
              Size(workers * TotalBytes(report.parts)),
              Size(workers * BytesAtStart(report.parts)));
  for (const MemoryReport::Port& port : report.ports) {
    text += Row(fmt::format("  packets of port {}", port.name),
                fmt::format("{}", port.packets), Size(port.packet_bytes),
                Size(port.bytes()), "");
  }
  text += Row(report.eal_in_huge_pages ? "packet memory, in hugepages"
                                       : "packet memory, in ordinary pages",
              "", "", Size(report.eal_bytes), Size(report.eal_bytes));
  text += Row("sum, without hugepages", "", "", Size(report.bytes()),
              Size(report.at_start()));
  text += Row("available", "", "", Size(report.available_bytes), "");
  return text;
}

nlohmann::ordered_json ToJson(const MemoryReport& report) {
  nlohmann::ordered_json parts = nlohmann::ordered_json::array();
  for (const MemoryPart& part : report.parts) {
    parts.push_back({{"name", part.name},
                     {"per", part.per},
                     {"count", part.count},
                     {"bytes", part.bytes},
                     {"bytes_at_start", part.at_start},
                     {"setting", part.setting}});
  }
  nlohmann::ordered_json ports = nlohmann::ordered_json::array();
  for (const MemoryReport::Port& port : report.ports) {
    ports.push_back({{"name", port.name},
                     {"packets", port.packets},
                     {"bytes", port.bytes()}});
  }
  return {{"workers", report.workers},
          {"bytes_per_flow", BytesPerFlow(report.parts)},
          {"worker_bytes", TotalBytes(report.parts)},
          {"worker_bytes_at_start", BytesAtStart(report.parts)},
          {"worker_parts", parts},
          {"ports", ports},
          {"packet_memory_bytes", report.eal_bytes},
          {"packet_memory_in_hugepages", report.eal_in_huge_pages},
          {"bytes", report.bytes()},
          {"bytes_at_start", report.at_start()},
          {"available_bytes", report.available_bytes}};
}

}  // namespace mosaic
