// Counter is a 64-bit count with one writer, the worker that owns it, and any
// number of readers on other threads. A plain load and store, not a locked add:
// there is nobody to race with.

#pragma once

#include <atomic>
#include <cstdint>

namespace mosaic {

class Counter {
 public:
  void Add(uint64_t n) {
    value_.store(value_.load(std::memory_order_relaxed) + n,
                 std::memory_order_relaxed);
  }
  void Set(uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  uint64_t Read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

}  // namespace mosaic
