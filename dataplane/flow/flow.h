// Flow is the record of one connection, or of one pair of endpoints talking in
// datagrams: both directions together.
//
// Layout      Whole cache lines, hottest first, so that a packet of an
//             established connection touches the first four.
// Ownership   FlowTable owns all records; they never move.
// Threading   Owner worker only.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/api/event.h"
#include "dataplane/api/flow_view.h"
#include "dataplane/base/flow_key.h"
#include "dataplane/base/side.h"
#include "dataplane/base/timestamp.h"
#include "dataplane/tcp/tcp_end.h"
#include "dataplane/tcp/tcp_observer.h"
#include "dataplane/tcp/tcp_rare.h"

namespace mosaic {

struct FlowRemap;
struct StreamState;
struct Subscription;

// What one side sent, counted on every packet.
struct HotCounters {
  uint64_t payload_bytes = 0;
  uint64_t wire_bytes = 0;
  uint64_t packets = 0;
};

// What one side sent, counted when it happens.
struct RareCounters {
  uint64_t gap_bytes = 0;
  uint64_t conflict_bytes = 0;
  uint64_t refused_bytes = 0;
  uint64_t retransmitted_bytes = 0;
  uint32_t retransmitted_packets = 0;
  uint32_t out_of_order_packets = 0;
};

namespace flow_flag {
inline constexpr uint16_t kClosed = 1 << 0;        // Both ends closed; lingers.
inline constexpr uint16_t kReset = 1 << 1;         // By an acceptable RST.
inline constexpr uint16_t kRefused = 1 << 2;       // The RST answered the SYN.
inline constexpr uint16_t kBlocked = 1 << 3;       // An NF blocks the flow.
inline constexpr uint16_t kAnswered = 1 << 4;      // Both sides have sent.
inline constexpr uint16_t kStopPolicies = 1 << 5;  // Some monitor has them.
inline constexpr uint16_t kForget = 1 << 6;        // Ends after this packet.
inline constexpr uint16_t kRolesGuessed = 1 << 7;  // No SYN told who the client
                                                   // is.
inline constexpr uint16_t kOverrides = 1 << 8;     // A function set options.
inline constexpr uint16_t kUnsettled = 1 << 9;   // Buffers are to be brought to
                                                 // what is set and listened to.
inline constexpr uint16_t kRemapped = 1 << 10;   // `remap` is not null.
inline constexpr uint16_t kToBeReset = 1 << 11;  // By us, after this packet.
inline constexpr uint16_t kResetHere = 1 << 12;  // By us: what still comes is
                                                 // answered with a RST.
inline constexpr uint16_t kHolding = 1 << 13;   // Functions hold packets of it.
inline constexpr uint16_t kWithheld = 1 << 14;  // TcpRare::withheld has some.
inline constexpr uint16_t kHalfOpen = 1 << 15;  // In the HalfOpenList.
}  // namespace flow_flag

struct alignas(64) Flow {
  // Line 1: who, and what is wanted.
  FlowKey key;
  EventMask mask;       // Of `subscription`, here to be tested without it.
  Timestamp last_seen;  // The clock at its last packet.

  // Line 2: both ends, by Side.
  std::array<TcpEnd, kSides> end;

  // Line 3.
  std::array<HotCounters, kSides> hot;
  Subscription* subscription = nullptr;
  EndpointIndex client = 0;  // Which endpoint of `key` is the client.
  FlowOrigin origin = FlowOrigin::kSyn;
  uint16_t flags = 0;       // flow_flag::*
  uint32_t generation = 0;  // Of this record, grows with each use.

  // Line 4: stream storage, null until a byte has to be kept, by the side that
  // receives; times.
  std::array<StreamState*, kSides> stream = {};
  uint64_t id = 0;  // Index of the first packet.
  Timestamp start;
  Timestamp last_packet;
  Timestamp syn_time;  // Of the SYN last seen; for the round-trip times.
  Timestamp syn_ack_time;
  std::array<SeqNum, kSides> fin_seq;  // Of the FIN, by sender.

  // Line 5 and on.
  std::array<RareCounters, kSides> rare;
  std::array<uint32_t, kSides> rtt_micros = {};   // Towards each side.
  std::array<uint32_t, kSides> icmp_errors = {};  // Quoting what it sent.
  std::array<SeqNum, kSides> first_seq;   // Of the first packet, by sender.
  std::array<uint16_t, kSides> mss = {};  // Of its SYN; 0: it told none.
  uint32_t link_states = 0;       // LinkStatePool's own: number + 1; 0: none.
  TcpRare* rare_state = nullptr;  // Null until something unusual happens.
  // Null until its sequence numbers differ for the two ends, by sender; the
  // memory is SeqTranslator's.
  FlowRemap* remap = nullptr;

  Side SideOf(EndpointIndex endpoint) const {
    return static_cast<Side>(endpoint ^ client);
  }
  bool Has(uint16_t flag) const { return (flags & flag) != 0; }
  void Set(uint16_t flag) { flags = static_cast<uint16_t>(flags | flag); }
  void Clear(uint16_t flag) { flags = static_cast<uint16_t>(flags & ~flag); }
};

// The two ends in the roles of a segment that `sender` sent.
inline TcpPair PairOf(Flow& flow, Side sender) {
  const Side receiver = Other(sender);
  return {flow.end[Index(sender)], flow.end[Index(receiver)],
          flow.fin_seq[Index(sender)], flow.fin_seq[Index(receiver)]};
}

// What `side` sent, in the form that the outside sees.
SideCounters CountersOf(const Flow& flow, Side side);

// Bytes held of what `side` receives: behind a hole, or kept for comparison.
uint64_t BufferedBytes(const Flow& flow, Side side);

static_assert(offsetof(Flow, end) == 64);
static_assert(offsetof(Flow, hot) == 128);
static_assert(offsetof(Flow, stream) == 192);
static_assert(sizeof(Flow) <= 384);

}  // namespace mosaic
