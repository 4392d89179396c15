// TcpRare is what a connection needs only when something unusual happens: SYNs
// of which nobody knows yet which one counts, segments that its receiver may
// have refused, a window that shrank, urgent bytes, storms.
//
// Ownership   A pool of the worker lends it to a flow, at the first such thing,
//             until the flow's end.
// Bounds      kOtherSyns and kOtherSynAcks candidates beside the one in the
//             TcpEnd, kMaxHeld held segments of each end, kMaxUrgent urgent
//             bytes ahead. At each bound the oldest candidate gives way, the
//             newcomer of the others goes without.
// Memory      About 650 bytes.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/base/seq_num.h"
#include "dataplane/base/side.h"
#include "dataplane/base/timestamp.h"
#include "dataplane/tcp/tcp_end.h"
#include "dataplane/tcp/withheld_ranges.h"

namespace mosaic {

// A SYN or SYN/ACK as its end was when it had sent nothing else.
struct SynCandidate {
  SeqNum seq;
  uint32_t timestamp = 0;
  uint32_t window = 0;
  uint16_t payload = 0;  // Bytes it carried.
  uint16_t flags = 0;    // end_flag::*
  uint8_t window_shift = 0;
  uint8_t ttl = 0;
};

// The last `n` of what was put in, oldest first.
template <size_t n>
class SynCandidates {
 public:
  // Returns true if the oldest gave way.
  bool Add(const SynCandidate& candidate) {
    const bool full = count_ == n;
    if (full) {
      for (size_t i = 1; i < n; ++i) items_[i - 1] = items_[i];
      --count_;
    }
    items_[count_++] = candidate;
    return full;
  }
  // The newest whose first bytes `ack` acknowledges; null if there is none.
  const SynCandidate* AnsweredBy(SeqNum ack) const {
    for (size_t i = count_; i-- > 0;) {
      const int32_t past = ack.Since(items_[i].seq);
      if (past >= 1 && past <= 1 + items_[i].payload) return &items_[i];
    }
    return nullptr;
  }
  // The newest behind which `seq` is the next number.
  const SynCandidate* Before(SeqNum seq) const {
    for (size_t i = count_; i-- > 0;) {
      if (items_[i].seq + 1u + items_[i].payload == seq ||
          items_[i].seq + 1u == seq) {
        return &items_[i];
      }
    }
    return nullptr;
  }
  bool empty() const { return count_ == 0; }
  void Clear() { count_ = 0; }

 private:
  std::array<SynCandidate, n> items_;
  uint8_t count_ = 0;
};

// Payload of a segment that its receiver may have refused. It becomes part of
// the stream when the receiver acknowledges it and no clean copy has come.
struct HeldSegment {
  static constexpr size_t kMaxBytes = 2024;

  enum class Kind : uint8_t {
    kData,
    kSyn,       // Of a SYN: the first acknowledgement decides.
    kFastOpen,  // The same with a cookie.
  };

  HeldSegment* next = nullptr;
  uint64_t offset = 0;  // Of the stream.
  uint16_t length = 0;
  Kind kind = Kind::kData;
  std::array<uint8_t, kMaxBytes> bytes;
};

struct TcpRare {
  static constexpr size_t kOtherSyns = 9;
  static constexpr size_t kOtherSynAcks = 4;
  static constexpr size_t kMaxHeld = 48;
  static constexpr size_t kMaxUrgent = 8;
  static constexpr uint32_t kMaxUrgentBytes = 65'535;

  SynCandidates<kOtherSyns> syns;
  SynCandidates<kOtherSynAcks> syn_acks;

  // By the side that sent them.
  std::array<HeldSegment*, kSides> held = {};
  std::array<uint8_t, kSides> held_count = {};
  std::array<std::array<uint64_t, kMaxUrgent>, kSides> urgent = {};
  std::array<uint8_t, kSides> urgent_count = {};
  std::array<uint32_t, kSides> urgent_bytes = {};
  // Packets in a row with another TTL than their end's, and that TTL.
  std::array<uint8_t, kSides> ttl_run = {};
  std::array<uint8_t, kSides> ttl_seen = {};

  // By the side that receives: the furthest that its window ever reached, if it
  // shrank.
  std::array<SeqNum, kSides> edge = {};
  std::array<bool, kSides> has_edge = {};

  // By the side that sent them.
  std::array<WithheldRanges, kSides> withheld;

  // RSTs and repeated FINs, no more than a second apart.
  uint16_t closing_segments = 0;
  Timestamp closing_seen;

  void SwapSides();

  // Notes an urgent byte of `sender`. Returns false if it has had its share of
  // them, or too many are ahead.
  bool AddUrgent(Side sender, uint64_t offset);
  // The first one at or after `offset`; UINT64_MAX if there is none.
  uint64_t NextUrgent(Side sender, uint64_t offset) const;
  // Forgets those below `offset`. Returns true if none is left.
  bool ForgetUrgent(Side sender, uint64_t offset);
};

}  // namespace mosaic
