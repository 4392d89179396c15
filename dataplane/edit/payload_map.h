// PayloadMap is where the bytes of an edited payload come from: a row of
// pieces, each a range of the payload as it arrived, or bytes that were put in.
//
//   arrived   a b c d e f         insert "XY" at 2, remove 2 at 5:
//   now       a b X Y c f         [0,2) put 2 [2,1) [5,1)
//
// Bounds      kMaxPieces pieces, which is kMaxPieces / 2 edits that lie apart.
// Threading   None of its own.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace mosaic {

class PayloadMap {
 public:
  static constexpr size_t kMaxPieces = 32;
  static constexpr uint32_t kPutIn = UINT32_MAX;

  struct Piece {
    uint32_t from;    // Offset in the payload as it arrived, or kPutIn.
    uint32_t length;  // At least 1.
    friend bool operator==(const Piece&, const Piece&) = default;
  };

  // A payload of `length` bytes as it arrived.
  void Reset(uint32_t length);

  // False, and nothing changed, if the pieces do not suffice.
  // REQUIRES: offset <= length(), length > 0.
  [[nodiscard]] bool Insert(uint32_t offset, uint32_t length);
  // REQUIRES: offset + length <= length(), length > 0.
  [[nodiscard]] bool Remove(uint32_t offset, uint32_t length);

  uint32_t length() const { return length_; }
  uint32_t arrived_length() const { return arrived_; }
  std::span<const Piece> pieces() const { return {piece_.data(), count_}; }

 private:
  // Makes a piece begin at `offset`; returns its place.
  size_t SplitAt(uint32_t offset);

  std::array<Piece, kMaxPieces> piece_;
  size_t count_ = 0;
  uint32_t length_ = 0;
  uint32_t arrived_ = 0;
};

}  // namespace mosaic
