// LogLevels lets the API read and set the levels of the daemon's log.
//
// Threading   Any thread.

#pragma once

#include <string>

#include "control/core/log_control.h"
#include "control/log/daemon_log.h"

namespace mosaic {

class LogLevels : public LogControl {
 public:
  // `log` outlives the object.
  explicit LogLevels(DaemonLog& log) : log_(log) {}

  Result<Levels> SetLevel(const std::string& component,
                          const std::string& level) override;

 private:
  DaemonLog& log_;
};

}  // namespace mosaic
