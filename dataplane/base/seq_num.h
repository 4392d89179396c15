// A TCP sequence number. Arithmetic and comparison are modulo 2^32 (RFC 9293,
// section 3.4), so `<` means "earlier in a window of less than 2^31 bytes".
// A distinct type, so that a sequence number cannot be compared as an integer.

#pragma once

#include <cstdint>

namespace mosaic {

class SeqNum {
 public:
  constexpr SeqNum() = default;
  constexpr explicit SeqNum(uint32_t raw) : raw_(raw) {}

  constexpr uint32_t raw() const { return raw_; }

  // Signed distance in bytes from `from` to this number.
  constexpr int32_t Since(SeqNum from) const {
    return static_cast<int32_t>(raw_ - from.raw_);
  }

  friend constexpr SeqNum operator+(SeqNum s, uint32_t bytes) {
    return SeqNum(s.raw_ + bytes);
  }
  friend constexpr SeqNum operator-(SeqNum s, uint32_t bytes) {
    return SeqNum(s.raw_ - bytes);
  }
  friend constexpr bool operator<(SeqNum a, SeqNum b) { return a.Since(b) < 0; }
  friend constexpr bool operator>(SeqNum a, SeqNum b) { return b < a; }
  friend constexpr bool operator<=(SeqNum a, SeqNum b) { return !(b < a); }
  friend constexpr bool operator>=(SeqNum a, SeqNum b) { return !(a < b); }
  friend constexpr bool operator==(SeqNum a, SeqNum b) = default;

 private:
  uint32_t raw_ = 0;
};

}  // namespace mosaic
