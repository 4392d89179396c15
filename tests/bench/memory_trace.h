// Made-up traffic as a trace in memory, without a file on a disk.

#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "dataplane/io/trace_source.h"
#include "tests/bench/traffic_generator.h"
#include "tests/bench/traffic_shape.h"

namespace mosaic::bench {

struct MemoryTrace {
  std::unique_ptr<Trace> trace;
  GroundTruth truth;
};

// INVALID_ARGUMENT as GenerateTraffic(); UNAVAILABLE if memory runs out.
//
// Memory   Twice the file's size while it is made, then as Trace.
absl::StatusOr<MemoryTrace> MakeTrace(const TrafficShape& shape);

}  // namespace mosaic::bench
