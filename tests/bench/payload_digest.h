// What is computed of payload bytes to prove that they were all read, and in
// order. Written with intrinsics, so that compiler flags do not decide a
// comparison with another program.

#pragma once

#include <nmmintrin.h>

#include <cstdint>
#include <cstring>
#include <span>

namespace mosaic::bench {

// Sum and xor of bytes; does not depend on their order.
struct ByteSum {
  uint64_t bytesum = 0;
  uint8_t xor8 = 0;

  // 16 bytes at a time.
  void Add(std::span<const uint8_t> bytes) {
    const __m128i zero = _mm_setzero_si128();
    __m128i sum = zero;
    __m128i mixed = zero;
    size_t i = 0;
    for (; i + 16 <= bytes.size(); i += 16) {
      const __m128i word =
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + i));
      sum = _mm_add_epi64(sum, _mm_sad_epu8(word, zero));
      mixed = _mm_xor_si128(mixed, word);
    }
    uint64_t total = static_cast<uint64_t>(_mm_cvtsi128_si64(sum)) +
                     static_cast<uint64_t>(_mm_extract_epi64(sum, 1));
    uint64_t folded = static_cast<uint64_t>(_mm_cvtsi128_si64(mixed)) ^
                      static_cast<uint64_t>(_mm_extract_epi64(mixed, 1));
    folded ^= folded >> 32;
    folded ^= folded >> 16;
    folded ^= folded >> 8;
    uint8_t rest = static_cast<uint8_t>(folded);
    for (; i < bytes.size(); ++i) {
      total += bytes[i];
      rest = static_cast<uint8_t>(rest ^ bytes[i]);
    }
    bytesum += total;
    xor8 = static_cast<uint8_t>(xor8 ^ rest);
  }
};

inline constexpr uint32_t kCrc32cStart = 0xffffffff;

// `crc` gone on with `bytes`; no final xor.
inline uint32_t Crc32c(uint32_t crc, std::span<const uint8_t> bytes) {
  uint64_t wide = crc;
  size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + i, sizeof word);
    wide = _mm_crc32_u64(wide, word);
  }
  auto narrow = static_cast<uint32_t>(wide);
  for (; i < bytes.size(); ++i) narrow = _mm_crc32_u8(narrow, bytes[i]);
  return narrow;
}

}  // namespace mosaic::bench
