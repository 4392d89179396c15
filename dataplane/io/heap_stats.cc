#include "dataplane/io/heap_stats.h"

#include <rte_config.h>
#include <rte_lcore.h>
#include <rte_malloc.h>

namespace mosaic {

std::vector<HeapStats> ReadHeaps() {
  std::vector<HeapStats> heaps;
  for (unsigned i = 0; i < rte_socket_count(); ++i) {
    const int node = rte_socket_id_by_idx(i);
    rte_malloc_socket_stats stats;
    if (node < 0 || rte_malloc_get_socket_stats(node, &stats) != 0) continue;
    heaps.push_back({node, stats.heap_allocsz_bytes, stats.heap_freesz_bytes});
  }
  return heaps;
}

}  // namespace mosaic
