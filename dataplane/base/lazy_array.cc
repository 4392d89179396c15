#include "dataplane/base/lazy_array.h"

#include <sys/mman.h>

#include "dataplane/base/check.h"

namespace mosaic::internal {

void* MapZeroed(size_t bytes) {
  if (bytes == 0) return nullptr;
  void* const at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  MOSAIC_CHECK(at != MAP_FAILED);
  // Advice only: without huge pages the array is as good, if slower.
  if (bytes >= size_t{4} << 20) madvise(at, bytes, MADV_HUGEPAGE);
  return at;
}

void Unmap(void* at, size_t bytes) { munmap(at, bytes); }

}  // namespace mosaic::internal
