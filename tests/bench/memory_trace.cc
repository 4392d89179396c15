#include "tests/bench/memory_trace.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mosaic::bench {

absl::StatusOr<MemoryTrace> MakeTrace(const TrafficShape& shape) {
  const int fd = memfd_create("mosaic-bench", MFD_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, "memfd_create");
  const std::string path = absl::StrCat("/proc/self/fd/", fd);
  absl::StatusOr<GroundTruth> truth = WriteTraffic(shape, path);
  absl::StatusOr<std::unique_ptr<Trace>> trace =
      truth.ok() ? Trace::Load(path)
                 : absl::StatusOr<std::unique_ptr<Trace>>(truth.status());
  close(fd);
  if (!trace.ok()) return trace.status();
  return MemoryTrace{*std::move(trace), *truth};
}

}  // namespace mosaic::bench
