// HalfOpenList keeps the connections whose handshake is not complete in the
// order they began, so that under a flood of SYNs the oldest gives way.
//
// Memory      Eight bytes for each flow record, resident as used.
// Threading   Owner worker only.
// Cost        O(1); a record's own links and those of its neighbours in time.

#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/base/lazy_array.h"

namespace mosaic {

class HalfOpenList {
 public:
  explicit HalfOpenList(size_t records) : links_(records) {}

  static constexpr size_t BytesFor(size_t records) {
    return records * sizeof(Links);
  }

  // REQUIRES: record `index` is not in the list.
  void Add(uint32_t index) {
    links_[index] = {newest_, 0};
    (newest_ == 0 ? oldest_ : links_[newest_ - 1].newer) = index + 1;
    newest_ = index + 1;
    ++size_;
  }

  // REQUIRES: record `index` is in the list.
  void Remove(uint32_t index) {
    const Links links = links_[index];
    (links.older == 0 ? oldest_ : links_[links.older - 1].newer) = links.newer;
    (links.newer == 0 ? newest_ : links_[links.newer - 1].older) = links.older;
    --size_;
  }

  // REQUIRES: size() > 0.
  uint32_t oldest() const { return oldest_ - 1; }
  size_t size() const { return size_; }
  size_t bytes() const { return BytesFor(links_.size()); }
  void Prefault() const { links_.Prefault(); }

 private:
  // Record numbers + 1; 0: none.
  struct Links {
    uint32_t older;
    uint32_t newer;
  };

  LazyArray<Links> links_;
  uint32_t oldest_ = 0;
  uint32_t newest_ = 0;
  size_t size_ = 0;
};

}  // namespace mosaic
