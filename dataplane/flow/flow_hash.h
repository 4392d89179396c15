// FlowHash is the keyed hash of flow keys: an attacker who knows this code but
// not the key cannot aim flows at one bucket.
//
// Two AES rounds on each of the key's words where the CPU has AES instructions,
// SipHash-1-3 where it has not. A CRC would be faster than the latter but is
// linear: what collides under one key collides under every key.
//
// Threading   Immutable after construction.

#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dataplane/base/flow_key.h"
#include "dataplane/parse/parsed_packet.h"

namespace mosaic {

class FlowHash {
 public:
  using Seed = std::array<uint64_t, 2>;
  enum class Method : uint8_t { kAes, kSipHash };

  // The fastest method of this CPU.
  static Method BestMethod();
  // 128 bits from the operating system.
  static Seed RandomSeed();

  explicit FlowHash(const Seed& seed, Method method = BestMethod());

  // Fills `hash` of every packet that has a flow key.
  void HashBurst(std::span<ParsedPacket> packets) const;

  uint64_t Of(const FlowKey& key) const;

 private:
  const Seed seed_;
  const Method method_;
};

}  // namespace mosaic
