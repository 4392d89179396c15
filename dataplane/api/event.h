// Events: what a network function is told, and the masks by which it says what
// it wants to be told.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "dataplane/base/end_reason.h"
#include "dataplane/base/side.h"
#include "dataplane/base/tcp_state.h"
#include "dataplane/base/timestamp.h"

namespace mosaic {

class PacketView;

// Built-in events, in the order in which one packet raises them.
enum class EventKind : uint8_t {
  kConnectionStart,  // A flow is tracked from here on. Sender, then receiver.
  kPacketIn,         // Each packet of the flow, pure acknowledgements included.
  kRetransmission,   // Payload, SYN or FIN repeats what was held or delivered.
  kError,          // Something was lost, refused or ambiguous; see StreamError.
  kNewData,        // In-order bytes for `side`; hook kNone.
  kStateChange,    // The emulated TCP state of `side` changed.
  kOrphan,         // A packet that belongs to no flow; no FlowView.
  kConnectionEnd,  // Once for each side; the record goes after it.
};

inline constexpr size_t kEventKinds = 8;

// When an event is raised, relative to the emulated ends.
enum class Hook : uint8_t {
  kSender,    // After the sender took the packet, before the receiver did.
  kReceiver,  // After the receiver took it.
  kNone,      // Where neither applies.
};

inline constexpr size_t kHooks = 3;

// A set of (kind, hook, side). `side` is the side an event is told for: the
// sender at kSender, the receiver at kReceiver and for kNewData and kError,
// the side whose state changed for kStateChange.
class EventMask {
 public:
  constexpr EventMask() = default;

  static constexpr EventMask Of(EventKind kind, Hook hook, Side side) {
    return EventMask(uint64_t{1} << Bit(kind, hook, side));
  }
  static constexpr EventMask Of(EventKind kind, Hook hook) {
    return Of(kind, hook, Side::kClient) | Of(kind, hook, Side::kServer);
  }
  // What bits() gave, to carry a mask in an atomic.
  static constexpr EventMask FromBits(uint64_t bits) { return EventMask(bits); }
  // Every event told for `side`.
  static constexpr EventMask AllOf(Side side) {
    uint64_t bits = 0;
    for (size_t i = 0; i < kEventKinds * kHooks; ++i) {
      bits |= uint64_t{1} << (2 * i + Index(side));
    }
    return EventMask(bits);
  }

  constexpr bool Has(EventKind kind, Hook hook, Side side) const {
    return (bits_ >> Bit(kind, hook, side)) & 1;
  }
  constexpr bool Any(EventMask other) const {
    return (bits_ & other.bits_) != 0;
  }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr uint64_t bits() const { return bits_; }

  friend constexpr EventMask operator|(EventMask a, EventMask b) {
    return EventMask(a.bits_ | b.bits_);
  }
  friend constexpr EventMask operator&(EventMask a, EventMask b) {
    return EventMask(a.bits_ & b.bits_);
  }
  friend constexpr EventMask operator~(EventMask a) {
    return EventMask(~a.bits_);
  }
  friend constexpr bool operator==(EventMask, EventMask) = default;

  // Place of (kind, hook, side) in tables indexed by event.
  static constexpr size_t Bit(EventKind kind, Hook hook, Side side) {
    return (static_cast<size_t>(kind) * kHooks + static_cast<size_t>(hook)) *
               kSides +
           Index(side);
  }
  static constexpr size_t kBits = kEventKinds * kHooks * kSides;

 private:
  constexpr explicit EventMask(uint64_t bits) : bits_(bits) {}
  uint64_t bits_ = 0;
};

static_assert(EventMask::kBits <= 64);

// What kError speaks of.
enum class ErrorCause : uint8_t {
  kGap,              // Bytes were never seen and are given up; data goes on
                     // behind them at its true offset.
  kOverlapConflict,  // Two versions of the same bytes; both hashes are told.
  kBufferFull,       // Bytes beyond the side's buffer were not kept.
  kTooManyIslands,   // Bytes of one island too many were not kept.
  kBudget,           // The worker's reassembly memory is used up.
  kOverwritten,      // Kept bytes were dropped unread, for newer ones or by a
                     // smaller buffer.
  kBadChecksum,      // A segment with a wrong checksum was refused.
  kLateAfterGap,     // Bytes of a hole that had been given up were not used.
  kFinDataOverlap,   // Data at or beyond the position of a FIN.
  kOutOfWindow,      // Data beyond what its receiver had offered to take.
  kPaws,             // Data with a timestamp older than that of data before it.
  kUnacceptable,     // Data that its receiver refuses for its flags, options or
                     // acknowledgement. Of these three, what the receiver
                     // acknowledges all the same is delivered then.
};

inline constexpr size_t kErrorCauses = 12;

// The cause in lower case, "overlap_conflict" for instance. Static storage.
std::string_view Name(ErrorCause cause);

// The exact range an ERROR is about, in stream offsets of its side.
struct StreamError {
  ErrorCause cause = ErrorCause::kGap;
  uint64_t offset = 0;
  uint64_t length = 0;
  uint64_t hash_held = 0;  // kOverlapConflict: of the version that was there,
  uint64_t hash_new = 0;   // and of the one that came.
};

// One event. Valid, with all it points to, only during the callback.
struct Event {
  EventKind kind = EventKind::kPacketIn;
  Hook hook = Hook::kNone;
  Side side = Side::kClient;
  Timestamp now;

  // The packet that caused it; null for events of timers and of shutdown.
  PacketView* packet = nullptr;

  // kNewData: the bytes, and the stream offset of the first. A span of the
  // packet itself where it came in order.
  std::span<const uint8_t> data;
  uint64_t offset = 0;
  // These bytes were offered before, and the packet that brought them was
  // dropped for it: its receiver does not have them, and now they are sent
  // again. Told to the function that dropped it and those behind it in the
  // chain, which see them for the first time, out of their order. Bytes that
  // differ from what was offered are not told apart from those that do not,
  // unless somebody compares retransmissions.
  bool resent = false;

  TcpState old_state = TcpState::kClosed;  // kStateChange.
  TcpState new_state = TcpState::kClosed;  // kStateChange.
  StreamError error;                       // kError.
  EndReason end_reason = EndReason::kFin;  // kConnectionEnd.
};

}  // namespace mosaic
