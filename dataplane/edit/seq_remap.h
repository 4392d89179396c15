// SeqRemap is how the sequence numbers of one side of a connection differ for
// its receiver from those that the side itself uses, after bytes were put into
// its stream or taken out of it.
//
//   sent       1000 a b c d e f          remove "cd", put "XYZ" behind "e":
//   received   1000 a b e X Y Z f
//   changes    [1002,1004) -> [1002,1002) ""
//              [1004,1005) -> [1002,1006) "eXYZ"
//
// A change replaces a range of bytes that the side sent, of at least one byte,
// by others. Its content is kept, so that a segment that repeats any byte of
// the range carries all of the content again, however the sender cuts its
// retransmissions; a byte beside an insertion is part of the range, so that its
// sender keeps it until the insertion has arrived too. A shift (MOS_SEQ_REMAP)
// is a change of no bytes.
//
// Acknowledgements are translated downwards to a whole change: what is
// acknowledged of it in part is not acknowledged. Removed bytes count as
// received when all before them is.
//
// Bounds      kMaxChanges changes and kContentBytes bytes. Changes that the
//             receiver acknowledged give way; a retransmission of bytes before
//             them then has wrong numbers for bytes that the receiver has
//             already, which it discards. When nothing gives way, no change is
//             taken.
// Wrap        Numbers wrap at 2^32; Keep() must be called at least every 2^30
//             bytes with the newest number.
// Threading   None of its own.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/base/seq_num.h"
#include "dataplane/base/side.h"
#include "dataplane/edit/payload_map.h"

namespace mosaic {

class SeqRemap {
 public:
  static constexpr size_t kMaxChanges = 128;
  static constexpr uint32_t kContentBytes = 16 * 1024;

  struct Change {
    SeqNum begin;         // As the side sends them.
    uint32_t length = 0;  // 0 for a shift.
    SeqNum received;      // As the receiver gets them.
    uint32_t received_length = 0;
    uint32_t content_at = 0;      // In the kept bytes.
    uint32_t content_length = 0;  // received_length, or 0 of a shift.

    SeqNum end() const { return begin + length; }
    SeqNum received_end() const { return received + received_length; }
  };

  bool empty() const { return count_ == 0; }
  void Clear();

  // The receiver's number of the byte that the side calls `seq`; of one in a
  // change, that of the change's first byte.
  SeqNum ToReceiver(SeqNum seq) const;
  // What the side has to hear when the receiver acknowledges `ack`.
  SeqNum AckToSender(SeqNum ack) const;
  // The edges of a range that the receiver reports to have (RFC 2018). The
  // result may be empty, its end not behind its begin: then nothing of it can
  // be reported.
  SeqNum SackBeginToSender(SeqNum begin) const;
  SeqNum SackEndToSender(SeqNum end) const { return AckToSender(end); }

  // The changes that a segment of [seq, seq + length) repeats, oldest first.
  std::span<const Change> Repeated(SeqNum seq, uint32_t length) const;
  std::span<const uint8_t> ContentOf(const Change& change) const {
    return {content_.data() + change.content_at, change.content_length};
  }

  // Whether Add() would take a payload that was edited into `pieces` pieces
  // with `bytes` bytes of content at most, when the receiver has acknowledged
  // up to `acked` (in its numbers).
  bool HasRoom(size_t pieces, uint32_t bytes, SeqNum acked) const;

  // Takes over how a payload, which the side sent from `seq` on and the
  // receiver gets from `received` on, was edited to `payload`. The segment is
  // the newest of the side. REQUIRES: HasRoom() for it, and
  // map.length() == payload.size().
  void Add(SeqNum seq, SeqNum received, const PayloadMap& map,
           std::span<const uint8_t> payload, SeqNum acked);

  // Shifts what the receiver calls `base`, and all behind it, by `shift`.
  // False if there is no room. REQUIRES: `base` is not below any change.
  [[nodiscard]] bool Shift(SeqNum base, int32_t shift, SeqNum acked);

  // Makes sure that numbers around `newest`, as the side sends them, stay
  // comparable with those of the changes.
  void Keep(SeqNum newest);

  std::span<const Change> changes() const { return {change_.data(), count_}; }

 private:
  // How many of the oldest changes could give way; never the last one.
  size_t Acknowledged(SeqNum acked) const;
  void MakeRoom(size_t changes, uint32_t bytes, SeqNum acked);
  void DropOldest(size_t changes);
  void Append(SeqNum begin, uint32_t length, SeqNum received,
              std::span<const uint8_t> content);

  std::array<Change, kMaxChanges> change_;  // Oldest first.
  size_t count_ = 0;
  uint32_t content_used_ = 0;
  std::array<uint8_t, kContentBytes> content_;
};

// Both directions of one connection.
struct FlowRemap {
  std::array<SeqRemap, kSides> by_sender;
};

}  // namespace mosaic
