// NaiveStream is what ReassemblyBuffer has to agree with: a map from offset to
// byte, slow and plain, written from the contract and the catalogue's table.

#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "dataplane/stream/reassembly_buffer.h"

namespace mosaic::testing {

class NaiveStream {
 public:
  using Insertion = ReassemblyBuffer::Insertion;
  using Range = ReassemblyBuffer::Range;

  NaiveStream(uint64_t start, uint32_t capacity)
      : floor_(start), delivered_(start), capacity_(capacity) {}

  // Adds a segment. Conflicts are appended to `conflicts`. `room` is how many
  // new bytes memory has room for; the model knows nothing of chunks.
  Insertion Insert(uint64_t offset, std::span<const uint8_t> payload,
                   OverlapPolicy policy, std::optional<uint32_t> room,
                   std::vector<Conflict>& conflicts);

  void Deliver(uint64_t n) { delivered_ += n; }
  void Release(uint64_t offset);
  uint64_t SkipHole();
  Range Resize(uint32_t capacity);

  bool Holds(uint64_t offset) const { return held_.count(offset) != 0; }
  uint8_t At(uint64_t offset) const { return held_.at(offset).value; }

  // Maximal ranges of held bytes, in order.
  std::vector<Range> Ranges() const;
  uint32_t Islands() const;
  uint64_t Pending() const;
  uint64_t Retained() const { return held_.size() - Pending(); }

  uint64_t floor() const { return floor_; }
  uint64_t delivered() const { return delivered_; }
  uint64_t limit() const { return floor_ + capacity_; }

 private:
  struct Byte {
    uint8_t value;
    uint64_t arrival;  // The number of the segment that it came in.
  };
  // One copy's part of a queue: bytes in a row that came in one segment.
  struct Piece {
    uint64_t begin;
    uint64_t end;
  };

  Piece PieceOf(uint64_t offset) const;
  static bool NewWins(Piece n, Piece e, OverlapPolicy policy);
  void FindConflicts(uint64_t offset, std::span<const uint8_t> payload,
                     std::vector<Conflict>& conflicts) const;

  std::map<uint64_t, Byte> held_;
  uint64_t floor_;
  uint64_t delivered_;
  uint64_t capacity_;
  uint64_t arrivals_ = 0;
};

}  // namespace mosaic::testing
