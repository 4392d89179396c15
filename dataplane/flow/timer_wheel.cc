#include "dataplane/flow/timer_wheel.h"

#include <algorithm>

#include "dataplane/base/check.h"

namespace mosaic {

TimerWheel::TimerWheel(size_t nodes) : nodes_(nodes) {
  MOSAIC_CHECK(nodes < kNoSlot - kLevels * kSlots);
  heads_.fill(kNil);
}

void TimerWheel::Start(Timestamp now) {
  MOSAIC_CHECK(armed_count() == 0);
  tick_ = now.millis();
  next_tick_ = INT64_MAX;
}

// Rounded up: a node never fires before its time.
int64_t TimerWheel::TickOf(Timestamp due) {
  return due.millis() + (due.nanos() % 1'000'000 > 0 ? 1 : 0);
}

void TimerWheel::Arm(uint32_t node, Timestamp due) {
  if (nodes_[node].slot != kNoSlot) Unlink(node);
  // The tick that is being fired takes no more nodes, or one that arms itself
  // for now would never let it end.
  const int64_t first = firing_ ? tick_ + 1 : tick_;
  Link(node, std::clamp(TickOf(due), first, tick_ + kMaxDelayMs));
}

void TimerWheel::ArmBy(uint32_t node, Timestamp due) {
  const Node& entry = nodes_[node];
  if (entry.slot != kNoSlot) {
    // No armed node is due before tick_, so the low bits tell the whole.
    const int64_t armed_for =
        tick_ +
        static_cast<uint32_t>(entry.due_tick - static_cast<uint32_t>(tick_));
    if (armed_for <= TickOf(due)) return;
  }
  Arm(node, due);
}

void TimerWheel::Cancel(uint32_t node) {
  if (nodes_[node].slot != kNoSlot) Unlink(node);
}

void TimerWheel::Link(uint32_t node, int64_t due_tick) {
  // A node goes to the lowest level on which its slot comes up within one lap.
  // Levels are compared by slot numbers, not by distance, so that a slot is
  // never the one that is being emptied for an earlier lap.
  size_t level = 0;
  while (level + 1 < kLevels &&
         (due_tick >> (8 * level)) - (tick_ >> (8 * level)) >=
             static_cast<int64_t>(kSlots)) {
    ++level;
  }
  const int64_t position =
      std::min(due_tick >> (8 * level),
               (tick_ >> (8 * level)) + static_cast<int64_t>(kSlots) - 1);
  const uint32_t index = static_cast<uint32_t>(position & (kSlots - 1));
  const uint32_t slot = static_cast<uint32_t>(level * kSlots + index);

  Node& entry = nodes_[node];
  entry.due_tick = static_cast<uint32_t>(due_tick);
  entry.slot = slot;
  entry.previous = kNil;
  entry.next = heads_[slot];
  if (entry.next != kNil) nodes_[entry.next].previous = node;
  heads_[slot] = node;
  used_[level][index / 64] |= uint64_t{1} << (index % 64);
  armed_count_.Add(1);
  next_tick_ = std::min(next_tick_, std::max(tick_, position << (8 * level)));
}

void TimerWheel::Unlink(uint32_t node) {
  Node& entry = nodes_[node];
  if (entry.next != kNil) nodes_[entry.next].previous = entry.previous;
  if (entry.previous != kNil) {
    nodes_[entry.previous].next = entry.next;
  } else {
    heads_[entry.slot] = entry.next;
    if (entry.next == kNil) {
      const size_t index = entry.slot % kSlots;
      used_[entry.slot / kSlots][index / 64] &= ~(uint64_t{1} << (index % 64));
    }
  }
  entry.slot = kNoSlot;
  armed_count_.Set(armed_count() - 1);
}

size_t TimerWheel::DistanceToUsed(size_t level, size_t from) const {
  for (size_t step = 0; step <= kSlots / 64; ++step) {
    const size_t word = (from / 64 + step) % (kSlots / 64);
    uint64_t bits = used_[level][word];
    if (step == 0) bits &= ~uint64_t{0} << (from % 64);
    if (step == kSlots / 64) bits &= (uint64_t{1} << (from % 64)) - 1;
    if (bits != 0) {
      const size_t slot =
          word * 64 + static_cast<size_t>(__builtin_ctzll(bits));
      return (slot + kSlots - from) % kSlots;
    }
  }
  return kSlots;
}

int64_t TimerWheel::FindNextTick(int64_t from) const {
  int64_t next = INT64_MAX;
  for (size_t level = 0; level < kLevels; ++level) {
    const size_t shift = 8 * level;
    // The slot of an upper level is looked at when its first tick comes; one
    // whose first tick has passed was emptied then.
    const int64_t unit = int64_t{1} << shift;
    const int64_t first = (from + unit - 1) >> shift;
    const size_t distance =
        DistanceToUsed(level, static_cast<size_t>(first & (kSlots - 1)));
    if (distance == kSlots) continue;
    next = std::min(next, (first + static_cast<int64_t>(distance)) << shift);
  }
  return next;
}

}  // namespace mosaic
