// What a network function may do on a flow besides editing the packet at hand:
// the words of FlowView's calls.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/base/endpoint.h"
#include "dataplane/base/seq_num.h"
#include "dataplane/base/side.h"

namespace mosaic {

// A TCP segment to be sent on a flow as if `from` had. What is not given is the
// flow's. `options` and `payload` are copied by the call.
struct SegmentSpec {
  Side from = Side::kClient;
  uint8_t tcp_flags = 0x10;  // tcp_flag::*; ACK.
  // The next number that the receiver expects of `from`. SYN and FIN count.
  std::optional<SeqNum> seq;
  // What `from` last acknowledged, in the numbers of who receives this.
  std::optional<SeqNum> ack;
  std::optional<uint16_t> window;  // Unscaled; what `from` last offered.
  std::optional<Endpoint> source;
  std::optional<Endpoint> destination;
  std::span<const uint8_t>
      options;  // TCP's; a multiple of 4, at most 40 bytes.
  std::span<const uint8_t> payload;
};

enum class SendResult : uint8_t {
  kQueued,      // It leaves behind the packet at hand, before the next one.
  kNoPath,      // Nobody forwards the flow: a receiving port, a tunnel, a flow
                // that is not TCP.
  kBadSegment,  // Options, addresses, or more payload than kMaxSegmentBytes.
  kQueueFull,   // Too many for one packet, or no buffers: try again later.
};

// Longest payload of one SegmentSpec, before it is split.
inline constexpr size_t kMaxSegmentBytes = 16 * 1024;

// What becomes of packets that were held (Verdict::kHold).
enum class HeldFate : uint8_t { kForward, kDrop };

enum class RemapResult : uint8_t {
  kSet,
  kBadOffset,    // Not in [-2^31, 2^31), or the flow is not TCP.
  kAlreadySent,  // `base` is below what the receiver was sent already.
  kNoRoom,       // Too many changes that are not acknowledged yet.
};

}  // namespace mosaic
