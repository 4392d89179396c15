#include "control/core/clock.h"

#include <chrono>

#include "absl/time/clock.h"

namespace mosaic {

absl::Time SystemClock::Now() { return absl::Now(); }

absl::Duration SystemClock::Monotonic() {
  return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
}

void SystemClock::Sleep(absl::Duration duration) { absl::SleepFor(duration); }

}  // namespace mosaic
