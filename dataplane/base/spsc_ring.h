// SpscRing is a bounded queue between exactly one producing thread and exactly
// one consuming thread.
//
// Memory      All slots are allocated by the constructor.
// Threading   TryPush() on the producer only, TryPop() on the consumer only;
//             size() from anywhere, as a snapshot.
// Cost        No lock and no locked instruction. Each end keeps a private copy
//             of the other end's position and re-reads it only when the ring
//             looks full or empty, so that the two cores share a cache line
//             once a lap and not once an element.

#pragma once

#include <atomic>
#include <cstddef>
#include <utility>
#include <vector>

#include "dataplane/base/check.h"

namespace mosaic {

template <typename T>
class SpscRing {
 public:
  // REQUIRES: `capacity` is a power of two.
  explicit SpscRing(size_t capacity) : slots_(capacity), mask_(capacity - 1) {
    MOSAIC_CHECK(capacity != 0 && (capacity & mask_) == 0);
  }

  SpscRing(const SpscRing&) = delete;
  SpscRing& operator=(const SpscRing&) = delete;

  // False, and `value` untouched, when the ring is full.
  [[nodiscard]] bool TryPush(T&& value) {
    const size_t head = head_.load(std::memory_order_relaxed);
    if (head - known_tail_ == slots_.size()) {
      known_tail_ = tail_.load(std::memory_order_acquire);
      if (head - known_tail_ == slots_.size()) return false;
    }
    slots_[head & mask_] = std::move(value);
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  // False, and `value` untouched, when the ring is empty.
  [[nodiscard]] bool TryPop(T& value) {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == known_head_) {
      known_head_ = head_.load(std::memory_order_acquire);
      if (tail == known_head_) return false;
    }
    value = std::move(slots_[tail & mask_]);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  size_t size() const {
    return head_.load(std::memory_order_acquire) -
           tail_.load(std::memory_order_acquire);
  }
  size_t capacity() const { return slots_.size(); }

 private:
  std::vector<T> slots_;
  const size_t mask_;

  alignas(64) std::atomic<size_t> head_{0};  // Written by the producer.
  size_t known_tail_ = 0;                    // The producer's copy.

  alignas(64) std::atomic<size_t> tail_{0};  // Written by the consumer.
  size_t known_head_ = 0;                    // The consumer's copy.
};

}  // namespace mosaic
