// ReassemblyBuffer holds the bytes of one direction of one TCP connection that
// cannot be handed on at once: those that came out of order, and those that a
// reader or a policy wants kept after they were delivered.
//
//   0          retained     delivered      hole     island     hole
//   ...........|============|..............|========|..........|=====|
//              ^ floor()    ^ delivered()                            ^ limit()
//
// Offsets count stream bytes from 0, the first byte after the SYN, and never
// wrap. Bytes below floor() are gone; bytes in [floor(), delivered()) have been
// handed to readers and are kept for comparison; islands wait for their hole.
//
// Invariant   No byte at delivered() is held after Deliver() has run dry: what
//             is in order is delivered, never left waiting.
// Progress    A stream cannot stall here. A segment that covers delivered() is
//             never refused for its islands, since it makes none. If the pool
//             or the capacity refuses its bytes, none is held at their
//             positions: the caller hands them on from the packet with
//             DeliverDirect(), which takes no memory.
// Overlap     Bytes at or above delivered() follow the OverlapPolicy. Bytes
//             below it are immutable under every policy. Either way each
//             differing byte is told to the ConflictSink.
// Memory      Chunks of a ChunkPool, taken as bytes arrive and given back as
//             floor() passes them. The object itself is about 100 bytes.
//             Far islands cost directory chunks, see chunk_directory.h.
// Account     Each byte of each Insert() is counted in exactly one field of its
//             Insertion, so that bytes in = delivered + duplicate + replaced +
//             refused + discarded + pending always holds.
// Threading   None. A buffer belongs to the worker that owns its flow.
// Cost        Insert() is linear in the segment's length and does not depend on
//             the number of islands: a map of held bytes is kept, no list.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/stream/chunk_directory.h"
#include "dataplane/stream/chunk_pool.h"
#include "dataplane/stream/overlap_policy.h"

namespace mosaic {

// Two versions of the same stream bytes. The hashes are XXH3, 64 bits, seed 0.
struct Conflict {
  uint64_t offset = 0;
  uint32_t length = 0;     // Every byte in the range differs.
  uint64_t hash_held = 0;  // Of the version that was there.
  uint64_t hash_new = 0;   // Of the version that came.
  bool delivered = false;  // Readers had seen the held version already.
};

class ConflictSink {
 public:
  virtual ~ConflictSink() = default;
  // Called from inside Insert(), in ascending order of offset, before anything
  // is replaced. Ranges are maximal, but one that crosses delivered() is told
  // in two parts. Must not change the buffer.
  virtual void OnConflict(const Conflict& conflict) = 0;
};

class ReassemblyBuffer {
 public:
  // Islands held at once in one direction; what begins at delivered() is in
  // order and no island. Bounds what a sender of scattered one-byte segments
  // can make a reader of MOS_FRAGINFO do.
  static constexpr uint32_t kMaxIslands = 3072;

  static constexpr uint32_t kMaxCapacityBytes = 1u << 30;

  // Why bytes were refused: of the first byte, should there be two reasons. The
  // caller counts them under this reason.
  enum class Refusal : uint8_t {
    kNone,
    kBeyondBuffer,    // At or past limit().
    kTooManyIslands,  // Would make island kMaxIslands + 1.
    kNoMemory,        // The worker's chunk pool is empty. New bytes before the
                      // first that found no room are stored, none after it;
                      // repeated bytes are compared and replaced as ever.
  };

  // Where the bytes of one segment went; the byte fields sum to its length.
  struct Insertion {
    uint32_t stored = 0;       // New positions now held.
    uint32_t duplicate = 0;    // Position held or retained; the old byte stays.
    uint32_t replaced = 0;     // Position held; the new byte took its place,
                               // equal or not. The old one leaves the account
                               // as "replaced".
    uint32_t unverified = 0;   // Below floor(), or below delivered() and not
                               // held: nothing to compare with.
    uint32_t refused = 0;      // Not kept, for `refusal`.
    uint32_t conflicting = 0;  // Of duplicate and replaced: bytes that differ.
    Refusal refusal = Refusal::kNone;
  };

  struct Range {
    uint64_t offset = 0;
    uint64_t length = 0;
  };

  // `start` is the offset of the next byte to deliver; floor() begins there.
  // `capacity_bytes` bounds limit() - floor(). `pool` must outlive the buffer.
  // REQUIRES: 0 < capacity_bytes <= kMaxCapacityBytes.
  ReassemblyBuffer(ChunkPool& pool, uint64_t start, uint32_t capacity_bytes);
  ~ReassemblyBuffer();  // Gives every chunk back.

  ReassemblyBuffer(const ReassemblyBuffer&) = delete;
  ReassemblyBuffer& operator=(const ReassemblyBuffer&) = delete;

  // Adds one segment's payload. A segment that straddles limit() keeps its part
  // below; a segment that starts below floor() keeps its part above.
  [[nodiscard]] Insertion Insert(uint64_t offset,
                                 std::span<const uint8_t> payload,
                                 OverlapPolicy policy, ConflictSink* conflicts);

  // The next in-order bytes from delivered() on, or an empty span. May stop at
  // a chunk's end; call again after Deliver(). Valid until the next call that
  // is not const.
  std::span<const uint8_t> Deliverable() const;

  // Moves delivered() on by `n` bytes, which stay held until Release().
  // REQUIRES: n <= Deliverable().size().
  void Deliver(uint32_t n);

  // Moves delivered() on by `n` bytes that the caller handed to readers
  // straight from a packet; past limit() if need be. They are not kept: a later
  // copy of them is unverified. A caller that wants them compared calls
  // Insert() and Deliver() instead, and this only for what Insert() refused.
  // REQUIRES: no byte in [delivered(), delivered() + n) is held.
  void DeliverDirect(uint32_t n);

  // Forgets everything below `offset` and gives its chunks back; floor() moves
  // there. Does nothing if floor() is there or past it.
  // REQUIRES: offset <= delivered().
  void Release(uint64_t offset);

  // The hole at delivered(), if an island lies behind it; length 0 otherwise.
  Range Hole() const;

  // Gives up on Hole(): delivered() moves to the island behind it. Returns the
  // bytes skipped; 0 if there is no island.
  uint64_t SkipHole();

  // Changes the capacity with data inside. Growing loses nothing. Shrinking
  // drops held bytes at or past the new limit(), retained ones included, and
  // returns where the first of them was and how many they were (length 0 if
  // none), to be told to readers. Those that nobody had been handed are what
  // pending_bytes() went down by. REQUIRES: as the constructor.
  [[nodiscard]] Range Resize(uint32_t capacity_bytes);

  // Copies held or retained bytes from `offset` on, up to the first byte not
  // held. Moves nothing. Returns how many were copied.
  uint32_t Copy(uint64_t offset, std::span<uint8_t> out) const;

  // The first range of held bytes at or after `offset`, retained ones included;
  // length 0 if there is none. Walks ranges for MOS_FRAGINFO.
  Range NextHeld(uint64_t offset) const;

  // True if a byte in [offset, offset + length) is held.
  bool Holds(uint64_t offset, uint32_t length) const;

  uint64_t floor() const { return floor_; }
  uint64_t delivered() const { return delivered_; }
  uint64_t limit() const { return floor_ + capacity_; }
  uint32_t capacity() const { return capacity_; }

  // Bytes held at or above delivered(): waiting for a hole to fill.
  uint64_t pending_bytes() const { return pending_; }
  // Bytes held in [floor(), delivered()).
  uint64_t retained_bytes() const { return retained_; }
  uint32_t islands() const { return islands_; }

 private:
  struct Segment;

  bool IsHeld(uint64_t offset) const;
  bool IsStart(uint64_t offset) const;
  void MarkStart(uint64_t offset);
  uint64_t NextHeldIn(uint64_t from, uint64_t to) const;
  uint64_t NextHoleIn(uint64_t from, uint64_t to) const;
  uint32_t CountHeld(uint64_t from, uint64_t to) const;
  void Forget(uint64_t from, uint64_t to);

  uint32_t ReportConflicts(uint64_t from, uint64_t to, const Segment& segment,
                           ConflictSink* sink) const;
  void Tell(Range differing, const Segment& segment, ConflictSink* sink) const;

  void Place(const Segment& segment, OverlapPolicy policy,
             Insertion& insertion);
  uint64_t PieceEnd(uint64_t at, uint64_t to, OverlapPolicy policy) const;
  bool NewWins(Range piece, const Segment& segment, OverlapPolicy policy) const;
  uint64_t FillHole(Range hole, const Segment& segment, Insertion& insertion);
  uint64_t Reserve(uint64_t from, uint64_t to);
  void Write(uint64_t from, uint64_t to, const Segment& segment);

  ChunkDirectory chunks_;
  uint64_t floor_;
  uint64_t delivered_;
  uint64_t pending_ = 0;
  uint64_t retained_ = 0;
  uint32_t capacity_;
  uint32_t islands_ = 0;
};

}  // namespace mosaic
