// PacketNumbers gives the packets that one worker receives from live ports
// their index.
//
// Two workers never give the same number, though they share nothing: worker w
// of n gives w, w + n, w + 2n, ... And numbers follow the clock: each is at
// least n times the burst's time in nanoseconds, so that the events of several
// workers, merged by index, come in the order of arrival to within a burst.
// The downside is that indexes have gaps; replay, which counts packets from 0,
// has none.
//
//   worker 0 of 2:   (t, 0)  (t+1, 0)  (t+2, 0)           (t', 0) ...
//   worker 1 of 2:   (t, 1)  (t+1, 1)            (t'', 1)
//
// Bounds      64-bit numbers last for 9 years of uptime with 64 workers.
// Threading   The worker only. All queues that it polls share one object.

#pragma once

#include <cstdint>

#include "dataplane/base/check.h"
#include "dataplane/base/timestamp.h"

namespace mosaic {

class PacketNumbers {
 public:
  // REQUIRES: worker < workers.
  PacketNumbers(uint64_t worker, uint64_t workers)
      : worker_(worker), workers_(workers) {
    MOSAIC_CHECK(worker < workers);
  }

  // Called with the time of each burst before its packets get numbers.
  void BeginBurst(Timestamp now) {
    const auto nanos = static_cast<uint64_t>(now.nanos());
    if (now.nanos() > 0 && nanos > next_) next_ = nanos;
  }

  // Larger than every number before.
  uint64_t Next() { return next_++ * workers_ + worker_; }

 private:
  const uint64_t worker_;
  const uint64_t workers_;
  uint64_t next_ = 0;
};

}  // namespace mosaic
