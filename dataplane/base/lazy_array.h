// LazyArray is a fixed-size array whose pages become resident when they are
// first touched: large tables can be sized for the worst case and cost what is
// used of them.
//
// Memory      Mapped by the constructor, all bytes zero, unmapped by the
//             destructor; transparent huge pages are asked for. The elements
//             are not constructed: zero bytes must be a valid T until the
//             caller assigns one.
// Threading   None of its own.

#pragma once

#include <cstddef>
#include <type_traits>

namespace mosaic {

namespace internal {
// Ends the process when the address space or the overcommit limit is used up:
// called only at start.
void* MapZeroed(size_t bytes);
void Unmap(void* at, size_t bytes);
void Prefault(void* at, size_t bytes);
}  // namespace internal

template <typename T>
class LazyArray {
 public:
  static_assert(std::is_trivially_destructible_v<T>);

  LazyArray() = default;
  explicit LazyArray(size_t size)
      : data_(static_cast<T*>(internal::MapZeroed(size * sizeof(T)))),
        size_(size) {}
  ~LazyArray() {
    if (data_ != nullptr) internal::Unmap(data_, size_ * sizeof(T));
  }

  LazyArray(const LazyArray&) = delete;
  LazyArray& operator=(const LazyArray&) = delete;
  LazyArray(LazyArray&& other) noexcept
      : data_(other.data_), size_(other.size_) {
    other.data_ = nullptr;
    other.size_ = 0;
  }
  LazyArray& operator=(LazyArray&& other) noexcept {
    T* const data = data_;
    const size_t size = size_;
    data_ = other.data_;
    size_ = other.size_;
    other.data_ = data;
    other.size_ = size;
    return *this;
  }

  // Makes every page resident now, so that first touches cost no page fault.
  void Prefault() const {
    if (data_ != nullptr) internal::Prefault(data_, size_ * sizeof(T));
  }

  // Elements are reachable through a const array too: it owns a mapping, and
  // whoever holds it decides what may be written.
  T& operator[](size_t i) const { return data_[i]; }
  T* data() const { return data_; }
  size_t size() const { return size_; }
  size_t bytes() const { return size_ * sizeof(T); }

 private:
  T* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace mosaic
