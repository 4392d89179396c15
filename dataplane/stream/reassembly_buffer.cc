#include "dataplane/stream/reassembly_buffer.h"

#include <algorithm>
#include <cstring>

#include "dataplane/base/check.h"
#include "dataplane/stream/chunk_map.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace mosaic {

namespace {

// How a new segment N lies to a queued one E that it overlaps.
enum Relation : uint8_t {
  kStartsBeforeEndsInside,
  kStartsBeforeCoversEnd,
  kSameStartLonger,
  kSameStartSameEnd,
  kSameStartShorter,
  kStartsInsideEndsInside,  // Or ends where E ends.
  kStartsInsideEndsAfter,
  kRelations,
};

// Whether N's copy of the overlapped bytes wins. Columns as in OverlapPolicy.
constexpr bool kNewWins[kRelations][6] = {
    // FIRST LAST LINUX BSD  WINDOWS SOLARIS
    {false, true, true, true, true, false},     // kStartsBeforeEndsInside
    {false, true, true, true, true, true},      // kStartsBeforeCoversEnd
    {false, true, true, false, false, true},    // kSameStartLonger
    {false, true, false, false, false, false},  // kSameStartSameEnd
    {false, true, false, false, false, false},  // kSameStartShorter
    {false, true, false, false, false, false},  // kStartsInsideEndsInside
    {false, true, false, false, false, true},   // kStartsInsideEndsAfter
};

constexpr uint64_t NumberOf(uint64_t offset) { return offset / Chunk::kBytes; }

constexpr uint32_t IndexOf(uint64_t offset) { return offset % Chunk::kBytes; }

// Where the chunk that holds `offset` ends, or `to` if that comes first.
constexpr uint64_t ChunkEnd(uint64_t offset, uint64_t to) {
  return std::min((NumberOf(offset) + 1) * Chunk::kBytes, to);
}

// The first i < n with a[i] != b[i]; n if there is none.
size_t FirstDifference(const uint8_t* a, const uint8_t* b, size_t n) {
  size_t i = 0;
  for (uint64_t x, y; i + sizeof x <= n; i += sizeof x) {
    std::memcpy(&x, a + i, sizeof x);
    std::memcpy(&y, b + i, sizeof y);
    if (x != y) break;
  }
  while (i < n && a[i] == b[i]) ++i;
  return i;
}

// The first i < n with a[i] == b[i]; n if there is none.
size_t FirstAgreement(const uint8_t* a, const uint8_t* b, size_t n) {
  size_t i = 0;
  while (i < n && a[i] != b[i]) ++i;
  return i;
}

}  // namespace

// The part of an arrival that one step looks at.
struct ReassemblyBuffer::Segment {
  uint64_t begin;
  uint64_t end;
  const uint8_t* bytes;  // Of `begin`.

  const uint8_t* At(uint64_t offset) const { return bytes + (offset - begin); }
};

ReassemblyBuffer::ReassemblyBuffer(ChunkPool& pool, uint64_t start,
                                   uint32_t capacity_bytes)
    : chunks_(pool, NumberOf(start)),
      floor_(start),
      delivered_(start),
      capacity_(capacity_bytes) {
  MOSAIC_CHECK(capacity_bytes > 0 && capacity_bytes <= kMaxCapacityBytes);
}

ReassemblyBuffer::~ReassemblyBuffer() = default;

ReassemblyBuffer::Insertion ReassemblyBuffer::Insert(
    uint64_t offset, std::span<const uint8_t> payload, OverlapPolicy policy,
    ConflictSink* conflicts) {
  Insertion insertion;
  const Segment whole{offset, offset + payload.size(), payload.data()};
  const uint64_t known = std::clamp(delivered_, whole.begin, whole.end);
  const uint64_t stop = std::clamp(limit(), known, whole.end);

  // What readers have been handed is compared and never changed.
  insertion.duplicate = CountHeld(whole.begin, known);
  insertion.unverified =
      static_cast<uint32_t>(known - whole.begin) - insertion.duplicate;
  insertion.conflicting =
      ReportConflicts(whole.begin, known, whole, conflicts) +
      ReportConflicts(known, stop, whole, conflicts);

  Place({known, stop, whole.At(known)}, policy, insertion);
  if (stop < whole.end) {
    insertion.refused += static_cast<uint32_t>(whole.end - stop);
    if (insertion.refusal == Refusal::kNone) {
      insertion.refusal = Refusal::kBeyondBuffer;
    }
  }
  return insertion;
}

// Tells `sink` of each maximal range in [from, to) in which held bytes and the
// segment differ. Returns how many bytes differ.
uint32_t ReassemblyBuffer::ReportConflicts(uint64_t from, uint64_t to,
                                           const Segment& segment,
                                           ConflictSink* sink) const {
  uint32_t total = 0;
  Range open;  // Differs so far; may go on in the next run or chunk.
  for (uint64_t at = NextHeldIn(from, to); at < to; at = NextHeldIn(at, to)) {
    const uint64_t stop = NextHoleIn(at, ChunkEnd(at, to));
    const uint8_t* const held = chunks_.Find(NumberOf(at))->bytes + IndexOf(at);
    const uint8_t* const came = segment.At(at);
    const size_t length = stop - at;
    for (size_t i = FirstDifference(held, came, length); i < length;) {
      const size_t differs = FirstAgreement(held + i, came + i, length - i);
      if (open.offset + open.length != at + i) {
        Tell(open, segment, sink);
        open = {at + i, 0};
      }
      open.length += differs;
      total += static_cast<uint32_t>(differs);
      i += differs;
      i += FirstDifference(held + i, came + i, length - i);
    }
    at = stop;
  }
  Tell(open, segment, sink);
  return total;
}

void ReassemblyBuffer::Tell(Range differing, const Segment& segment,
                            ConflictSink* sink) const {
  if (differing.length == 0 || sink == nullptr) return;
  Conflict conflict;
  conflict.offset = differing.offset;
  conflict.length = static_cast<uint32_t>(differing.length);
  conflict.hash_new =
      XXH3_64bits(segment.At(differing.offset), differing.length);
  conflict.delivered = differing.offset < delivered_;

  uint64_t at = differing.offset;
  const uint64_t end = at + differing.length;
  if (ChunkEnd(at, end) == end) {
    conflict.hash_held = XXH3_64bits(
        chunks_.Find(NumberOf(at))->bytes + IndexOf(at), differing.length);
  } else {
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    for (uint64_t next; at < end; at = next) {
      next = ChunkEnd(at, end);
      XXH3_64bits_update(
          &state, chunks_.Find(NumberOf(at))->bytes + IndexOf(at), next - at);
    }
    conflict.hash_held = XXH3_64bits_digest(&state);
  }
  sink->OnConflict(conflict);
}

// Walks the segment from hole to held piece to hole. `segment` lies within
// [delivered(), limit()).
void ReassemblyBuffer::Place(const Segment& segment, OverlapPolicy policy,
                             Insertion& insertion) {
  bool wrote = false;  // The byte before `at` is now of this segment.
  for (uint64_t at = segment.begin; at < segment.end;) {
    uint64_t end;
    if (!IsHeld(at)) {
      end = NextHeldIn(at, segment.end);
      const uint64_t filled = FillHole({at, end - at}, segment, insertion);
      if (filled > at && !wrote) MarkStart(at);
      wrote = filled == end;
    } else {
      end = PieceEnd(at, segment.end, policy);
      const auto length = static_cast<uint32_t>(end - at);
      if (NewWins({at, length}, segment, policy)) {
        Write(at, end, segment);
        if (!wrote) MarkStart(at);
        wrote = true;
        insertion.replaced += length;
      } else {
        wrote = false;
        insertion.duplicate += length;
      }
    }
    at = end;
  }
  // What is left of a queued segment that outlasts this one is a piece of its
  // own from here on.
  if (wrote && IsHeld(segment.end)) MarkStart(segment.end);
}

// Where the queued piece that holds `at` ends, at most `to`. FIRST and LAST
// judge all pieces alike, so that for them a piece is all that is held in a
// row.
uint64_t ReassemblyBuffer::PieceEnd(uint64_t at, uint64_t to,
                                    OverlapPolicy policy) const {
  if (policy == OverlapPolicy::kFirst || policy == OverlapPolicy::kLast) {
    return NextHoleIn(at, to);
  }
  for (uint64_t from = at + 1; from < to;) {
    const uint64_t stop = ChunkEnd(from, to);
    const Chunk* const chunk = chunks_.Find(NumberOf(from));
    if (chunk == nullptr) return NextHoleIn(at, from);
    const uint64_t start = from - IndexOf(from) +
                           NextSet(chunk->segment_start, IndexOf(from),
                                   IndexOf(from) + (stop - from));
    if (start < stop) return NextHoleIn(at, start);
    from = stop;
  }
  return NextHoleIn(at, to);
}

// Whether the segment's copy of `piece`, the part of a queued segment that it
// overlaps, wins under `policy`.
bool ReassemblyBuffer::NewWins(Range piece, const Segment& segment,
                               OverlapPolicy policy) const {
  const uint64_t end = piece.offset + piece.length;
  // Nothing before delivered() is queued, so what is held there starts there.
  const bool same_start = piece.offset == segment.begin &&
                          (piece.offset == delivered_ || IsStart(piece.offset));
  const bool starts_before = piece.offset > segment.begin;
  const bool outlasted = end == segment.end && IsHeld(end) && !IsStart(end);
  const bool outlasts = end < segment.end;

  Relation relation;
  if (starts_before) {
    relation = outlasted ? kStartsBeforeEndsInside : kStartsBeforeCoversEnd;
  } else if (same_start) {
    relation = outlasts    ? kSameStartLonger
               : outlasted ? kSameStartShorter
                           : kSameStartSameEnd;
  } else {
    relation = outlasts ? kStartsInsideEndsAfter : kStartsInsideEndsInside;
  }
  return kNewWins[relation][static_cast<size_t>(policy)];
}

// Stores as much of the hole as bounds allow. Returns where the stored part
// ends; the rest is counted as refused, and later holes are refused whole.
uint64_t ReassemblyBuffer::FillHole(Range hole, const Segment& segment,
                                    Insertion& insertion) {
  const uint64_t end = hole.offset + hole.length;
  uint64_t filled = hole.offset;
  if (insertion.refusal == Refusal::kNone) {
    const bool joins_left =
        hole.offset == delivered_ || IsHeld(hole.offset - 1);
    const bool may_stand_alone = joins_left || islands_ < kMaxIslands;
    if (!may_stand_alone && !IsHeld(end)) {
      insertion.refusal = Refusal::kTooManyIslands;
    } else {
      filled = Reserve(hole.offset, end);
      if (filled < end) {
        insertion.refusal = Refusal::kNoMemory;
        if (!may_stand_alone) {
          // Cut off from the island that it would have joined.
          Forget(hole.offset, filled);
          filled = hole.offset;
        }
      }
    }
    if (filled > hole.offset) {
      Write(hole.offset, filled, segment);
      pending_ += filled - hole.offset;
      islands_ += 1;
      if (joins_left) --islands_;
      if (filled == end && IsHeld(end)) --islands_;
    }
  }
  insertion.stored += static_cast<uint32_t>(filled - hole.offset);
  insertion.refused += static_cast<uint32_t>(end - filled);
  return filled;
}

// Sees to it that there are chunks for [from, to). Returns how far there are.
uint64_t ReassemblyBuffer::Reserve(uint64_t from, uint64_t to) {
  while (from < to && chunks_.FindOrTake(NumberOf(from)) != nullptr) {
    from = ChunkEnd(from, to);
  }
  return from;
}

// Puts the segment's copy of [from, to) in place. REQUIRES: its chunks exist.
void ReassemblyBuffer::Write(uint64_t from, uint64_t to,
                             const Segment& segment) {
  for (uint64_t next; from < to; from = next) {
    next = ChunkEnd(from, to);
    Chunk& chunk = *chunks_.Find(NumberOf(from));
    const uint32_t begin = IndexOf(from);
    const uint32_t end = begin + static_cast<uint32_t>(next - from);
    std::memcpy(chunk.bytes + begin, segment.At(from), next - from);
    SetBits(chunk.present, begin, end);
    ClearBits(chunk.segment_start, begin, end);
  }
}

// Clears the maps of [from, to) and gives back chunks that hold nothing more.
void ReassemblyBuffer::Forget(uint64_t from, uint64_t to) {
  ChunkDirectory::Entry entry = chunks_.Next(NumberOf(from));
  for (; entry.chunk != nullptr && entry.number * Chunk::kBytes < to;
       entry = chunks_.Next(entry.number + 1)) {
    const uint64_t base = entry.number * Chunk::kBytes;
    const uint32_t begin = IndexOf(std::max(from, base));
    const auto end = static_cast<uint32_t>(ChunkEnd(base, to) - base);
    ClearBits(entry.chunk->present, begin, end);
    ClearBits(entry.chunk->segment_start, begin, end);
    if (NextSet(entry.chunk->present, 0, Chunk::kBytes) == Chunk::kBytes) {
      chunks_.Drop(entry.number);
    }
  }
}

std::span<const uint8_t> ReassemblyBuffer::Deliverable() const {
  const Chunk* const chunk = chunks_.Find(NumberOf(delivered_));
  if (chunk == nullptr) return {};
  const uint32_t begin = IndexOf(delivered_);
  return {chunk->bytes + begin,
          NextClear(chunk->present, begin, Chunk::kBytes) - begin};
}

void ReassemblyBuffer::Deliver(uint32_t n) {
  MOSAIC_CHECK(n <= Deliverable().size());
  delivered_ += n;
  pending_ -= n;
  retained_ += n;
}

void ReassemblyBuffer::DeliverDirect(uint32_t n) {
  if (n == 0) return;
  MOSAIC_CHECK(pending_ == 0 || !Holds(delivered_, n));
  delivered_ += n;
  if (pending_ > 0 && IsHeld(delivered_)) --islands_;
}

void ReassemblyBuffer::Release(uint64_t offset) {
  MOSAIC_CHECK(offset <= delivered_);
  if (offset <= floor_) return;
  if (retained_ > 0) {
    retained_ =
        offset == delivered_ ? 0 : retained_ - CountHeld(floor_, offset);
    Forget(floor_, offset);
  }
  floor_ = offset;
  chunks_.MoveFirst(NumberOf(floor_));
}

ReassemblyBuffer::Range ReassemblyBuffer::Hole() const {
  if (islands_ == 0) return {delivered_, 0};
  return {delivered_, NextHeldIn(delivered_, limit()) - delivered_};
}

uint64_t ReassemblyBuffer::SkipHole() {
  const uint64_t skipped = Hole().length;
  if (skipped > 0) --islands_;
  delivered_ += skipped;
  return skipped;
}

ReassemblyBuffer::Range ReassemblyBuffer::Resize(uint32_t capacity_bytes) {
  MOSAIC_CHECK(capacity_bytes > 0 && capacity_bytes <= kMaxCapacityBytes);
  const uint64_t old_limit = limit();
  capacity_ = capacity_bytes;
  const uint64_t from = limit();
  Range lost{NextHeldIn(from, old_limit), 0};
  if (lost.offset >= old_limit) return {from, 0};

  const uint64_t edge = std::max(from, delivered_);
  for (uint64_t at = NextHeldIn(edge, old_limit); at < old_limit;
       at = NextHeldIn(NextHoleIn(at, old_limit), old_limit)) {
    if (at > delivered_ && !IsHeld(at - 1)) --islands_;
  }
  const uint64_t all = CountHeld(from, old_limit);
  const uint64_t pending = CountHeld(edge, old_limit);
  pending_ -= pending;
  retained_ -= all - pending;
  Forget(from, old_limit);
  lost.length = all;
  return lost;
}

uint32_t ReassemblyBuffer::Copy(uint64_t offset, std::span<uint8_t> out) const {
  const uint64_t end = NextHoleIn(offset, offset + out.size());
  for (uint64_t at = offset, next; at < end; at = next) {
    next = ChunkEnd(at, end);
    std::memcpy(out.data() + (at - offset),
                chunks_.Find(NumberOf(at))->bytes + IndexOf(at), next - at);
  }
  return static_cast<uint32_t>(end - offset);
}

ReassemblyBuffer::Range ReassemblyBuffer::NextHeld(uint64_t offset) const {
  const uint64_t begin = NextHeldIn(offset, limit());
  if (begin >= limit()) return {};
  return {begin, NextHoleIn(begin, limit()) - begin};
}

bool ReassemblyBuffer::Holds(uint64_t offset, uint32_t length) const {
  return NextHeldIn(offset, offset + length) < offset + length;
}

bool ReassemblyBuffer::IsHeld(uint64_t offset) const {
  const Chunk* const chunk = chunks_.Find(NumberOf(offset));
  return chunk != nullptr && TestBit(chunk->present, IndexOf(offset));
}

bool ReassemblyBuffer::IsStart(uint64_t offset) const {
  const Chunk* const chunk = chunks_.Find(NumberOf(offset));
  return chunk != nullptr && TestBit(chunk->segment_start, IndexOf(offset));
}

// REQUIRES: `offset` is held.
void ReassemblyBuffer::MarkStart(uint64_t offset) {
  SetBit(chunks_.Find(NumberOf(offset))->segment_start, IndexOf(offset));
}

// The first held byte of [from, to); `to` if there is none.
uint64_t ReassemblyBuffer::NextHeldIn(uint64_t from, uint64_t to) const {
  while (from < to) {
    const ChunkDirectory::Entry entry = chunks_.Next(NumberOf(from));
    const uint64_t base = entry.number * Chunk::kBytes;
    if (entry.chunk == nullptr || base >= to) return to;
    const uint64_t end = ChunkEnd(base, to);
    const uint64_t found =
        base + NextSet(entry.chunk->present, IndexOf(std::max(from, base)),
                       static_cast<uint32_t>(end - base));
    if (found < end) return found;
    from = end;
  }
  return to;
}

// The first byte of [from, to) that is not held; `to` if there is none.
uint64_t ReassemblyBuffer::NextHoleIn(uint64_t from, uint64_t to) const {
  while (from < to) {
    const Chunk* const chunk = chunks_.Find(NumberOf(from));
    if (chunk == nullptr) return from;
    const uint64_t base = from - IndexOf(from);
    const uint64_t end = ChunkEnd(from, to);
    const uint64_t found = base + NextClear(chunk->present, IndexOf(from),
                                            static_cast<uint32_t>(end - base));
    if (found < end) return found;
    from = end;
  }
  return to;
}

uint32_t ReassemblyBuffer::CountHeld(uint64_t from, uint64_t to) const {
  uint32_t count = 0;
  while (from < to) {
    const ChunkDirectory::Entry entry = chunks_.Next(NumberOf(from));
    const uint64_t base = entry.number * Chunk::kBytes;
    if (entry.chunk == nullptr || base >= to) break;
    const uint64_t end = ChunkEnd(base, to);
    count += CountBits(entry.chunk->present, IndexOf(std::max(from, base)),
                       static_cast<uint32_t>(end - base));
    from = end;
  }
  return count;
}

}  // namespace mosaic
