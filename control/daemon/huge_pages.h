// The huge pages that the system has reserved, by size and NUMA node.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace mosaic {

struct HugePages {
  int numa_node = 0;
  uint64_t page_bytes = 0;
  uint64_t reserved = 0;
  uint64_t free = 0;
};

// Reads /sys; empty where the kernel has none.
std::vector<HugePages> ReservedHugePages();

// Bytes that are free, over all sizes and nodes.
uint64_t FreeHugePageBytes(const std::vector<HugePages>& pages);

// The command that reserves what is missing.
std::string HugePagesCommand(const std::vector<HugePages>& pages,
                             size_t wanted_mib);

// OK if `wanted_mib` are free; else FAILED_PRECONDITION with what there is and
// the command that reserves what is missing.
absl::Status CheckHugePages(const std::vector<HugePages>& pages,
                            size_t wanted_mib);

}  // namespace mosaic
