// Snapshot is everything that can be configured at run time: the monitors and
// the network functions they feed. It is immutable and replaced as a whole.
//
// Ownership   Shared. The control thread builds it, workers read it, and the
//             last holder frees it; see dataplane/command/snapshot_publisher.h.

#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "dataplane/api/network_function.h"
#include "dataplane/base/side.h"
#include "dataplane/base/tcp_state.h"
#include "dataplane/base/timestamp.h"
#include "dataplane/filter/packet_filter.h"
#include "dataplane/stream/overlap_policy.h"

namespace mosaic {

// What of a side's bytes stays readable after it was offered.
enum class Retain : uint8_t {
  kNone,
  kUnacked,  // Until the peer acknowledged them.
  kBytes,    // The last `retain_bytes`.
};

// What becomes of the byte that an urgent pointer names (RFC 6093), as far as
// the receiving program is taken to read it.
enum class UrgentPolicy : uint8_t {
  kInline,     // A byte like the others, as with SO_OOBINLINE.
  kOutOfBand,  // Leaves the stream, as sockets do without; its offset is
               // skipped.
  kGap,        // The same, and told as a gap.
  kDrop,       // Urgent segments are refused as a whole.
};

// What happens to bytes for a side whose buffer is full of bytes that a reader
// has still to fetch (NetworkFunction::peeks()).
enum class FullBuffer : uint8_t {
  kStop,        // The new ones are not kept; ERROR/buffer_full tells them.
  kDropOldest,  // ERROR/buffer_full first, so that the reader may still fetch;
                // then the oldest go, told as ERROR/overwritten.
};

// How the bytes that one side receives are kept.
struct SidePolicy {
  // Bound of what is held for the side: islands and retained bytes. 0 keeps no
  // payload at all, and the side's stream is not rebuilt.
  uint32_t buffer_bytes = 256 * 1024;
  OverlapPolicy overlap = OverlapPolicy::kFirst;
  Retain retain = Retain::kNone;
  uint32_t retain_bytes = 0;
  UrgentPolicy urgent = UrgentPolicy::kInline;
  FullBuffer full = FullBuffer::kStop;
};

// When to stop monitoring one side of a flow.
struct StopPolicy {
  enum class Condition : uint8_t {
    kImmediately,
    kPayloadBytes,  // After `amount` in-order bytes for the side.
    kPackets,       // After `amount` packets for the side.
    kAge,           // `age` after the flow's first packet.
    kTcpState,      // When the side reaches `state`.
  };
  Side side = Side::kServer;
  Condition condition = Condition::kImmediately;
  uint64_t amount = 0;
  Duration age;
  TcpState state = TcpState::kClosed;
  bool forget_flow = false;  // Drop the record too, reason `stopped`.
};

// Overrides for the flows of a monitor that match a filter.
struct FlowPolicy {
  std::shared_ptr<const PacketFilter> match;  // On the flow's first packet.
  std::array<SidePolicy, kSides> side;
  std::vector<StopPolicy> stop;
};

enum class MonitorType : uint8_t { kStream, kRaw };

// What to do with TCP packets that belong to no flow and are no SYN.
enum class Midstream : uint8_t {
  kOrphan,  // Raise kOrphan.
  kPickup,  // Track the flow from here on.
};

struct Monitor {
  std::string name;  // "monitors/{id}"
  MonitorType type = MonitorType::kStream;
  uint32_t priority = 0;  // Lower runs first; ties by name.
  // The workers whose packets it sees, as bits; a monitor of one context of the
  // C API sees those of its own.
  uint64_t workers = ~uint64_t{0};

  // Null matches everything.
  std::shared_ptr<const PacketFilter> syn_filter;     // kStream: first packet.
  std::shared_ptr<const PacketFilter> orphan_filter;  // kStream.
  std::shared_ptr<const PacketFilter> raw_filter;     // kRaw: each frame.

  Midstream midstream = Midstream::kOrphan;
  std::array<SidePolicy, kSides> side;
  std::vector<StopPolicy> stop;
  std::vector<FlowPolicy> flow_policies;  // The first match overrides.
  Duration idle_timeout;                  // 0: the worker's timeouts.

  // Indexes into Snapshot::nf_instances, in chain order.
  std::vector<size_t> nf_instances;
};

// What happens to traffic when an NF fails.
enum class FailurePolicy : uint8_t {
  kOpen,    // Goes on without it.
  kClosed,  // Is dropped.
};

struct NfInstance {
  std::string name;  // "nfInstances/{id}"
  std::string type;  // As nf/registry.h lists it.
  FailurePolicy failure_policy = FailurePolicy::kOpen;
  std::shared_ptr<const NfConfig> config;
};

struct Snapshot {
  // Monitors of one snapshot are told apart by bits of one word.
  static constexpr size_t kMaxMonitors = 64;
  static constexpr size_t kMaxNfInstances = 64;
  static constexpr size_t kMaxNfInstancesPerMonitor = 16;
  static constexpr size_t kMaxFlowPolicies = 65535;

  uint64_t revision = 0;
  std::vector<Monitor> monitors;  // In order of (priority, name).
  std::vector<NfInstance> nf_instances;
};

// INVALID_ARGUMENT, naming what and the bound, if `snapshot` has more of
// something than workers have room for, or names a function that it has not.
absl::Status CheckBounds(const Snapshot& snapshot);

}  // namespace mosaic
