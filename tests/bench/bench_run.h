// One measured run: a trace in memory through the real workers, from an empty
// flow table to the end of all flows.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/io/trace_source.h"
#include "dataplane/policy/snapshot.h"
#include "tests/bench/workload.h"

namespace mosaic::bench {

// How several workers get their packets.
enum class Feed : uint8_t {
  kSplit,    // The trace is split by owner beforehand, as a NIC with RSS would.
  kHandoff,  // Worker 0 polls all and hands over what others own.
};

struct RunOptions {
  Workload workload = Workload::kFloor;
  size_t workers = 1;
  size_t burst_packets = 64;
  size_t flows_limit = size_t{1} << 18;  // For each worker.
  Feed feed = Feed::kSplit;
  Retain retain = Retain::kNone;  // Of bytes that were delivered, both sides.
};

struct RunFigures {
  Results results;
  uint64_t packets = 0;
  uint64_t wire_bytes = 0;
  double seconds = 0;
  double cpu_seconds = 0;   // Of the workers' threads, summed.
  double cycles = 0;        // Sum over workers.
  uint64_t flow_bytes = 0;  // Memory for each flow of capacity.
  uint64_t bounds_hit = 0;  // Flows refused or evicted: the run is void.

  double mpps() const { return static_cast<double>(packets) / seconds / 1e6; }
  double gbps() const {
    return static_cast<double>(wire_bytes) * 8 / seconds / 1e9;
  }
  double nanos_per_packet() const {
    return seconds * 1e9 / static_cast<double>(packets);
  }
  // Unlike the time on the clock, hardly moved by what else the machine does.
  double cpu_nanos_per_packet() const {
    return cpu_seconds * 1e9 / static_cast<double>(packets);
  }
  double cycles_per_packet() const {
    return cycles / static_cast<double>(packets);
  }
};

RunFigures RunOnce(const Trace& trace, const RunOptions& options);

// CPU time that the calling thread has used.
double ThreadCpuSeconds();

}  // namespace mosaic::bench
