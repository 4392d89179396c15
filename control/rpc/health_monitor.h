// HealthMonitor judges how the daemon does from what is looked at a few times a
// second.
//
// Threading   Any thread.

#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "control/rpc/health.h"

namespace mosaic {

// What a look at the daemon shows.
struct VitalSigns {
  std::vector<uint64_t> worker_rounds;  // Of each worker's loop, so far.
  std::vector<std::string> ports_down;  // Names.
  bool configured = false;
};

// What the daemon is told to do; known at once, not at the next look.
enum class Intent : uint8_t {
  kServe,
  kDrain,  // Take no new flows.
  kEnd,
};

class HealthMonitor {
 public:
  // Who has not shown a sign of life for longer does not live.
  static constexpr absl::Duration kLongestSilence = absl::Seconds(2);

  // `now` of a clock that never goes back.
  void Look(const VitalSigns& signs, absl::Duration now);

  // Not alive before the first look, and when the last one is too old: whoever
  // should look hangs.
  Health Judge(absl::Duration now, Intent intent) const;

 private:
  struct Pulse {
    uint64_t rounds = 0;
    absl::Duration changed;  // When the number was last another one.
  };

  mutable std::mutex mutex_;  // Guards what follows.
  bool looked_ = false;
  absl::Duration last_look_;
  std::vector<Pulse> workers_;
  VitalSigns signs_;
};

}  // namespace mosaic
