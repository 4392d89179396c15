// CaptureInput is the bytes of a capture file, read front to back through a
// window that the reader of a format moves along.
//
// Memory      A file is read through a buffer that grows to the largest Peek()
//             asked for; a capture in memory is not copied.
// Threading   One thread at a time.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace mosaic {

class CaptureInput {
 public:
  // Opens a file, or anything else that can be read front to back, such as a
  // pipe. NOT_FOUND, PERMISSION_DENIED or UNKNOWN with the system's reason if
  // it cannot be opened.
  static absl::StatusOr<std::unique_ptr<CaptureInput>> Open(
      const std::string& path);

  // REQUIRES: `bytes` outlives the object and does not move.
  explicit CaptureInput(std::span<const uint8_t> bytes);
  ~CaptureInput();

  CaptureInput(const CaptureInput&) = delete;
  CaptureInput& operator=(const CaptureInput&) = delete;

  // The next `n` bytes, or all that are left where fewer are. Valid until the
  // next Peek() or Skip(). Over a capture in memory: as long as that is.
  std::span<const uint8_t> Peek(size_t n);

  // Moves past bytes that Peek() returned; they stay valid until the next
  // Peek() or Skip(). REQUIRES: the last Peek() returned at least `n`.
  void Advance(size_t n);

  // Moves past `n` bytes, or all that are left where fewer are. Returns how
  // many it moved past.
  uint64_t Skip(uint64_t n);

  // Position of the next byte, counted from the beginning of the file.
  uint64_t offset() const { return offset_; }

  // OK, or why the system could not read on; the bytes end there.
  const absl::Status& status() const { return status_; }

 private:
  CaptureInput(int fd, std::string path);

  void Refill(size_t n);

  const int fd_ = -1;  // -1: a capture in memory.
  const std::string path_;
  std::vector<uint8_t> buffer_;
  std::span<const uint8_t> ready_;  // Of the buffer, or of the memory.
  uint64_t offset_ = 0;
  absl::Status status_;
};

}  // namespace mosaic
