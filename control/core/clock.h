// Clock is the time of the control side, and its only way to wait.
//
// Threading   Any thread.

#pragma once

#include "absl/time/time.h"

namespace mosaic {

class Clock {
 public:
  virtual ~Clock() = default;
  // Of the calendar; may jump.
  virtual absl::Time Now() = 0;
  // Since some fixed time; never goes back.
  virtual absl::Duration Monotonic() = 0;
  // Returns after about `duration`.
  virtual void Sleep(absl::Duration duration) = 0;
};

// The system's.
class SystemClock : public Clock {
 public:
  absl::Time Now() override;
  absl::Duration Monotonic() override;
  void Sleep(absl::Duration duration) override;
};

}  // namespace mosaic
