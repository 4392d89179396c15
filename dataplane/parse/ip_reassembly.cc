#include "dataplane/parse/ip_reassembly.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "dataplane/base/byte_order.h"
#include "dataplane/base/check.h"
#include "dataplane/parse/checksum.h"
#include "dataplane/parse/ipv4.h"
#include "dataplane/parse/ipv6.h"

namespace mosaic {
namespace {

constexpr uint32_t kMaxLength = 65535;

bool IsIpv6(const FlowKey& key) { return key.ip_version == 6; }

// What the length field of an IP header with `content` behind it says.
uint32_t DeclaredLength(const FlowKey& key, uint32_t header, uint32_t content) {
  return header + content - (IsIpv6(key) ? kIpv6Header : 0);
}

}  // namespace

IpReassembly::IpReassembly(const FragmentLimits& limits, Delivered delivered)
    : limits_(limits),
      delivered_(delivered),
      chunks_(std::max<size_t>(limits.bytes / sizeof(Chunk), 1)),
      datagrams_(std::make_unique<Datagram[]>(limits.datagrams)),
      buckets_(std::bit_ceil(2 * limits.datagrams), kNone),
      bucket_mask_(buckets_.size() - 1),
      free_(0) {
  MOSAIC_CHECK(limits.datagrams > 0 && limits.datagrams <= size_t{1} << 24);
  for (uint32_t i = 0; i < limits.datagrams; ++i) {
    datagrams_[i].newer = i + 1 < limits.datagrams ? i + 1 : kNone;
  }
}

size_t IpReassembly::BytesForDatagrams(size_t datagrams) {
  return datagrams * sizeof(Datagram) +
         std::bit_ceil(2 * datagrams) * sizeof(uint32_t);
}

IpReassembly::Datagram* IpReassembly::Find(const FlowKey& key, uint64_t hash,
                                           Timestamp now) {
  uint32_t at = BucketOf(hash);
  while (at != kNone && !(datagrams_[at].key == key)) {
    at = datagrams_[at].next_in_bucket;
  }
  if (at == kNone) return nullptr;
  Datagram& datagram = datagrams_[at];
  if (!IsOver(datagram, now)) return &datagram;
  if (datagram.state == State::kOpen) ++totals_.timed_out;
  Erase(datagram);
  return nullptr;
}

IpReassembly::Datagram& IpReassembly::Create(const FlowKey& key, uint64_t hash,
                                             Timestamp now) {
  if (free_ == kNone) ForgetOldest(totals_.evicted);
  const uint32_t index = free_;
  Datagram& datagram = datagrams_[index];
  free_ = datagram.newer;
  datagram.key = key;
  datagram.hash = hash;
  datagram.first_seen = now;
  datagram.buffer.emplace(chunks_, 0, kMaxLength + 1);
  datagram.next_in_bucket = BucketOf(hash);
  BucketOf(hash) = index;
  datagram.older = newest_;
  datagram.newer = kNone;
  (newest_ == kNone ? oldest_ : datagrams_[newest_].newer) = index;
  newest_ = index;
  ++datagram.generation;
  datagram.parts = 0;
  datagram.wire_bytes = 0;
  datagram.end = 0;
  datagram.total = kNone;
  datagram.header_length = 0;
  datagram.state = State::kOpen;
  ++held_;
  return datagram;
}

void IpReassembly::Erase(Datagram& datagram) {
  const auto index = static_cast<uint32_t>(&datagram - datagrams_.get());
  uint32_t* link = &BucketOf(datagram.hash);
  while (*link != index) link = &datagrams_[*link].next_in_bucket;
  *link = datagram.next_in_bucket;
  (datagram.older == kNone ? oldest_ : datagrams_[datagram.older].newer) =
      datagram.newer;
  (datagram.newer == kNone ? newest_ : datagrams_[datagram.newer].older) =
      datagram.older;
  datagram.buffer.reset();
  ++datagram.generation;
  datagram.newer = free_;
  free_ = index;
  --held_;
}

// REQUIRES: there is one.
void IpReassembly::ForgetOldest(uint64_t& counter) {
  Datagram& datagram = datagrams_[oldest_];
  if (datagram.state == State::kOpen) ++counter;
  Erase(datagram);
}

// Returns false if there is no other. What holds no bytes goes too: its turn
// has come, and nothing has to be searched for.
bool IpReassembly::EvictOldestBut(const Datagram& kept) {
  uint32_t at = oldest_;
  if (&datagrams_[at] == &kept) at = kept.newer;
  if (at == kNone) return false;
  if (datagrams_[at].state == State::kOpen) ++totals_.evicted;
  Erase(datagrams_[at]);
  return true;
}

void IpReassembly::Expire(Timestamp now, size_t budget) {
  for (; budget > 0 && oldest_ != kNone; --budget) {
    if (!IsOver(datagrams_[oldest_], now)) return;
    ForgetOldest(totals_.timed_out);
  }
}

FragmentResult IpReassembly::RefuseAs(FragmentResult why, Datagram& datagram) {
  datagram.buffer.reset();
  datagram.state = State::kRefused;
  ++totals_.refused;
  return why;
}

// Whether the fragment and what is known of the datagram's ends agree; kHeld if
// they do.
FragmentResult IpReassembly::CheckEnds(const IpFragment& fragment,
                                       Datagram& datagram) {
  const auto length = static_cast<uint32_t>(fragment.part.size());
  const uint32_t end = fragment.offset + length;
  const auto header = static_cast<uint32_t>(fragment.header.size());
  if (DeclaredLength(datagram.key, header, end) > kMaxLength) {
    return FragmentResult::kOversize;
  }
  const bool known = datagram.total != kNone;
  const bool agrees =
      fragment.more_follow
          ? !known || end < datagram.total
          : datagram.end <= end && (!known || end == datagram.total);
  if (!agrees) return FragmentResult::kInconsistentEnd;
  if (fragment.offset == 0 && IsIpv6(datagram.key) &&
      !HoldsHeaderChain(fragment.protocol, fragment.part)) {
    return FragmentResult::kHeaderChain;
  }
  return FragmentResult::kHeld;
}

// Whether the fragment may be stored where others have put bytes already; kHeld
// if it may.
FragmentResult IpReassembly::CheckOverlap(const IpFragment& fragment,
                                          Datagram& datagram) {
  ReassemblyBuffer& buffer = *datagram.buffer;
  const auto length = static_cast<uint32_t>(fragment.part.size());
  if (!buffer.Holds(fragment.offset, length)) return FragmentResult::kHeld;
  const ReassemblyBuffer::Range held = buffer.NextHeld(fragment.offset);
  if (held.offset == fragment.offset && held.length >= length) {
    // All of it is held: nothing is stored, only compared.
    const ReassemblyBuffer::Insertion repeated =
        buffer.Insert(fragment.offset, fragment.part, OverlapPolicy::kFirst,
                      /*conflicts=*/nullptr);
    if (repeated.conflicting == 0) return FragmentResult::kDuplicate;
  }
  // A part that begins in the middle of a TCP header and rewrites it would hide
  // the flags that were judged (RFC 3128).
  constexpr uint32_t kSecondUnit = 8;
  const bool rewrites_tcp =
      fragment.offset == kSecondUnit && fragment.protocol == ip_protocol::kTcp;
  const bool refused = IsIpv6(datagram.key) || !limits_.overlap || rewrites_tcp;
  return refused ? FragmentResult::kOverlap : FragmentResult::kHeld;
}

FragmentResult IpReassembly::Store(const IpFragment& fragment,
                                   Datagram& datagram) {
  using Refusal = ReassemblyBuffer::Refusal;
  if (datagram.parts == kMaxParts) return FragmentResult::kTooMany;
  const OverlapPolicy policy = limits_.overlap.value_or(OverlapPolicy::kFirst);
  ReassemblyBuffer::Insertion insertion = datagram.buffer->Insert(
      fragment.offset, fragment.part, policy, /*conflicts=*/nullptr);
  while (insertion.refusal == Refusal::kNoMemory && EvictOldestBut(datagram)) {
    insertion = datagram.buffer->Insert(fragment.offset, fragment.part, policy,
                                        /*conflicts=*/nullptr);
  }
  if (insertion.refusal == Refusal::kNoMemory) return FragmentResult::kNoMemory;
  if (insertion.refusal != Refusal::kNone) return FragmentResult::kTooMany;
  ++datagram.parts;
  if (fragment.offset == 0 && datagram.header_length == 0) {
    datagram.header_length = static_cast<uint32_t>(fragment.header.size());
    datagram.protocol_at = fragment.protocol_at;
    datagram.protocol = fragment.protocol;
    std::copy(fragment.header.begin(), fragment.header.end(),
              datagram.header.begin());
  }
  const auto length = static_cast<uint32_t>(fragment.part.size());
  datagram.end = std::max(datagram.end, fragment.offset + length);
  if (!fragment.more_follow) datagram.total = fragment.offset + length;
  return FragmentResult::kHeld;
}

FragmentResult IpReassembly::Add(const IpFragment& fragment, uint64_t hash,
                                 uint32_t wire_bytes, Timestamp now) {
  constexpr size_t kUnit = 8;
  if (fragment.is_cut) return FragmentResult::kCut;
  if (fragment.part.empty() ||
      (fragment.more_follow && fragment.part.size() % kUnit != 0)) {
    return FragmentResult::kBadLength;
  }
  Datagram* found = Find(fragment.datagram, hash, now);
  if (found != nullptr && found->state != State::kOpen) {
    return FragmentResult::kRefusedDatagram;
  }
  Datagram& datagram =
      found != nullptr ? *found : Create(fragment.datagram, hash, now);
  FragmentResult result = CheckEnds(fragment, datagram);
  if (result == FragmentResult::kHeld) {
    result = CheckOverlap(fragment, datagram);
  }
  if (result == FragmentResult::kHeld) result = Store(fragment, datagram);
  if (result == FragmentResult::kDuplicate) return result;
  if (result != FragmentResult::kHeld) return RefuseAs(result, datagram);

  datagram.wire_bytes += wire_bytes;
  if (datagram.buffer->pending_bytes() != datagram.total) return result;
  if (DeclaredLength(datagram.key, datagram.header_length, datagram.total) >
      kMaxLength) {
    return RefuseAs(FragmentResult::kOversize, datagram);
  }
  completed_ = static_cast<uint32_t>(&datagram - datagrams_.get());
  return FragmentResult::kCompleted;
}

IpReassembly::Taken IpReassembly::Take(std::span<uint8_t> out) {
  MOSAIC_CHECK(completed_ != kNone && out.size() >= kMaxDatagram);
  Datagram& datagram = datagrams_[completed_];
  const Taken taken{datagram.header_length + datagram.total,
                    datagram.wire_bytes,
                    {completed_, datagram.generation}};
  completed_ = kNone;
  uint8_t* const header = out.data();
  std::copy_n(datagram.header.begin(), datagram.header_length, header);
  static_cast<void>(datagram.buffer->Copy(
      0, out.subspan(datagram.header_length, datagram.total)));
  header[datagram.protocol_at] = datagram.protocol;
  const auto length = static_cast<uint16_t>(
      DeclaredLength(datagram.key, datagram.header_length, datagram.total));
  if (IsIpv6(datagram.key)) {
    WriteBig16(header + 4, length);
  } else {
    constexpr uint8_t kDontFragment = 0x40;
    WriteBig16(header + 2, length);
    WriteBig16(header + 6,
               static_cast<uint16_t>((header[6] & kDontFragment) << 8));
    WriteBig16(header + 10, 0);
    WriteBig16(header + 10,
               ChecksumField(ChecksumSum(header, datagram.header_length)));
  }
  ++totals_.reassembled;
  if (delivered_ == Delivered::kForget) {
    Erase(datagram);
  } else {
    datagram.buffer.reset();
    datagram.state = State::kDelivered;
  }
  return taken;
}

void IpReassembly::Settle(Ticket ticket, Fate fate) {
  Datagram& datagram = datagrams_[ticket.record];
  if (datagram.generation != ticket.generation) return;
  if (fate == Fate::kForwarded) {
    Erase(datagram);
  } else {
    datagram.state = State::kRefused;
  }
}

}  // namespace mosaic
