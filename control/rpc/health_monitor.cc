#include "control/rpc/health_monitor.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mosaic {

void HealthMonitor::Look(const VitalSigns& signs, absl::Duration now) {
  const std::lock_guard lock(mutex_);
  if (!looked_) {
    for (const uint64_t rounds : signs.worker_rounds) {
      workers_.push_back({rounds, now});
    }
  }
  for (size_t i = 0; i < workers_.size(); ++i) {
    if (workers_[i].rounds == signs.worker_rounds[i]) continue;
    workers_[i] = {signs.worker_rounds[i], now};
  }
  signs_ = signs;
  last_look_ = now;
  looked_ = true;
}

Health HealthMonitor::Judge(absl::Duration now, Intent intent) const {
  const std::lock_guard lock(mutex_);
  if (!looked_) return {false, false, "the daemon starts"};
  if (now - last_look_ > kLongestSilence) {
    return {false, false, "the control side does not go round"};
  }
  for (size_t i = 0; i < workers_.size(); ++i) {
    if (now - workers_[i].changed > kLongestSilence) {
      return {false, false, absl::StrCat("worker ", i, " does not go round")};
    }
  }
  if (intent == Intent::kEnd) return {true, false, "the daemon ends"};
  if (intent == Intent::kDrain) return {true, false, "the daemon drains"};
  if (!signs_.configured) return {true, false, "no configuration is applied"};
  if (!signs_.ports_down.empty()) {
    return {true, false,
            absl::StrCat("down: ", absl::StrJoin(signs_.ports_down, ", "))};
  }
  return {true, true, ""};
}

}  // namespace mosaic
