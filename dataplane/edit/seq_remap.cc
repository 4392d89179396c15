#include "dataplane/edit/seq_remap.h"

#include <algorithm>
#include <cstring>

#include "dataplane/base/check.h"

namespace mosaic {
namespace {

// Numbers further from the newest change than this are brought nearer.
constexpr int32_t kFar = 1 << 29;

uint32_t Distance(SeqNum from, SeqNum to) {
  return static_cast<uint32_t>(to.Since(from));
}

}  // namespace

void SeqRemap::Clear() {
  count_ = 0;
  content_used_ = 0;
}

SeqNum SeqRemap::ToReceiver(SeqNum seq) const {
  for (size_t i = count_; i > 0; --i) {
    const Change& change = change_[i - 1];
    if (seq < change.begin) continue;
    if (seq < change.end()) return change.received;
    return change.received_end() + Distance(change.end(), seq);
  }
  if (count_ == 0) return seq;
  return change_[0].received + Distance(change_[0].begin, seq);
}

SeqNum SeqRemap::AckToSender(SeqNum ack) const {
  for (size_t i = count_; i > 0; --i) {
    const Change& change = change_[i - 1];
    if (ack >= change.received_end()) {
      return change.end() + Distance(change.received_end(), ack);
    }
    if (ack >= change.received) return change.begin;
  }
  if (count_ == 0) return ack;
  return change_[0].begin + Distance(change_[0].received, ack);
}

SeqNum SeqRemap::SackBeginToSender(SeqNum begin) const {
  for (size_t i = count_; i > 0; --i) {
    const Change& change = change_[i - 1];
    if (begin >= change.received_end()) {
      return change.end() + Distance(change.received_end(), begin);
    }
    if (begin == change.received) return change.begin;
    if (begin > change.received) return change.end();
  }
  if (count_ == 0) return begin;
  return change_[0].begin + Distance(change_[0].received, begin);
}

std::span<const SeqRemap::Change> SeqRemap::Repeated(SeqNum seq,
                                                     uint32_t length) const {
  const SeqNum end = seq + length;
  size_t last = count_;
  while (last > 0 && change_[last - 1].begin >= end) --last;
  size_t first = last;
  while (first > 0 && change_[first - 1].end() > seq) --first;
  return {change_.data() + first, last - first};
}

size_t SeqRemap::Acknowledged(SeqNum acked) const {
  size_t n = 0;
  while (n + 1 < count_ && change_[n].received_end() <= acked) ++n;
  return n;
}

bool SeqRemap::HasRoom(size_t pieces, uint32_t bytes, SeqNum acked) const {
  const size_t give_way = Acknowledged(acked);
  uint32_t freed = 0;
  for (size_t i = 0; i < give_way; ++i) freed += change_[i].content_length;
  return count_ - give_way + pieces + 1 <= kMaxChanges &&
         content_used_ - freed + bytes <= kContentBytes;
}

void SeqRemap::DropOldest(size_t changes) {
  if (changes == 0) return;
  uint32_t bytes = 0;
  for (size_t i = 0; i < changes; ++i) bytes += change_[i].content_length;
  std::memmove(content_.data(), content_.data() + bytes, content_used_ - bytes);
  content_used_ -= bytes;
  std::copy(change_.begin() + changes, change_.begin() + count_,
            change_.begin());
  count_ -= changes;
  for (size_t i = 0; i < count_; ++i) change_[i].content_at -= bytes;
}

// Only when it must, since what is known of old numbers makes late
// retransmissions right.
void SeqRemap::MakeRoom(size_t changes, uint32_t bytes, SeqNum acked) {
  if (count_ + changes > kMaxChanges || content_used_ + bytes > kContentBytes) {
    DropOldest(Acknowledged(acked));
  }
}

void SeqRemap::Append(SeqNum begin, uint32_t length, SeqNum received,
                      std::span<const uint8_t> content) {
  MOSAIC_CHECK(count_ < kMaxChanges &&
               content_used_ + content.size() <= kContentBytes);
  const auto bytes = static_cast<uint32_t>(content.size());
  change_[count_++] = {begin, length, received, bytes, content_used_, bytes};
  if (bytes == 0) return;
  std::memcpy(content_.data() + content_used_, content.data(), bytes);
  content_used_ += bytes;
}

void SeqRemap::Add(SeqNum seq, SeqNum received, const PayloadMap& map,
                   std::span<const uint8_t> payload, SeqNum acked) {
  MakeRoom(map.pieces().size() + 1, static_cast<uint32_t>(payload.size()),
           acked);
  // Of the payload as it arrived and as it is now: up to where changes are
  // noted, and where the next kept piece begins.
  uint32_t arrived = 0, now = 0;
  uint32_t put_in = 0;
  const auto note = [&](uint32_t arrived_end) {
    const uint32_t removed = arrived_end - arrived;
    if (removed == 0 && put_in == 0) return;
    uint32_t from = now, begin = arrived, length = removed, bytes = put_in;
    if (removed == 0) {
      // The byte before an insertion holds it; at the start the one behind.
      const bool at_start = arrived == 0;
      if (!at_start) {
        --from;
        --begin;
      }
      ++length;
      ++bytes;
      const bool shared = count_ > 0 && !at_start &&
                          change_[count_ - 1].end() == seq + (begin + 1);
      if (shared) {
        // The byte belongs to the insertion before: one change for both.
        const Change last = change_[--count_];
        content_used_ -= last.content_length;
        from -= last.content_length - 1;
        bytes += last.content_length - 1;
        begin = static_cast<uint32_t>(last.begin.Since(seq));
        length = last.length;
      }
    }
    Append(seq + begin, length, received + from, payload.subspan(from, bytes));
  };
  for (const PayloadMap::Piece& piece : map.pieces()) {
    if (piece.from == PayloadMap::kPutIn) {
      put_in += piece.length;
      continue;
    }
    note(piece.from);
    now += put_in + piece.length;
    put_in = 0;
    arrived = piece.from + piece.length;
  }
  note(map.arrived_length());
}

bool SeqRemap::Shift(SeqNum base, int32_t shift, SeqNum acked) {
  if (!HasRoom(0, 0, acked)) return false;
  MakeRoom(1, 0, acked);
  const SeqNum begin = AckToSender(base);
  // A shift back makes the receiver's numbers come twice; the newer ones count.
  const SeqNum received =
      shift < 0 ? base + static_cast<uint32_t>(shift) : base;
  change_[count_++] = {
      begin,         0, received, shift < 0 ? 0u : static_cast<uint32_t>(shift),
      content_used_, 0};
  return true;
}

void SeqRemap::Keep(SeqNum newest) {
  while (count_ > 1 && newest.Since(change_[0].end()) >= kFar) DropOldest(1);
  if (count_ == 0 || newest.Since(change_[0].end()) < kFar) return;
  const SeqNum begin = newest + static_cast<uint32_t>(-kFar / 2);
  const SeqNum received = ToReceiver(begin);
  Clear();
  change_[count_++] = {begin, 0, received, 0, 0, 0};
}

}  // namespace mosaic
