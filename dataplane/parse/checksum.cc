#include "dataplane/parse/checksum.h"

#include <emmintrin.h>

#include <cstring>

namespace mosaic {
namespace {

template <typename Word>
Word Read(const uint8_t* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

uint64_t AddLanes(__m128i lanes) {
  return static_cast<uint64_t>(_mm_cvtsi128_si64(lanes)) +
         static_cast<uint64_t>(
             _mm_cvtsi128_si64(_mm_unpackhi_epi64(lanes, lanes)));
}

__m128i Load(const uint8_t* at) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
}

// The sum of 32-bit words over `blocks` blocks of 32 bytes. A 64-bit word w is
// high * 2^32 + low. Adding whole words modulo 2^64 and high halves exactly
// costs one operation less than splitting each word, and the sum of the low
// halves falls out at the end: it is below 2^64, so the modulus does not hurt.
uint64_t SumBlocks(const uint8_t* data, size_t blocks) {
  __m128i words_a = _mm_setzero_si128();
  __m128i words_b = words_a;
  __m128i highs_a = words_a;
  __m128i highs_b = words_a;
  for (; blocks > 0; --blocks, data += 32) {
    const __m128i a = Load(data);
    const __m128i b = Load(data + 16);
    words_a = _mm_add_epi64(words_a, a);
    words_b = _mm_add_epi64(words_b, b);
    highs_a = _mm_add_epi64(highs_a, _mm_srli_epi64(a, 32));
    highs_b = _mm_add_epi64(highs_b, _mm_srli_epi64(b, 32));
  }
  const uint64_t words = AddLanes(_mm_add_epi64(words_a, words_b));
  const uint64_t highs = AddLanes(_mm_add_epi64(highs_a, highs_b));
  return words - (highs << 32) + highs;
}

}  // namespace

uint64_t ChecksumSum(const uint8_t* data, size_t length) {
  uint64_t sum = 0;
  if (length >= 32) {
    sum = SumBlocks(data, length / 32);
    data += length & ~size_t{31};
    length &= 31;
  }
  for (; length >= 4; length -= 4, data += 4) sum += Read<uint32_t>(data);
  if (length >= 2) {
    sum += Read<uint16_t>(data);
    length -= 2;
    data += 2;
  }
  if (length != 0) sum += *data;
  return sum;
}

}  // namespace mosaic
