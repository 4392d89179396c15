#include "control/daemon/log_levels.h"

namespace mosaic {

Result<LogControl::Levels> LogLevels::SetLevel(const std::string& component,
                                               const std::string& level) {
  if (!DaemonLog::IsComponent(component)) {
    return InvalidFields(
        {{"component", config::Quoted(component) +
                           " is not one of control, dataplane, dpdk, rpc"}});
  }
  if (!level.empty()) {
    if (!DaemonLog::IsLevel(level)) {
      return InvalidFields(
          {{"level", config::Quoted(level) +
                         " is not one of trace, debug, info, warn, error"}});
    }
    log_.SetLevel(component, level);
  }
  return log_.Levels();
}

}  // namespace mosaic
