// ServiceManager tells systemd how the daemon does, where it runs under it
// (Type=notify); anywhere else every call does nothing.
//
// Threading   One thread.

#pragma once

#include <chrono>

namespace mosaic {

class ServiceManager {
 public:
  ServiceManager();

  void Ready();
  void Stopping();

  // Says that the daemon lives, as often as the unit's WatchdogSec= wants it.
  // To be called a few times a second.
  void Beat();

 private:
  std::chrono::steady_clock::duration period_{};  // 0: no watchdog.
  std::chrono::steady_clock::time_point next_beat_;
};

}  // namespace mosaic
