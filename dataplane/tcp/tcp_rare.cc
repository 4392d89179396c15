#include "dataplane/tcp/tcp_rare.h"

#include <algorithm>
#include <utility>

namespace mosaic {

void TcpRare::SwapSides() {
  std::swap(held[0], held[1]);
  std::swap(held_count[0], held_count[1]);
  std::swap(urgent[0], urgent[1]);
  std::swap(urgent_count[0], urgent_count[1]);
  std::swap(urgent_bytes[0], urgent_bytes[1]);
  std::swap(ttl_run[0], ttl_run[1]);
  std::swap(ttl_seen[0], ttl_seen[1]);
  std::swap(edge[0], edge[1]);
  std::swap(has_edge[0], has_edge[1]);
  std::swap(withheld[0], withheld[1]);
}

bool TcpRare::AddUrgent(Side sender, uint64_t offset) {
  const size_t i = Index(sender);
  if (NextUrgent(sender, offset) == offset) return true;
  if (urgent_bytes[i] == kMaxUrgentBytes || urgent_count[i] == kMaxUrgent) {
    return false;
  }
  urgent[i][urgent_count[i]++] = offset;
  ++urgent_bytes[i];
  return true;
}

uint64_t TcpRare::NextUrgent(Side sender, uint64_t offset) const {
  const size_t i = Index(sender);
  uint64_t next = UINT64_MAX;
  for (size_t k = 0; k < urgent_count[i]; ++k) {
    if (urgent[i][k] >= offset) next = std::min(next, urgent[i][k]);
  }
  return next;
}

bool TcpRare::ForgetUrgent(Side sender, uint64_t offset) {
  const size_t i = Index(sender);
  uint8_t kept = 0;
  for (size_t k = 0; k < urgent_count[i]; ++k) {
    if (urgent[i][k] >= offset) urgent[i][kept++] = urgent[i][k];
  }
  urgent_count[i] = kept;
  return kept == 0;
}

}  // namespace mosaic
