#include "dataplane/flow/flow_hash.h"

#include <immintrin.h>
#include <sys/random.h>

#include <cstring>

#include "dataplane/base/check.h"

namespace mosaic {
namespace {

// Each word goes through its own round under the seed before they meet, so that
// no difference in one can be cancelled by another without knowing the seed;
// two more rounds spread each bit over the whole result.
__attribute__((target("aes,sse4.1"))) inline uint64_t AesHash(
    const FlowKey& key, __m128i seed) {
  const auto* words = reinterpret_cast<const __m128i*>(&key);
  const __m128i spread = _mm_set_epi64x(0x243f6a8885a308d3, 0x13198a2e03707344);
  __m128i a = _mm_xor_si128(_mm_loadu_si128(words), seed);
  __m128i b =
      _mm_xor_si128(_mm_loadu_si128(words + 1), _mm_shuffle_epi32(seed, 0x4e));
  __m128i c =
      _mm_xor_si128(_mm_loadu_si128(words + 2), _mm_xor_si128(seed, spread));
  a = _mm_aesenc_si128(_mm_aesenc_si128(a, seed), spread);
  b = _mm_aesenc_si128(_mm_aesenc_si128(b, spread), seed);
  c = _mm_aesenc_si128(_mm_aesenc_si128(c, seed), seed);
  __m128i mixed = _mm_aesenc_si128(_mm_xor_si128(a, b), c);
  mixed = _mm_aesenc_si128(mixed, seed);
  mixed = _mm_aesenc_si128(mixed, spread);
  return static_cast<uint64_t>(_mm_cvtsi128_si64(mixed)) ^
         static_cast<uint64_t>(_mm_extract_epi64(mixed, 1));
}

__attribute__((target("aes,sse4.1"))) void AesHashBurst(
    std::span<ParsedPacket> packets, const FlowHash::Seed& seed) {
  const __m128i word = _mm_set_epi64x(static_cast<int64_t>(seed[1]),
                                      static_cast<int64_t>(seed[0]));
  for (ParsedPacket& packet : packets) packet.hash = AesHash(packet.key, word);
}

__attribute__((target("aes,sse4.1"))) uint64_t AesHashOne(
    const FlowKey& key, const FlowHash::Seed& seed) {
  return AesHash(key, _mm_set_epi64x(static_cast<int64_t>(seed[1]),
                                     static_cast<int64_t>(seed[0])));
}

uint64_t Rotate(uint64_t x, int bits) {
  return (x << bits) | (x >> (64 - bits));
}

// SipHash-1-3 (Aumasson and Bernstein) over the key's six words.
uint64_t SipHash(const FlowKey& key, const FlowHash::Seed& seed) {
  uint64_t v0 = seed[0] ^ 0x736f6d6570736575;
  uint64_t v1 = seed[1] ^ 0x646f72616e646f6d;
  uint64_t v2 = seed[0] ^ 0x6c7967656e657261;
  uint64_t v3 = seed[1] ^ 0x7465646279746573;
  const auto round = [&] {
    v0 += v1;
    v1 = Rotate(v1, 13) ^ v0;
    v0 = Rotate(v0, 32);
    v2 += v3;
    v3 = Rotate(v3, 16) ^ v2;
    v0 += v3;
    v3 = Rotate(v3, 21) ^ v0;
    v2 += v1;
    v1 = Rotate(v1, 17) ^ v2;
    v2 = Rotate(v2, 32);
  };
  const auto* bytes = reinterpret_cast<const uint8_t*>(&key);
  for (size_t i = 0; i < sizeof key; i += 8) {
    uint64_t word;
    std::memcpy(&word, bytes + i, sizeof word);
    v3 ^= word;
    round();
    v0 ^= word;
  }
  constexpr uint64_t kLength = uint64_t{sizeof key} << 56;
  v3 ^= kLength;
  round();
  v0 ^= kLength;
  v2 ^= 0xff;
  round();
  round();
  round();
  return v0 ^ v1 ^ v2 ^ v3;
}

}  // namespace

FlowHash::Method FlowHash::BestMethod() {
  return __builtin_cpu_supports("aes") ? Method::kAes : Method::kSipHash;
}

FlowHash::Seed FlowHash::RandomSeed() {
  Seed seed;
  MOSAIC_CHECK(getrandom(&seed, sizeof seed, 0) == sizeof seed);
  return seed;
}

FlowHash::FlowHash(const Seed& seed, Method method)
    : seed_(seed), method_(method) {}

void FlowHash::HashBurst(std::span<ParsedPacket> packets) const {
  if (method_ == Method::kAes) {
    AesHashBurst(packets, seed_);
    return;
  }
  for (ParsedPacket& packet : packets) packet.hash = SipHash(packet.key, seed_);
}

uint64_t FlowHash::Of(const FlowKey& key) const {
  return method_ == Method::kAes ? AesHashOne(key, seed_) : SipHash(key, seed_);
}

}  // namespace mosaic
