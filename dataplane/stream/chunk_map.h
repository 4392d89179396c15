// Operations on the maps of a Chunk, a word of 64 bits at a time.
//
// All take a range [from, to) of bit numbers. REQUIRES: from <= to <= the
// number of bits in the map.

#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace mosaic {

inline bool TestBit(const uint64_t* map, uint32_t bit) {
  return (map[bit / 64] >> (bit % 64) & 1) != 0;
}

inline void SetBit(uint64_t* map, uint32_t bit) {
  map[bit / 64] |= uint64_t{1} << (bit % 64);
}

inline void ClearBit(uint64_t* map, uint32_t bit) {
  map[bit / 64] &= ~(uint64_t{1} << (bit % 64));
}

// Calls `visit(word index, mask)` for each word that [from, to) touches; the
// mask has the bits of the range. Whole words are a loop of their own, which
// compilers turn into vector code.
template <typename Visitor>
inline void ForEachWord(uint32_t from, uint32_t to, Visitor visit) {
  if (from >= to) return;
  constexpr uint64_t kOnes = ~uint64_t{0};
  const uint32_t first = from / 64;
  const uint32_t last = (to - 1) / 64;
  const uint64_t head = kOnes << (from % 64);
  const uint64_t tail = kOnes >> (63 - (to - 1) % 64);
  if (first == last) {
    visit(first, head & tail);
    return;
  }
  visit(first, head);
  for (uint32_t word = first + 1; word < last; ++word) visit(word, kOnes);
  visit(last, tail);
}

inline void SetBits(uint64_t* map, uint32_t from, uint32_t to) {
  ForEachWord(from, to,
              [map](uint32_t word, uint64_t mask) { map[word] |= mask; });
}

inline void ClearBits(uint64_t* map, uint32_t from, uint32_t to) {
  ForEachWord(from, to,
              [map](uint32_t word, uint64_t mask) { map[word] &= ~mask; });
}

inline uint32_t CountBits(const uint64_t* map, uint32_t from, uint32_t to) {
  uint32_t count = 0;
  ForEachWord(from, to, [map, &count](uint32_t word, uint64_t mask) {
    count += static_cast<uint32_t>(std::popcount(map[word] & mask));
  });
  return count;
}

// The first bit in the range for which `flip ^ map` is set; `to` if there is
// none. NextSet() and NextClear() are the two readings of it.
inline uint32_t NextBit(const uint64_t* map, uint32_t from, uint32_t to,
                        uint64_t flip) {
  while (from < to) {
    const uint64_t word = (map[from / 64] ^ flip) >> (from % 64);
    if (word != 0) {
      return std::min(from + static_cast<uint32_t>(std::countr_zero(word)), to);
    }
    from = (from / 64 + 1) * 64;
  }
  return to;
}

// The first set bit in the range; `to` if there is none.
inline uint32_t NextSet(const uint64_t* map, uint32_t from, uint32_t to) {
  return NextBit(map, from, to, 0);
}

// The first clear bit in the range; `to` if there is none.
inline uint32_t NextClear(const uint64_t* map, uint32_t from, uint32_t to) {
  return NextBit(map, from, to, ~uint64_t{0});
}

}  // namespace mosaic
