// Every counter of a worker, and the name, labels and help text each is
// exported under. To add a counter, add a field and its row in
// core_counters.cc; a test fails if either is forgotten.
//
// Threading   One writer, the worker; any reader.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "dataplane/base/counter.h"
#include "dataplane/base/side.h"
#include "dataplane/base/stop_reason.h"

namespace mosaic {

// The one fate of a packet that is not passed on.
enum class DropReason : uint8_t {
  kParseError,   // Its headers could not be read.
  kNfDrop,       // A network function refused it.
  kFlowBlocked,  // A network function blocked its flow.
  kHandoffFull,  // The owner worker's queue was full.
  kTxRefused,    // The port it was to leave by did not take it.
  kIpFragment,   // A fragment of a datagram that is not sound.
  kNotRemapped,  // Its sequence numbers have to change, and could not.
};
inline constexpr size_t kDropReasons = 7;

// Every EditResult, which api/ declares and knows.
inline constexpr size_t kEditOutcomes = 18;

// Why stream bytes were refused: they never were part of a stream.
enum class RefusedBytes : uint8_t {
  kBadChecksum,
  kBeyondBuffer,    // Past the side's buffer.
  kTooManyIslands,  // One island too many.
  kNoMemory,        // The worker's reassembly budget is used up.
  kBeforeStart,     // Below the first byte of the stream, or out of reach.
  kKeepAlive,       // The byte of a keep-alive probe.
  kReset,           // Carried by a RST.
  kForeignSyn,      // Carried by a SYN of another connection.
  kUnacceptable,    // Its receiver should have refused the segment, and did not
                    // acknowledge it; or a clean copy came.
  kPastFin,         // At or beyond a FIN that was acknowledged.
  kUrgent,          // Carried by an urgent segment, where these are dropped.
};
inline constexpr size_t kRefusedBytes = 11;

// Why stream bytes were thrown away although nothing was wrong with them.
enum class DiscardedBytes : uint8_t {
  kUnread,       // Nobody reads the side.
  kStopped,      // Held when the side's monitoring stopped.
  kOverwritten,  // Held when the buffer became too small.
  kDropped,      // The packet was dropped before its receiver took it.
  kUrgent,       // Urgent bytes that leave the stream.
};
inline constexpr size_t kDiscardedBytes = 5;

// Every ParseError but kNone, which parse/ declares and knows.
inline constexpr size_t kParseErrorReasons = 12;

// What is odd about a segment. Some are not wrong: they are told apart from
// what they resemble.
enum class Anomaly : uint8_t {
  kRstOutOfWindow,     // A RST that matches nothing the receiver expects.
  kSynIgnored,         // A SYN inside a live connection, with another number.
  kSynAckConflict,     // A SYN/ACK with another number than the first.
  kBadChecksum,        // A TCP or UDP checksum was wrong.
  kKeepAlive,          // Not wrong; told apart from retransmissions.
  kAckUnseen,          // An acknowledgement for bytes not seen here.
  kFinDataOverlap,     // Data at or beyond a FIN.
  kSynRepeated,        // Not wrong: a SYN came again.
  kCandidateEvicted,   // More SYNs or SYN/ACKs of one handshake than are kept.
  kBadSynAck,          // A SYN/ACK that answers no SYN.
  kFastOpen,           // Not wrong: payload of a SYN with a cookie was taken.
  kSynDataIgnored,     // Payload of a SYN was not acknowledged with it.
  kSimultaneousOpen,   // Both ends opened, or the server split its answer.
  kWrongHandshakeAck,  // The third packet acknowledges something else.
  kSynFin,             // Flags that no stack sends together.
  kSynRst,
  kNullFlags,
  kXmasFlags,
  kAllFlags,
  kSynOld,               // A SYN that the end which waits would not take.
  kLateAfterClose,       // Data after both ends closed.
  kRstInexact,           // A RST in the window, but not with the next number.
  kRstWithData,          // A RST with payload.
  kRstBadEcho,           // A RST that echoes a timestamp never sent.
  kDataAfterRst,         // The sender of a RST went on: the RST was forged.
  kFinOutOfWindow,       // A FIN beyond its receiver's window.
  kRstFinStorm,          // A thousand RSTs or FINs on one connection.
  kSegmentOutOfWindow,   // Data beyond its receiver's window.
  kWindowRecision,       // A window shrank.
  kWindowScaleRange,     // A window scale above 14.
  kZeroWindowProbe,      // Not wrong: told apart from retransmissions.
  kNoAckFlag,            // Data without ACK.
  kInvalidAck,           // Data with an acknowledgement out of range.
  kPaws,                 // An older timestamp (RFC 7323).
  kTimestampMissing,     // None, though both ends agreed on them.
  kBadOption,            // An option that cannot be read.
  kSignatureUnexpected,  // MD5 or TCP-AO where the SYN had none.
  kTtl,                  // Another TTL than the end's packets have.
  kUrgentLimit,          // More urgent bytes than a connection may have.
  kBadMss,               // A maximum segment size below 88, or two of them.
  kOneSided,             // Not wrong: only one end is seen.
  kSameEndpoints,        // From an endpoint to itself.
};
inline constexpr size_t kAnomalies = 42;

// How it ends that a packet is held (Verdict::kHold).
enum class HoldEnd : uint8_t {
  kReleased,   // Forwarded by who held it.
  kDropped,    // Dropped by one of those.
  kTimedOut,   // Nobody released it in time.
  kFlowEnded,  // Its flow ended, or its functions' part in it.
  kBlocked,    // Its flow was blocked.
  kRefused,    // There was no room, or it is no packet that can be held.
};
inline constexpr size_t kHoldEnds = 6;

// How the reassembly of a fragmented datagram ends.
enum class DatagramEnd : uint8_t {
  kReassembled,
  kRefused,   // Its parts contradict each other, or IP's limits.
  kTimedOut,  // Parts never came.
  kEvicted,   // Pushed out by newer ones.
};
inline constexpr size_t kDatagramEnds = 4;

struct CoreCounters {
  Counter rx_packets;
  Counter tx_packets;  // Sent on by a port.
  Counter rx_bytes;
  Counter handed_off_packets;  // To other workers.
  Counter taken_over_packets;  // From other workers.
  Counter consumed_packets;    // Looked at, and at the end of their way.
  Counter originated_packets;  // Made here, beside those received.
  std::array<Counter, kDropReasons> dropped_packets;
  std::array<Counter, kParseErrorReasons> parse_errors;  // By ParseError - 1.
  std::array<Counter, 8> parse_anomalies;  // By bit of parse_anomaly.
  std::array<Counter, 13> ip_fragments;    // By FragmentResult.
  std::array<Counter, kDatagramEnds> ip_datagrams;
  Counter ip_datagrams_held;  // A gauge.
  // ICMP errors about tracked flows, and others.
  std::array<Counter, 2> icmp_errors;

  std::array<Counter, kEditOutcomes> packet_edits;  // By EditResult.
  Counter remapped_packets;                         // Sequence numbers changed.
  Counter remapped_flows;                           // A gauge.
  Counter held_packets;                             // A gauge.
  std::array<Counter, kHoldEnds> packet_holds;

  Counter flows_created;
  Counter tcp_flows_created;  // Of flows_created.
  Counter flow_table_full;
  Counter subscriptions_full;
  std::array<Counter, 8> flows_ended;  // By EndReason.
  Counter orphan_packets;
  Counter drain_passed_packets;
  Counter timers_fired;  // Of network functions.
  Counter timers_full;
  std::array<Counter, 8> events;  // By EventKind.

  // The byte account: stream_bytes = delivered + duplicate + unverified +
  // late_after_gap + replaced + refused + discarded + pending.
  Counter stream_bytes;
  std::array<Counter, 2> delivered_bytes;  // By receiving side.
  Counter duplicate_bytes;
  Counter unverified_bytes;
  Counter late_after_gap_bytes;
  Counter replaced_bytes;
  std::array<Counter, kRefusedBytes> refused_bytes;
  std::array<Counter, kDiscardedBytes> discarded_bytes;
  Counter pending_bytes;  // A gauge.

  // A gauge: memory of reassembly buffers, by receiving side.
  std::array<Counter, 2> buffer_bytes;

  std::array<Counter, 2> gap_bytes;  // By receiving side.
  Counter unfetched_bytes;           // Gone before a reader fetched them.
  Counter conflict_bytes;
  Counter retransmitted_packets;
  Counter out_of_order_packets;
  Counter resent_after_drop_packets;
  Counter withheld_joined;
  // By side, and why.
  std::array<std::array<Counter, kStopReasons>, kSides> stopped_sides;
  std::array<Counter, kAnomalies> anomalies;
  Counter rare_states_full;
  Counter held_segments_full;

  Counter busy_cycles;
  Counter idle_cycles;
  Counter loop_rounds;
  Counter longest_round_cycles;  // A gauge: the longest since the start.
  Counter longest_apply_nanos;   // A gauge: see Worker::kApplyRounds.
};

inline constexpr size_t kCoreCounterCells =
    sizeof(CoreCounters) / sizeof(Counter);

// One metric: `cells` counters from `first` on, one for each label value, or
// for each pair of values, those of the first label outermost.
struct CounterInfo {
  std::string_view name;   // Prometheus name.
  std::string_view label;  // Label that tells the cells apart; "" if one cell.
  std::span<const std::string_view> label_values;
  std::string_view help;  // What a non-zero value tells the operator.
  size_t first;           // Index of the first cell.
  size_t cells;
  bool is_gauge;
  double per_unit;  // Of a cell, in one of the metric's own unit.
  std::string_view second_label = {};  // "" if there is none.
  std::span<const std::string_view> second_values = {};
};

// All metrics, in the order of the cells, without holes.
std::span<const CounterInfo> CoreCounterInfo();

// Cell `i` of `counters`. REQUIRES: i < kCoreCounterCells.
inline const Counter& CellOf(const CoreCounters& counters, size_t i) {
  return reinterpret_cast<const Counter*>(&counters)[i];
}

}  // namespace mosaic
