#include "dataplane/io/allowed_cpus.h"

#include <errno.h>
#include <sched.h>

#include <algorithm>

#include "dataplane/base/check.h"

namespace mosaic {

std::vector<int> AllowedCpus() {
  // The kernel refuses a set smaller than its own with EINVAL, and does not say
  // how large that is.
  std::vector<int> allowed;
  for (int cpus = CPU_SETSIZE;; cpus *= 2) {
    cpu_set_t* const set = CPU_ALLOC(cpus);
    MOSAIC_CHECK(set != nullptr);
    const size_t bytes = CPU_ALLOC_SIZE(cpus);
    const bool fits = sched_getaffinity(0, bytes, set) == 0;
    MOSAIC_CHECK(fits || errno == EINVAL);
    for (int cpu = 0; fits && cpu < cpus; ++cpu) {
      if (CPU_ISSET_S(cpu, bytes, set)) allowed.push_back(cpu);
    }
    CPU_FREE(set);
    if (fits) return allowed;
  }
}

size_t AutomaticWorkers(size_t allowed_cpus) {
  return std::max<size_t>(1, allowed_cpus - 1);
}

std::vector<int> SpreadWorkers(size_t workers,
                               const std::vector<int>& allowed) {
  const size_t first = workers < allowed.size() ? allowed.size() - workers : 0;
  std::vector<int> cpus;
  for (size_t worker = 0; worker < workers; ++worker) {
    cpus.push_back(allowed[(first + worker) % allowed.size()]);
  }
  return cpus;
}

}  // namespace mosaic
