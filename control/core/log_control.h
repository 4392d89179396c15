// LogControl reads and sets what is logged while the daemon runs; the daemon,
// which has the loggers, implements it.

#pragma once

#include <map>
#include <string>

#include "control/core/error.h"

namespace mosaic {

class LogControl {
 public:
  using Levels = std::map<std::string, std::string>;  // By component.

  virtual ~LogControl() = default;

  // Sets `component`, or all if it is empty, to `level`: trace, debug, info,
  // warn or error; sets nothing if that is empty. Returns the levels of all.
  // INVALID_ARGUMENT, with the path `component` or `level` and what there is.
  // Any thread.
  virtual Result<Levels> SetLevel(const std::string& component,
                                  const std::string& level) = 0;
};

}  // namespace mosaic
