#include "dataplane/io/tsc_clock.h"

#include <rte_config.h>
#include <rte_cycles.h>

#include <ctime>

#include "dataplane/base/check.h"

namespace mosaic {

TscClock TscClock::Start() {
  timespec now;
  MOSAIC_CHECK(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
  return TscClock(
      rte_get_tsc_hz(), __rdtsc(),
      Timestamp::FromNanos(int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec));
}

TscClock::TscClock(uint64_t hertz, uint64_t ticks, Timestamp begin)
    : begin_ticks_(ticks), begin_(begin) {
  MOSAIC_CHECK(hertz >= 1'000'000 && hertz < uint64_t{1} << 40);
  constexpr unsigned __int128 kNanosPerSecond = 1'000'000'000;
  multiplier_ = static_cast<uint64_t>((kNanosPerSecond << kShift) / hertz);
}

}  // namespace mosaic
