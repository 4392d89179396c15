// What a worker may use and how long it waits. Fixed at start.

#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/base/timestamp.h"
#include "dataplane/parse/ip_reassembly.h"

namespace mosaic {

// Idle times after which a flow is forgotten, by its state. Each packet starts
// them anew.
struct Timeouts {
  bool enabled = true;  // Off: a flow lives until the end of a replay.
  Duration handshake = Duration::Seconds(30);
  Duration established = Duration::Seconds(300);
  Duration closing = Duration::Seconds(10);  // A FIN was seen.
  Duration linger = Duration::Seconds(5);    // Closed or reset; long enough for
                                             // late segments and forged RSTs.
  Duration udp = Duration::Seconds(60);
  Duration icmp = Duration::Seconds(10);
};

// When a hole in a stream is given up before the buffer is full.
struct GapPolicy {
  bool enabled = true;  // Off: only at the bound, or at the flow's end.
  uint8_t acks = 3;     // Acknowledgements past it ...
  Duration after = Duration::Millis(200);  // ... or this long after the first.
};

// Which SYN begins a new connection on the tuple of one that is tracked.
enum class Reincarnation : uint8_t {
  // One that the tracked connection's receiver would accept: it is closed,
  // reset, or has not been answered. For live traffic.
  kWhenClosed,
  // Any with another number. For captures, which may lack the end of a
  // connection.
  kAnySyn,
};

// Whether a packet whose TTL differs by more than five from what its sender's
// packets have is believed only when its receiver acknowledges it. Off, it is
// counted. On, a change of route costs a few late bytes.
enum class TtlGuard : uint8_t { kOff, kOn };

// Whether the flow table's pages are made resident at start. For live traffic:
// then a first packet never waits for the kernel. Without, memory is used as
// flows come.
enum class Prefault : uint8_t { kNo, kYes };

// What holding packets back may use (Verdict::kHold).
struct HoldLimits {
  // At once. On a port each is one of its pool_packets. One that finds no room
  // has the fate that its function's failure policy gives.
  size_t packets = 256;
  // The same fate has one that is not released so long after it was held.
  Duration time = Duration::Seconds(1);
};

// What changing and sending packets may use.
struct EditLimits {
  // Packets that were copied or made at once; see PacketBuffers. Memory is used
  // as they are.
  size_t buffers = 256;
  // Flows at once whose sequence numbers differ for the two ends; see SeqRemap.
  // A flow that finds none left keeps its lengths: EditResult::kRemapFull.
  size_t remapped_flows = 1024;
};

struct WorkerLimits {
  size_t flows = 65'536;
  size_t reassembly_bytes = size_t{64} << 20;  // Chunks of out-of-order bytes.
  size_t timers = 65'536;  // Of network functions, armed at once.
  FragmentLimits fragments;
  EditLimits edit;
  HoldLimits hold;
  Prefault prefault = Prefault::kNo;
  Timeouts timeouts;
  GapPolicy gap;
  Reincarnation reincarnation = Reincarnation::kWhenClosed;
  TtlGuard ttl_guard = TtlGuard::kOff;
  // Segments held, of 2 KiB each, until their receiver says that it took them.
  size_t held_segments = 1024;
  // Work that one round may spend on expiry. Unbounded in replay, where a
  // flow's end must not depend on how packets fall into bursts.
  size_t expiry_budget = 256;
};

}  // namespace mosaic
