#include "dataplane/io/capture_input.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "dataplane/base/check.h"

namespace mosaic {
namespace {

constexpr size_t kReadBytes = 256 * 1024;

}  // namespace

absl::StatusOr<std::unique_ptr<CaptureInput>> CaptureInput::Open(
    const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return absl::ErrnoToStatus(errno, path);
  return absl::WrapUnique(new CaptureInput(fd, path));
}

CaptureInput::CaptureInput(std::span<const uint8_t> bytes) : ready_(bytes) {}

CaptureInput::CaptureInput(int fd, std::string path)
    : fd_(fd), path_(std::move(path)), buffer_(kReadBytes) {}

CaptureInput::~CaptureInput() {
  if (fd_ >= 0) close(fd_);
}

std::span<const uint8_t> CaptureInput::Peek(size_t n) {
  if (ready_.size() < n && fd_ >= 0) Refill(n);
  return ready_.first(std::min(n, ready_.size()));
}

void CaptureInput::Advance(size_t n) {
  MOSAIC_CHECK(n <= ready_.size());
  ready_ = ready_.subspan(n);
  offset_ += n;
}

uint64_t CaptureInput::Skip(uint64_t n) {
  uint64_t skipped = 0;
  while (skipped < n) {
    const size_t step = std::min<uint64_t>(n - skipped, kReadBytes);
    const size_t got = Peek(step).size();
    if (got == 0) break;
    Advance(got);
    skipped += got;
  }
  return skipped;
}

// Moves what is left to the front of the buffer and reads until `n` bytes are
// ready, the file ends, or reading fails.
void CaptureInput::Refill(size_t n) {
  size_t held = ready_.size();
  if (held > 0) std::memmove(buffer_.data(), ready_.data(), held);
  if (buffer_.size() < n) buffer_.resize(n);
  while (held < n && status_.ok()) {
    const ssize_t got = read(fd_, buffer_.data() + held, buffer_.size() - held);
    if (got == 0) break;
    if (got > 0) {
      held += static_cast<size_t>(got);
    } else if (errno != EINTR) {
      status_ = absl::ErrnoToStatus(errno, path_);
    }
  }
  ready_ = std::span<const uint8_t>(buffer_.data(), held);
}

}  // namespace mosaic
