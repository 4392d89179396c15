#include "dataplane/edit/payload_map.h"

#include <algorithm>

namespace mosaic {

void PayloadMap::Reset(uint32_t length) {
  arrived_ = length;
  length_ = length;
  count_ = 0;
  if (length > 0) piece_[count_++] = {0, length};
}

size_t PayloadMap::SplitAt(uint32_t offset) {
  uint32_t begin = 0;
  for (size_t i = 0; i < count_; ++i) {
    if (offset == begin) return i;
    Piece& piece = piece_[i];
    if (offset < begin + piece.length) {
      const uint32_t head = offset - begin;
      std::copy_backward(piece_.begin() + i, piece_.begin() + count_,
                         piece_.begin() + count_ + 1);
      ++count_;
      piece_[i].length = head;
      piece_[i + 1].length -= head;
      if (piece_[i + 1].from != kPutIn) piece_[i + 1].from += head;
      return i + 1;
    }
    begin += piece.length;
  }
  return count_;
}

bool PayloadMap::Insert(uint32_t offset, uint32_t length) {
  if (count_ + 2 > kMaxPieces) return false;
  const size_t at = SplitAt(offset);
  length_ += length;
  if (at > 0 && piece_[at - 1].from == kPutIn) {
    piece_[at - 1].length += length;
    return true;
  }
  if (at < count_ && piece_[at].from == kPutIn) {
    piece_[at].length += length;
    return true;
  }
  std::copy_backward(piece_.begin() + at, piece_.begin() + count_,
                     piece_.begin() + count_ + 1);
  ++count_;
  piece_[at] = {kPutIn, length};
  return true;
}

bool PayloadMap::Remove(uint32_t offset, uint32_t length) {
  if (count_ + 2 > kMaxPieces) return false;
  const size_t first = SplitAt(offset);
  const size_t last = SplitAt(offset + length);
  std::copy(piece_.begin() + last, piece_.begin() + count_,
            piece_.begin() + first);
  count_ -= last - first;
  length_ -= length;
  return true;
}

}  // namespace mosaic
