// EalLog catches what EAL and drivers log, line by line.
//
// Memory      One unfinished line and the last kRecentLines, each cut at
//             kMaxLineBytes.
// Threading   EAL writes from any of its threads; a lock serialises them.

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdio>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace mosaic {

class EalLog {
 public:
  static constexpr size_t kRecentLines = 8;
  static constexpr size_t kMaxLineBytes = 512;

  explicit EalLog(std::function<void(const std::string&)> sink);
  ~EalLog();

  EalLog(const EalLog&) = delete;
  EalLog& operator=(const EalLog&) = delete;

  // To hand to rte_openlog_stream(); null if the system refused it.
  FILE* stream() { return stream_; }

  // The last lines, joined with "; ".
  std::string Recent();

 private:
  static ssize_t Write(void* self, const char* text, size_t bytes);
  void Append(std::string_view text);

  std::mutex mutex_;
  const std::function<void(const std::string&)> sink_;
  std::string line_;
  std::deque<std::string> recent_;
  FILE* stream_;
};

}  // namespace mosaic
