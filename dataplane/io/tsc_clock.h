// TscClock reads time from the CPU's time stamp counter, which costs a few
// nanoseconds and no system call.
//
// Time        Nanoseconds of CLOCK_MONOTONIC at construction, from there on as
//             the counter runs: monotonic, and never corrected by NTP, so it
//             may drift from the system's clock by some 10 us a second.
// Threading   Any thread. Copies agree with each other.
// Requires    A counter that runs at one rate on all cores, as every x86-64
//             server CPU of the last decade has it, and the started Eal, which
//             has measured that rate, for Start().

#pragma once

#include <x86intrin.h>

#include <cstdint>

#include "dataplane/base/timestamp.h"

namespace mosaic {

class TscClock {
 public:
  // Begins at the present time. REQUIRES: EAL was started.
  static TscClock Start();

  // A clock that shows `begin` at counter value `ticks`, and counts `hertz`
  // ticks a second. REQUIRES: 1 MHz <= hertz < 2^40.
  TscClock(uint64_t hertz, uint64_t ticks, Timestamp begin);

  Timestamp Now() const { return At(__rdtsc()); }

  // The time at counter value `ticks`; `begin` for an earlier one, as another
  // core may show at the very start.
  Timestamp At(uint64_t ticks) const {
    if (ticks <= begin_ticks_) return begin_;
    const unsigned __int128 nanos =
        static_cast<unsigned __int128>(ticks - begin_ticks_) * multiplier_ >>
        kShift;
    return begin_ + Duration::Nanos(static_cast<int64_t>(nanos));
  }

 private:
  static constexpr unsigned kShift = 40;

  uint64_t begin_ticks_;
  uint64_t multiplier_;  // Nanoseconds a tick, times 2^kShift.
  Timestamp begin_;
};

}  // namespace mosaic
