// Many connections that are opened and then say nothing any more: how their
// timeouts are spread over the rounds of a worker.

#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"

namespace mosaic::bench {

struct ExpiryFigures {
  uint64_t flows_created = 0;
  uint64_t flows_expired = 0;
  uint64_t rounds = 0;  // From the first round that a flow was due in.
  uint64_t most_in_one_round = 0;    // Flows expired.
  uint64_t longest_round_nanos = 0;  // CPU time of the thread.
  uint64_t expiry_cpu_nanos = 0;     // CPU time of all rounds.
  uint64_t expiry_budget = 0;        // WorkerLimits::expiry_budget.
};

// Opens `flows` connections on a worker, lets them be silent for longer than
// its timeout, and runs the worker until all have ended, or until nothing ended
// for as many rounds as there were flows. On the calling thread, with the
// clock of a live port set by hand. REQUIRES: 0 < flows <= 2^24.
absl::StatusOr<ExpiryFigures> ExpireIdleFlows(size_t flows);

}  // namespace mosaic::bench
