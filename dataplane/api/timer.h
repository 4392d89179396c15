// Timers of network functions: one-shot or periodic, of a worker or of a flow.
//
// A timer fires in the first millisecond tick at or after its time, never
// before, by NetworkFunction::OnTimer(). In replay the packets' time is the
// clock. Those of a flow are cancelled when it ends.

#pragma once

#include <cstdint>

#include "dataplane/base/timestamp.h"

namespace mosaic {

// Names one armed timer; never names another one later. 0: none.
using TimerHandle = uint64_t;
inline constexpr TimerHandle kNoTimer = 0;

struct TimerSpec {
  Duration delay;   // To the first time; 0 or less: the next tick.
  Duration period;  // Above 0: again each time, at least a tick apart.
  uint64_t id = 0;  // The function's own number, not looked at: of two armed
                    // with the same id both fire.
  void* data = nullptr;  // The function's own.
};

struct TimerEvent {
  TimerHandle timer = kNoTimer;  // kNoTimer once a one-shot timer fires.
  uint64_t id = 0;
  void* data = nullptr;
  Timestamp due;  // The time it was armed for.
  Timestamp now;  // The tick it fires in.
};

}  // namespace mosaic
