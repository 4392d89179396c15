#include "control/core/worker_names.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mosaic {

std::string WorkerNames(const std::vector<size_t>& workers) {
  return absl::StrCat(workers.size() == 1 ? "worker " : "workers ",
                      absl::StrJoin(workers, ", "));
}

}  // namespace mosaic
