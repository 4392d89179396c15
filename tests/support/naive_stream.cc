#include "tests/support/naive_stream.h"

#include <xxhash.h>

#include <algorithm>

namespace mosaic::testing {

NaiveStream::Insertion NaiveStream::Insert(uint64_t offset,
                                           std::span<const uint8_t> payload,
                                           OverlapPolicy policy,
                                           std::optional<uint32_t> room,
                                           std::vector<Conflict>& conflicts) {
  using Refusal = ReassemblyBuffer::Refusal;
  Insertion in;
  const size_t told = conflicts.size();
  FindConflicts(offset, payload, conflicts);
  for (size_t i = told; i < conflicts.size(); ++i) {
    in.conflicting += conflicts[i].length;
  }

  // What the receiver sees of the segment, and who wins against it, is settled
  // before anything changes.
  const uint64_t end = offset + payload.size();
  const Piece seen{std::max(offset, delivered_), std::min(end, limit())};
  std::vector<Piece> losers;
  for (uint64_t p = seen.begin; p < seen.end; ++p) {
    if (!Holds(p)) continue;
    const Piece piece = PieceOf(p);
    if (NewWins(seen, piece, policy)) losers.push_back(piece);
    p = piece.end - 1;
  }
  const auto loses = [&losers](uint64_t p) {
    return std::any_of(losers.begin(), losers.end(), [p](const Piece& piece) {
      return piece.begin <= p && p < piece.end;
    });
  };

  ++arrivals_;
  for (uint64_t p = offset; p < end; ++p) {
    const Byte came{payload[p - offset], arrivals_};
    if (p < delivered_) {
      ++(Holds(p) ? in.duplicate : in.unverified);
    } else if (p >= limit()) {
      ++in.refused;
      if (in.refusal == Refusal::kNone) in.refusal = Refusal::kBeyondBuffer;
    } else if (Holds(p)) {
      const bool replaced = loses(p);
      ++(replaced ? in.replaced : in.duplicate);
      if (replaced) held_[p] = came;
    } else if (room.has_value() && in.stored == *room) {
      ++in.refused;
      in.refusal = Refusal::kNoMemory;
    } else {
      ++in.stored;
      held_[p] = came;
    }
  }

  if (in.stored > 0 && Islands() > ReassemblyBuffer::kMaxIslands) {
    // Such a segment touches nothing, so that all it did was to store.
    held_.erase(held_.lower_bound(seen.begin), held_.lower_bound(seen.end));
    in.refused += in.stored;
    in.stored = 0;
    in.refusal = Refusal::kTooManyIslands;
  }
  return in;
}

void NaiveStream::Release(uint64_t offset) {
  held_.erase(held_.begin(), held_.lower_bound(offset));
  floor_ = std::max(floor_, offset);
}

uint64_t NaiveStream::SkipHole() {
  const auto next = held_.lower_bound(delivered_);
  if (next == held_.end()) return 0;
  const uint64_t skipped = next->first - delivered_;
  delivered_ = next->first;
  return skipped;
}

NaiveStream::Range NaiveStream::Resize(uint32_t capacity) {
  capacity_ = capacity;
  const auto from = held_.lower_bound(limit());
  if (from == held_.end()) return {limit(), 0};
  const Range lost{from->first,
                   static_cast<uint64_t>(std::distance(from, held_.end()))};
  held_.erase(from, held_.end());
  return lost;
}

std::vector<NaiveStream::Range> NaiveStream::Ranges() const {
  std::vector<Range> ranges;
  for (const auto& [offset, byte] : held_) {
    if (ranges.empty() ||
        ranges.back().offset + ranges.back().length != offset) {
      ranges.push_back({offset, 0});
    }
    ++ranges.back().length;
  }
  return ranges;
}

uint32_t NaiveStream::Islands() const {
  uint32_t islands = 0;
  for (auto it = held_.upper_bound(delivered_); it != held_.end(); ++it) {
    if (!Holds(it->first - 1) || it->first - 1 < delivered_) ++islands;
  }
  return islands;
}

uint64_t NaiveStream::Pending() const {
  return static_cast<uint64_t>(
      std::distance(held_.lower_bound(delivered_), held_.end()));
}

NaiveStream::Piece NaiveStream::PieceOf(uint64_t offset) const {
  const uint64_t arrival = held_.at(offset).arrival;
  const auto same = [&](uint64_t p) {
    return p >= delivered_ && Holds(p) && held_.at(p).arrival == arrival;
  };
  Piece piece{offset, offset + 1};
  while (piece.begin > 0 && same(piece.begin - 1)) --piece.begin;
  while (same(piece.end)) ++piece.end;
  return piece;
}

// The catalogue's table, section 1, read row by row.
bool NaiveStream::NewWins(Piece n, Piece e, OverlapPolicy policy) {
  const bool linux_ = policy == OverlapPolicy::kLinux;
  const bool solaris = policy == OverlapPolicy::kSolaris;
  if (policy == OverlapPolicy::kFirst) return false;
  if (policy == OverlapPolicy::kLast) return true;
  if (n.begin < e.begin) return solaris ? n.end >= e.end : true;
  if (n.begin == e.begin) return n.end > e.end && (linux_ || solaris);
  return n.end > e.end && solaris;
}

void NaiveStream::FindConflicts(uint64_t offset,
                                std::span<const uint8_t> payload,
                                std::vector<Conflict>& conflicts) const {
  std::vector<uint8_t> held;
  std::vector<uint8_t> came;
  uint64_t begin = 0;
  const auto tell = [&] {
    if (held.empty()) return;
    Conflict c;
    c.offset = begin;
    c.length = static_cast<uint32_t>(held.size());
    c.hash_held = XXH3_64bits(held.data(), held.size());
    c.hash_new = XXH3_64bits(came.data(), came.size());
    c.delivered = begin < delivered_;
    conflicts.push_back(c);
    held.clear();
    came.clear();
  };
  for (uint64_t p = offset; p < offset + payload.size(); ++p) {
    const uint8_t value = payload[p - offset];
    const bool differs = Holds(p) && At(p) != value;
    if (!differs || p == delivered_) tell();
    if (!differs) continue;
    if (held.empty()) begin = p;
    held.push_back(At(p));
    came.push_back(value);
  }
  tell();
}

}  // namespace mosaic::testing
