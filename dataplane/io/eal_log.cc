#include "dataplane/io/eal_log.h"

#include <sys/types.h>

#include <utility>

namespace mosaic {

EalLog::EalLog(std::function<void(const std::string&)> sink)
    : sink_(std::move(sink)) {
  cookie_io_functions_t functions = {};
  functions.write = &EalLog::Write;
  stream_ = fopencookie(this, "w", functions);
  if (stream_ != nullptr) setvbuf(stream_, nullptr, _IOLBF, 0);
}

EalLog::~EalLog() {
  if (stream_ != nullptr) std::fclose(stream_);
}

std::string EalLog::Recent() {
  const std::lock_guard lock(mutex_);
  std::string text;
  for (const std::string& line : recent_) {
    if (!text.empty()) text += "; ";
    text += line;
  }
  return text;
}

ssize_t EalLog::Write(void* self, const char* text, size_t bytes) {
  static_cast<EalLog*>(self)->Append({text, bytes});
  return static_cast<ssize_t>(bytes);
}

void EalLog::Append(std::string_view text) {
  const std::lock_guard lock(mutex_);
  for (const char c : text) {
    if (c != '\n') {
      if (line_.size() < kMaxLineBytes) line_ += c;
      continue;
    }
    if (line_.empty()) continue;
    if (sink_ != nullptr) sink_(line_);
    if (recent_.size() == kRecentLines) recent_.pop_front();
    recent_.push_back(std::move(line_));
    line_.clear();
  }
}

}  // namespace mosaic
