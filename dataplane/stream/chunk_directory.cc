#include "dataplane/stream/chunk_directory.h"

#include <algorithm>
#include <cstring>

#include "dataplane/base/check.h"
#include "dataplane/stream/chunk_map.h"

namespace mosaic {

namespace {

// A directory is a chunk whose bytes are an array of pool indexes and whose
// first `present` bits tell which of them are in use.

uint32_t Load(const Chunk& directory, uint32_t slot) {
  uint32_t node;
  std::memcpy(&node, directory.bytes + slot * sizeof node, sizeof node);
  return node;
}

void Store(Chunk& directory, uint32_t slot, uint32_t node) {
  std::memcpy(directory.bytes + slot * sizeof node, &node, sizeof node);
  SetBit(directory.present, slot);
}

}  // namespace

ChunkDirectory::ChunkDirectory(ChunkPool& pool, uint64_t first)
    : pool_(pool), first_(first) {
  static_assert(kDigits * sizeof(uint32_t) <= Chunk::kBytes);
  root_.fill(kEmpty);
}

ChunkDirectory::~ChunkDirectory() {
  while (held_ > 0) Drop(Next(first_).number);
}

Chunk* ChunkDirectory::Find(uint64_t number) const {
  if (!InReach(number)) return nullptr;
  uint32_t node = root_[RootDigit(number) % kRootSlots];
  if (node == kEmpty) return nullptr;
  for (uint32_t level = height_; level > 0; --level) {
    const Chunk& directory = *pool_.At(node);
    const uint32_t slot = (number >> (kDigitBits * (level - 1))) % kDigits;
    if (!TestBit(directory.present, slot)) return nullptr;
    node = Load(directory, slot);
  }
  return pool_.At(node);
}

Chunk* ChunkDirectory::FindOrTake(uint64_t number) {
  if (Chunk* const held = Find(number)) return held;
  const uint32_t height = height_;
  while (!InReach(number)) {
    if (!Grow()) return ShrinkTo(height);
  }

  uint32_t* const top = &root_[RootDigit(number) % kRootSlots];
  uint32_t level = height_;
  Chunk* directory = nullptr;
  uint32_t node = *top;
  while (level > 0 && node != kEmpty) {
    --level;
    directory = pool_.At(node);
    const uint32_t slot = (number >> (kDigitBits * level)) % kDigits;
    node = TestBit(directory->present, slot) ? Load(*directory, slot) : kEmpty;
  }
  // The pool is asked only when it can give the rest of the path, so that no
  // directory is left without an entry.
  if (pool_.free_chunks() < level + 1) return ShrinkTo(height);

  for (;;) {
    Chunk* const taken = pool_.Take();
    if (directory == nullptr) {
      *top = pool_.IndexOf(taken);
    } else {
      Store(*directory, (number >> (kDigitBits * level)) % kDigits,
            pool_.IndexOf(taken));
    }
    if (level == 0) {
      ++held_;
      return taken;
    }
    directory = taken;
    --level;
  }
}

// Puts a level between the root and what hangs there. The eight neighbours of
// the root come under at most two directories. False if the pool has not got
// them; nothing is changed then.
bool ChunkDirectory::Grow() {
  MOSAIC_CHECK(height_ < kMaxHeight);
  const uint64_t begin = RootDigit(first_);
  std::array<uint32_t, kRootSlots> root;
  root.fill(kEmpty);
  for (uint64_t digit = begin; digit < begin + kRootSlots; ++digit) {
    const uint32_t node = root_[digit % kRootSlots];
    if (node == kEmpty) continue;
    uint32_t& parent = root[(digit / kDigits) % kRootSlots];
    if (parent == kEmpty) {
      Chunk* const taken = pool_.Take();
      if (taken == nullptr) {
        for (const uint32_t made : root) {
          if (made != kEmpty) pool_.Give(pool_.At(made));
        }
        return false;
      }
      parent = pool_.IndexOf(taken);
    }
    Store(*pool_.At(parent), digit % kDigits, node);
  }
  root_ = root;
  ++height_;
  return true;
}

// Takes back what Grow() did. Returns null, the answer of the caller whom it
// did not help.
Chunk* ChunkDirectory::ShrinkTo(uint32_t height) {
  while (height_ > height) {
    const std::array<uint32_t, kRootSlots> parents = root_;
    root_.fill(kEmpty);
    for (const uint32_t parent : parents) {
      if (parent == kEmpty) continue;
      Chunk* const directory = pool_.At(parent);
      uint32_t slot = 0;
      while ((slot = NextSet(directory->present, slot, kDigits)) < kDigits) {
        // A digit's root slot is that of its low bits.
        root_[slot % kRootSlots] = Load(*directory, slot);
        ++slot;
      }
      pool_.Give(directory);
    }
    --height_;
  }
  return nullptr;
}

ChunkDirectory::Entry ChunkDirectory::Next(uint64_t number) const {
  if (held_ == 0) return {};
  number = std::max(number, first_);
  const uint32_t shift = kDigitBits * height_;
  const uint64_t end = RootDigit(first_) + kRootSlots;
  for (uint64_t digit = RootDigit(number); digit < end; ++digit) {
    const uint32_t node = root_[digit % kRootSlots];
    if (node == kEmpty) continue;
    const Entry found =
        NextUnder(node, height_, std::max(number, digit << shift));
    if (found.chunk != nullptr) return found;
  }
  return {};
}

// The first chunk at or after `number` among those below `node`, which is the
// node of that level on the path to `number`.
ChunkDirectory::Entry ChunkDirectory::NextUnder(uint32_t node, uint32_t level,
                                                uint64_t number) const {
  if (level == 0) return {number, pool_.At(node)};
  const Chunk& directory = *pool_.At(node);
  const uint32_t shift = kDigitBits * (level - 1);
  const uint64_t base = number >> (kDigitBits * level) << kDigitBits;
  uint32_t slot = (number >> shift) % kDigits;
  while ((slot = NextSet(directory.present, slot, kDigits)) < kDigits) {
    const Entry found = NextUnder(Load(directory, slot), level - 1,
                                  std::max(number, (base + slot) << shift));
    if (found.chunk != nullptr) return found;
    ++slot;
  }
  return {};
}

void ChunkDirectory::Drop(uint64_t number) {
  MOSAIC_CHECK(Find(number) != nullptr);
  std::array<Chunk*, kMaxHeight + 1> path;  // By level.
  uint32_t& top = root_[RootDigit(number) % kRootSlots];
  path[height_] = pool_.At(top);
  for (uint32_t level = height_; level > 0; --level) {
    const uint32_t slot = (number >> (kDigitBits * (level - 1))) % kDigits;
    path[level - 1] = pool_.At(Load(*path[level], slot));
  }

  pool_.Give(path[0]);
  uint32_t level = 1;
  for (; level <= height_; ++level) {
    Chunk& directory = *path[level];
    ClearBit(directory.present,
             (number >> (kDigitBits * (level - 1))) % kDigits);
    if (NextSet(directory.present, 0, kDigits) < kDigits) break;
    pool_.Give(&directory);
  }
  if (level > height_) top = kEmpty;
  if (--held_ == 0) height_ = 0;
}

}  // namespace mosaic
