// The memory of a configuration: what each worker and port would take, and
// whether the machine has it. `mosaicd doctor --memory`.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control/daemon/doctor.h"
#include "control/daemon/machine.h"
#include "dataplane/engine/memory_plan.h"
#include "mosaic/v1/system_config.pb.h"
#include <nlohmann/json.hpp>

namespace mosaic {

struct MemoryReport {
  size_t workers = 0;
  std::vector<MemoryPart> parts;  // Of one worker; all have the same.
  struct Port {
    std::string name;
    uint64_t packets = 0;       // mbufs of its pool.
    uint64_t packet_bytes = 0;  // Of each.
    uint64_t bytes() const { return packets * packet_bytes; }
  };
  std::vector<Port> ports;
  uint64_t eal_bytes = 0;  // Taken at start; the ports' packets live in it.
  bool eal_in_huge_pages = false;  // Then it is not of the available memory.
  uint64_t available_bytes = 0;    // That the machine and the cgroup allow.

  uint64_t eal_ordinary_bytes() const {
    return eal_in_huge_pages ? 0 : eal_bytes;
  }
  // Of available memory: when everything is in use, and at start.
  uint64_t bytes() const {
    return workers * TotalBytes(parts) + eal_ordinary_bytes();
  }
  uint64_t at_start() const {
    return workers * BytesAtStart(parts) + eal_ordinary_bytes();
  }
};

// What `mosaicd run` would take with `system` and `functions` on `machine`.
// REQUIRES: `system` passed config::Validate().
MemoryReport ReportMemory(
    const v1::SystemConfig& system,
    const std::vector<MemoryPlanInput::Function>& functions,
    const Machine& machine);

// Whether it fits: an error when what is taken at start does not, a warning
// when all of it does not, with the setting to lower. The same of packets and
// EAL's memory.
std::vector<Finding> ExamineMemory(const MemoryReport& report);

// A table for people; and the same as a JSON object.
std::string ToText(const MemoryReport& report);
nlohmann::ordered_json ToJson(const MemoryReport& report);

}  // namespace mosaic
