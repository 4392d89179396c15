// The same work on the same packets by libnids, as something to compare with.

#pragma once

#include "dataplane/io/trace_source.h"
#include "tests/bench/bench_run.h"
#include "tests/bench/workload.h"

namespace mosaic::bench {

// Runs `trace` through libnids on the calling thread. It has room for as many
// streams as Mosaic's table; its own default silently drops those beyond 1,040.
// Checksums are not verified, as in Mosaic's runs. REQUIRES: one run at a time,
// and kRead or kCrc: of streams that nobody
// reads libnids tells nothing.
RunFigures RunLibnids(const Trace& trace, const RunOptions& options);

}  // namespace mosaic::bench
