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

void Prefault(void* at, size_t bytes) {
  if (madvise(at, bytes, MADV_POPULATE_WRITE) == 0) return;
  // Kernels before 5.14: write to each page what it holds already.
  constexpr size_t kPageBytes = 4096;
  auto* const begin = static_cast<volatile char*>(at);
  for (size_t i = 0; i < bytes; i += kPageBytes) begin[i] = begin[i];
}

void Unmap(void* at, size_t bytes) { munmap(at, bytes); }

}  // namespace mosaic::internal
