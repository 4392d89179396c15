// Which CPUs this process may use, and how workers are spread over them.

#pragma once

#include <cstddef>
#include <vector>

namespace mosaic {

// The CPUs that the calling thread may run on (cgroup cpuset and affinity
// mask), in ascending order; never empty. Call it before EAL pins the thread.
std::vector<int> AllowedCpus();

// The number of workers that `workers: auto` stands for: one CPU is left to
// control where there are two or more. REQUIRES: allowed_cpus > 0.
size_t AutomaticWorkers(size_t allowed_cpus);

// A CPU for each of `workers` workers: the last ones of `allowed`, one each, so
// that the first stays with control; where there are too few, all of them in
// turn, shared. REQUIRES: `allowed` is not empty.
std::vector<int> SpreadWorkers(size_t workers, const std::vector<int>& allowed);

}  // namespace mosaic
