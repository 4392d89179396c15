// RecordRing takes records of any length from one worker to the thread that
// writes them to a file.
//
// Memory      kBytes, which become resident as they are first used.
// Bounds      A record that does not fit is refused. None may be longer than
//             kMaxRecordBytes.
// Threading   TryPush() on the worker, PopInto() on the writing thread.
// Cost        One copy in, one copy out; no lock.

#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "dataplane/base/check.h"
#include "dataplane/base/lazy_array.h"

namespace mosaic {

class RecordRing {
 public:
  static constexpr size_t kBytes = size_t{1} << 20;
  static constexpr size_t kMaxRecordBytes = 64 * 1024;

  RecordRing() : bytes_(kBytes) {}

  RecordRing(const RecordRing&) = delete;
  RecordRing& operator=(const RecordRing&) = delete;

  // False, and nothing taken, when there is no room.
  // REQUIRES: record.size() <= kMaxRecordBytes.
  [[nodiscard]] bool TryPush(std::span<const char> record) {
    MOSAIC_CHECK(record.size() <= kMaxRecordBytes);
    const size_t head = head_.load(std::memory_order_relaxed);
    const size_t room = kBytes - (head - tail_.load(std::memory_order_acquire));
    if (room < record.size()) return false;
    Copy(head, record);
    head_.store(head + record.size(), std::memory_order_release);
    return true;
  }

  // Appends all whole records to `out`. Returns how many bytes that were.
  size_t PopInto(std::string& out) {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    const size_t bytes = head_.load(std::memory_order_acquire) - tail;
    const size_t begin = tail % kBytes;
    const size_t first = std::min(bytes, kBytes - begin);
    out.append(&bytes_[begin], first);
    if (bytes > first) out.append(&bytes_[0], bytes - first);
    tail_.store(tail + bytes, std::memory_order_release);
    return bytes;
  }

  size_t size() const {
    return head_.load(std::memory_order_acquire) -
           tail_.load(std::memory_order_acquire);
  }

 private:
  void Copy(size_t head, std::span<const char> record) {
    const size_t begin = head % kBytes;
    const size_t first = std::min(record.size(), kBytes - begin);
    if (first > 0) std::memcpy(&bytes_[begin], record.data(), first);
    if (record.size() > first) {
      std::memcpy(&bytes_[0], record.data() + first, record.size() - first);
    }
  }

  LazyArray<char> bytes_;
  alignas(64) std::atomic<size_t> head_{0};  // Written by the worker.
  alignas(64) std::atomic<size_t> tail_{0};  // Written by the writing thread.
};

}  // namespace mosaic
