// BoundedPool lends objects of one kind up to a fixed number.
//
// Memory      Address space for all of them, resident as they are used.
// Threading   Owner worker only.
// Cost        O(1), no allocation after construction.

#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/base/lazy_array.h"

namespace mosaic {

// REQUIRES: T is trivially destructible.
template <typename T>
class BoundedPool {
 public:
  explicit BoundedPool(size_t objects) : objects_(objects), free_(objects) {}

  // Address space of a pool of so many.
  static constexpr size_t BytesFor(size_t objects) {
    return objects * (sizeof(T) + sizeof(uint32_t));
  }

  // A fresh T, or null if all are lent.
  T* Take() {
    size_t number;
    if (free_count_ > 0) {
      number = free_[--free_count_];
    } else if (next_unused_ < objects_.size()) {
      number = next_unused_++;
    } else {
      return nullptr;
    }
    ++lent_;
    objects_[number] = T();
    return &objects_[number];
  }

  // REQUIRES: `object` was lent by this pool.
  void Give(T* object) {
    free_[free_count_++] = static_cast<uint32_t>(object - objects_.data());
    --lent_;
  }

  size_t lent() const { return lent_; }

 private:
  LazyArray<T> objects_;
  LazyArray<uint32_t> free_;
  size_t free_count_ = 0;
  size_t next_unused_ = 0;
  size_t lent_ = 0;
};

}  // namespace mosaic
