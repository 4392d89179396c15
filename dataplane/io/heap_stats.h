// HeapStats is how much of the memory that DPDK took is in use: packet pools,
// rings and drivers live in it, on hugepages or on ordinary ones.

#pragma once

#include <cstddef>
#include <vector>

namespace mosaic {

struct HeapStats {
  int numa_node = 0;
  size_t allocated_bytes = 0;
  size_t free_bytes = 0;
};

// One for each NUMA node that EAL knows. From any thread; takes EAL's locks,
// which workers never take. REQUIRES: EAL was started.
std::vector<HeapStats> ReadHeaps();

}  // namespace mosaic
