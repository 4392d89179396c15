// Encapsulations that the parser looks into, besides VLAN tags and PPP framing,
// and sets of them.

#pragma once

#include <cstdint>

namespace mosaic {

enum class Encapsulation : uint8_t {
  kNone,
  kMpls,    // RFC 3032, with Ethernet pseudowires (RFC 4448).
  kPppoe,   // RFC 2516, sessions.
  kIpInIp,  // RFC 2003, 4213, 2473: each IP version in each.
  kGre,     // RFC 2784, 2890, Ethernet in it, and PPTP's (RFC 2637).
  kErspan,  // Types I to III, in GRE.
  kVxlan,   // RFC 7348
  kGeneve,  // RFC 8926
  kGtpU,    // 3GPP TS 29.281
  kL2tp,    // RFC 2661. Of version 3 only the session header is known, and
            // its length is not; it is not looked into.
  kTeredo,  // RFC 4380
};
inline constexpr uint8_t kEncapsulations = 11;  // kNone included.

class EncapsulationSet {
 public:
  static constexpr EncapsulationSet All() {
    return EncapsulationSet((1u << kEncapsulations) - 1);
  }
  static constexpr EncapsulationSet None() { return EncapsulationSet(0); }

  constexpr bool Has(Encapsulation one) const {
    return (bits_ >> static_cast<uint8_t>(one) & 1) != 0;
  }
  constexpr EncapsulationSet Without(Encapsulation one) const {
    return EncapsulationSet(bits_ & ~(1u << static_cast<uint8_t>(one)));
  }

 private:
  explicit constexpr EncapsulationSet(uint32_t bits) : bits_(bits) {}

  uint32_t bits_;
};

}  // namespace mosaic
