// IpReassembly puts IP datagrams together from their fragments (RFC 791, 815,
// 8200), on the same buffer that streams use.
//
//   Add() ─► open ─┬─ every byte is there: Take() ─► delivered ─┬─► forgotten
//                  └─ unsound: its bytes go ───────► refused ───┘  (timeout)
//
// What is refused stays known until its timeout, so that later parts of it are
// refused too.
//
// Memory      All taken by the constructor: `datagrams` records, `bytes` of
//             chunks. A newcomer that finds no room pushes the oldest out.
// Threading   None. Each worker has its own.
// Time        The packets'. The timeout runs from a datagram's first part.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/base/timestamp.h"
#include "dataplane/parse/ip_fragment.h"
#include "dataplane/stream/chunk_pool.h"
#include "dataplane/stream/overlap_policy.h"
#include "dataplane/stream/reassembly_buffer.h"

namespace mosaic {

struct FragmentLimits {
  size_t datagrams = 4096;          // 1 to 2^24.
  size_t bytes = size_t{16} << 20;  // Of chunks, at least one.
  Duration timeout = Duration::Seconds(30);
  // Which copy wins where parts of an IPv4 datagram overlap. None: the datagram
  // is refused, as current hosts do. A part that only repeats what is held is
  // no overlap. IPv6 datagrams are always refused (RFC 5722).
  std::optional<OverlapPolicy> overlap;
};

// What became of one fragment. Each is a label of a metric.
enum class FragmentResult : uint8_t {
  kHeld,             // Its bytes wait for others.
  kCompleted,        // With it the datagram is whole: call Take().
  kDuplicate,        // It repeats what is held.
  kOverlap,          // It overlaps in a way that is refused: the datagram is.
  kOversize,         // The datagram would be longer than IP allows: refused.
  kInconsistentEnd,  // Parts do not agree where it ends: refused.
  kHeaderChain,  // IPv6: the headers are not all in the first part: refused.
  kTooMany,      // One part more than kMaxParts: refused.
  kNoMemory,     // No room, though nothing older was left: refused.
  kBadLength,    // No bytes, or not whole units and more to follow. The
                 // datagram may still be completed.
  kCut,          // The capture lacks its end; the same.
  kRefusedDatagram,  // Part of a datagram that was refused or dropped.
  kNested,           // Fragmented more often than is looked into.
};
inline constexpr size_t kFragmentResults = 13;

class IpReassembly {
 public:
  // Parts of one datagram. One of 64 KiB in the smallest packets that links
  // must carry (576 bytes) has 119.
  static constexpr uint32_t kMaxParts = 1024;
  static constexpr uint32_t kMaxHeader = 296;  // IPv6 and kMaxExtensionBytes.
  // The longest datagram: IPv6's header does not count in its length.
  static constexpr uint32_t kMaxDatagram = 65535 + 40;

  // Names a datagram that Take() delivered.
  struct Ticket {
    uint32_t record = 0;
    uint32_t generation = 0;
  };

  struct Taken {
    uint32_t length = 0;      // Bytes written.
    uint32_t wire_bytes = 0;  // Of all packets that parts came in.
    Ticket ticket;
  };

  // Since the start.
  struct Totals {
    uint64_t reassembled = 0;
    uint64_t refused = 0;
    uint64_t timed_out = 0;  // Never completed.
    uint64_t evicted = 0;    // Pushed out by newer ones, never completed.
  };

  // What is known of delivered datagrams. kForget: nothing, the identification
  // may be used again at once. kRemember: until Settle() says that the datagram
  // went on, further parts of it are refused, so that a part sent twice cannot
  // complete at the receiver what was dropped here.
  enum class Delivered : uint8_t { kForget, kRemember };

  IpReassembly(const FragmentLimits& limits, Delivered delivered);

  // What it knows of datagrams; resident from the start.
  static size_t BytesForDatagrams(size_t datagrams);

  IpReassembly(const IpReassembly&) = delete;
  IpReassembly& operator=(const IpReassembly&) = delete;

  // Takes one fragment's bytes. `hash` is a keyed hash of fragment.datagram,
  // `wire_bytes` the length of the packet it came in.
  [[nodiscard]] FragmentResult Add(const IpFragment& fragment, uint64_t hash,
                                   uint32_t wire_bytes, Timestamp now);

  // Writes the datagram that was completed, with a header that is right for the
  // whole. REQUIRES: the last call was an Add() that returned kCompleted;
  // out.size() >= kMaxDatagram.
  Taken Take(std::span<uint8_t> out);

  // What became of a delivered datagram. Nothing happens if it was forgotten.
  enum class Fate : uint8_t { kForwarded, kDropped };
  void Settle(Ticket ticket, Fate fate);

  // Forgets datagrams whose timeout is over, at most `budget`, oldest first.
  void Expire(Timestamp now, size_t budget);

  size_t held() const { return held_; }  // Records in use.
  const Totals& totals() const { return totals_; }
  const ChunkPool& chunks() const { return chunks_; }

 private:
  static constexpr uint32_t kNone = ~0u;

  enum class State : uint8_t { kOpen, kRefused, kDelivered };

  struct Datagram {
    FlowKey key;
    uint64_t hash;
    Timestamp first_seen;
    std::optional<ReassemblyBuffer> buffer;  // While kOpen.
    uint32_t next_in_bucket;
    uint32_t older;  // The list by age; `newer` also links free records.
    uint32_t newer;
    uint32_t generation = 0;
    uint32_t parts;
    uint32_t wire_bytes;
    uint32_t end;    // Behind the last byte held.
    uint32_t total;  // Length of the content; kNone until its end is known.
    uint32_t header_length;
    uint32_t protocol_at;
    State state;
    uint8_t protocol;
    std::array<uint8_t, kMaxHeader> header;
  };

  uint32_t& BucketOf(uint64_t hash) { return buckets_[hash & bucket_mask_]; }
  Datagram* Find(const FlowKey& key, uint64_t hash, Timestamp now);
  Datagram& Create(const FlowKey& key, uint64_t hash, Timestamp now);
  void Erase(Datagram& datagram);
  bool EvictOldestBut(const Datagram& kept);
  void ForgetOldest(uint64_t& counter);
  bool IsOver(const Datagram& datagram, Timestamp now) const {
    return now - datagram.first_seen >= limits_.timeout;
  }

  FragmentResult RefuseAs(FragmentResult why, Datagram& datagram);
  FragmentResult CheckEnds(const IpFragment& fragment, Datagram& datagram);
  FragmentResult CheckOverlap(const IpFragment& fragment, Datagram& datagram);
  FragmentResult Store(const IpFragment& fragment, Datagram& datagram);

  const FragmentLimits limits_;
  const Delivered delivered_;
  ChunkPool chunks_;
  const std::unique_ptr<Datagram[]> datagrams_;
  std::vector<uint32_t> buckets_;
  const uint64_t bucket_mask_;
  uint32_t free_;
  uint32_t oldest_ = kNone;
  uint32_t newest_ = kNone;
  uint32_t completed_ = kNone;
  size_t held_ = 0;
  Totals totals_;
};

}  // namespace mosaic
