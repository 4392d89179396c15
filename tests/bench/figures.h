// What the commands of mosaic-bench have in common: results against a ground
// truth, medians, exit codes.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/bench/bench_run.h"

namespace mosaic::bench {

inline constexpr int kExitWrongResults = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitBadTrace = 4;
inline constexpr int kExitCannotWrite = 5;

// By name, as GroundTruth::Text() has them.
using Truth = std::map<std::string, uint64_t>;

// Of lines "name=number".
Truth ParseTruth(const std::string& text);
// Of the file beside `trace`; empty if it has none.
Truth ReadTruth(const std::string& trace);

// What differs from the truth, one line each; empty if nothing does.
std::string Differences(const RunFigures& figures, Workload workload,
                        const Truth& truth);

// Of the run that used least CPU time. REQUIRES: there is one.
double LeastCpuNanos(const std::vector<RunFigures>& runs);

// The run of median duration. Sorts `runs`, fastest first. REQUIRES: there is
// one.
const RunFigures& Median(std::vector<RunFigures>& runs);

}  // namespace mosaic::bench
