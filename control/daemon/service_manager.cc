#include "control/daemon/service_manager.h"

#include <systemd/sd-daemon.h>

#include <cstdint>

namespace mosaic {
namespace {

using Clock = std::chrono::steady_clock;

// Failing to tell is no failure: who does not listen does not want to know.
void Notify(const char* state) {
  static_cast<void>(sd_notify(/*unset_environment=*/0, state));
}

}  // namespace

ServiceManager::ServiceManager() {
  uint64_t micros = 0;
  if (sd_watchdog_enabled(/*unset_environment=*/0, &micros) > 0) {
    // Half of what is allowed, as sd_watchdog_enabled(3) advises.
    period_ = std::chrono::microseconds(micros / 2);
  }
}

void ServiceManager::Ready() { Notify("READY=1"); }

void ServiceManager::Stopping() { Notify("STOPPING=1"); }

void ServiceManager::Beat() {
  if (period_.count() == 0 || Clock::now() < next_beat_) return;
  next_beat_ = Clock::now() + period_;
  Notify("WATCHDOG=1");
}

}  // namespace mosaic
