// DaemonLog is the log of the daemon on standard error, and the level of each
// of its components.
//
// Format      One line a message, as text (coloured on a terminal) or as a JSON
//             object.
// Threading   Any thread; workers do not log.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace spdlog {
class logger;
}  // namespace spdlog

namespace mosaic {

// Who says it. The names are those of SystemService.SetLogLevel.
enum class LogComponent : uint8_t {
  kControl,    // Start, stop, changes of the configuration, flow records.
  kDataplane,  // Ports and workers.
  kDpdk,       // What EAL and drivers say.
  kRpc,        // The API's calls.
};
inline constexpr size_t kLogComponents = 4;
std::string_view Name(LogComponent component);

class DaemonLog {
 public:
  enum class Format : uint8_t { kText, kJson };

  // Everything at level "info".
  explicit DaemonLog(Format format);
  ~DaemonLog();

  DaemonLog(const DaemonLog&) = delete;
  DaemonLog& operator=(const DaemonLog&) = delete;

  // Lives as long as this object.
  spdlog::logger& logger(LogComponent component);

  // Whether there is such a component, or "", which stands for all; and such a
  // level: trace, debug, info, warn, error.
  static bool IsComponent(std::string_view component);
  static bool IsLevel(std::string_view level);

  // REQUIRES: IsComponent(component) and IsLevel(level).
  void SetLevel(std::string_view component, std::string_view level);

  // Component -> level.
  std::map<std::string, std::string> Levels() const;

  // Calls `changed` with DPDK's level, now and whenever it changes, on the
  // thread that changes it. An empty function ends that.
  void WatchDpdkLevel(std::function<void(std::string_view level)> changed);

 private:
  std::array<std::shared_ptr<spdlog::logger>, kLogComponents> loggers_;
  absl::Mutex mutex_;
  std::function<void(std::string_view)> dpdk_changed_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mosaic
