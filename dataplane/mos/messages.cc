#include "dataplane/mos/messages.h"

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "dataplane/mos/text.h"

namespace mosaic::mos {
namespace {

// Null for standard error. Never closed: others may be writing.
std::atomic<std::FILE*> log_file{nullptr};

}  // namespace

absl::Status SendMessagesTo(const std::string& folder) {
  const std::string path = folder + "/mosaic.log";
  std::FILE* const file = std::fopen(path.c_str(), "ae");
  if (file == nullptr) {
    return absl::NotFoundError(
        Cat("mos_log: ", path, ": ", std::string_view(std::strerror(errno))));
  }
  std::setvbuf(file, nullptr, _IOLBF, 0);
  log_file.store(file, std::memory_order_release);
  return absl::OkStatus();
}

void Tell(std::string_view message) {
  std::FILE* const file = log_file.load(std::memory_order_acquire);
  const std::string line = Cat("mosaic: ", message, "\n");
  std::fwrite(line.data(), 1, line.size(), file == nullptr ? stderr : file);
}

}  // namespace mosaic::mos
