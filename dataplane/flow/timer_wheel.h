// TimerWheel fires nodes when their time has come: a hierarchical wheel with a
// resolution of one millisecond.
//
//   level 0: 256 slots of 1 ms | 1: of 256 ms | 2: of 65.5 s | 3: of 4.7 h
//
// A node is a number below `nodes`; what it stands for is the caller's. A node
// fires in the first tick at or after its due time, never before. Ticks are
// multiples of one millisecond of the clock, so that when a node fires does not
// depend on how often AdvanceTo() is called.
//
// Memory      16 bytes for each node, allocated by the constructor.
// Threading   Owner worker only; armed_count() from anywhere.
// Cost        Arm(), Cancel() and firing are O(1). Empty time is skipped by
//             bitmaps, so that a step of days costs no more than one of a tick.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataplane/base/counter.h"
#include "dataplane/base/timestamp.h"

namespace mosaic {

class TimerWheel {
 public:
  // A range longer than this is cut to it: about 49 days.
  static constexpr int64_t kMaxDelayMs = (int64_t{1} << 32) - 1;

  // REQUIRES: nodes < 2^32 - 1 - 1024.
  explicit TimerWheel(size_t nodes);

  // Sets the clock without firing anything. REQUIRES: no node is armed.
  void Start(Timestamp now);

  void Prefetch(uint32_t node) const { __builtin_prefetch(&nodes_[node]); }

  // Makes `node` fire at `due`, at the next tick if that has passed: never in
  // the tick that is being fired. A node that is armed already is moved.
  void Arm(uint32_t node, Timestamp due);

  // Makes `node` fire at `due` at the latest: does nothing if it is armed for
  // an earlier tick.
  void ArmBy(uint32_t node, Timestamp due);

  // Does nothing if `node` is not armed.
  void Cancel(uint32_t node);

  bool armed(uint32_t node) const { return nodes_[node].slot != kNoSlot; }

  // True if AdvanceTo(now) would look at a slot: a cheap test for each packet.
  bool Due(Timestamp now) const { return now.millis() >= next_tick_; }

  // Fires all nodes due at or before `now`, tick by tick, by fire(node, tick
  // time); fire may arm and cancel any node. Stops early after `budget` nodes
  // fired or moved between levels; the rest stays due. Returns how many that
  // were. A `now` before the last one fires nothing.
  template <typename Fire>
  size_t AdvanceTo(Timestamp now, size_t budget, Fire&& fire);

  size_t bytes() const { return BytesFor(nodes_.size()); }
  // Of one for so many; resident from the start.
  static constexpr size_t BytesFor(size_t nodes) {
    return nodes * sizeof(Node);
  }
  size_t armed_count() const { return armed_count_.Read(); }

 private:
  static constexpr size_t kLevels = 4;
  static constexpr size_t kSlots = 256;
  static constexpr uint32_t kNil = 0xffffffff;
  static constexpr uint32_t kNoSlot = 0xffffffff;

  struct Node {
    uint32_t next = kNil;
    uint32_t previous = kNil;
    uint32_t slot = kNoSlot;  // level * kSlots + slot, or kNoSlot.
    uint32_t due_tick = 0;    // Milliseconds, modulo 2^32.
  };

  static int64_t TickOf(Timestamp due);
  void Link(uint32_t node, int64_t due_tick);
  void Unlink(uint32_t node);
  // The first tick at or after `from` at which a slot of any level must be
  // looked at; INT64_MAX if nothing is armed.
  int64_t FindNextTick(int64_t from) const;
  // The distance from slot `from` to the first used slot of `level`, itself
  // included, going round; kSlots if none is used.
  size_t DistanceToUsed(size_t level, size_t from) const;

  std::vector<Node> nodes_;
  std::array<uint32_t, kLevels * kSlots> heads_;
  std::array<std::array<uint64_t, kSlots / 64>, kLevels> used_ = {};
  Counter armed_count_;  // A gauge.
  int64_t tick_ = 0;     // Every slot of earlier ticks has been fired.
  int64_t next_tick_ = INT64_MAX;  // Lower bound of the next tick with work.
  bool firing_ = false;            // Inside a call of fire().
};

template <typename Fire>
size_t TimerWheel::AdvanceTo(Timestamp now, size_t budget, Fire&& fire) {
  const int64_t target = now.millis();
  size_t work = 0;
  while (true) {
    const int64_t tick = FindNextTick(tick_);
    if (tick > target) {
      if (target >= tick_) tick_ = target + 1;
      next_tick_ = tick;
      return work;
    }
    tick_ = tick;
    // Upper levels first: what they hold for this tick moves down.
    for (size_t level = kLevels; level-- > 0;) {
      const size_t shift = 8 * level;
      if ((tick & ((int64_t{1} << shift) - 1)) != 0) continue;
      const uint32_t slot = static_cast<uint32_t>(
          level * kSlots + ((tick >> shift) & (kSlots - 1)));
      while (heads_[slot] != kNil) {
        if (work == budget) {
          next_tick_ = tick;
          return work;
        }
        ++work;
        const uint32_t node = heads_[slot];
        const uint32_t due_low = nodes_[node].due_tick;
        Unlink(node);
        const int64_t due =
            tick + static_cast<uint32_t>(due_low - static_cast<uint32_t>(tick));
        if (due == tick) {
          firing_ = true;
          fire(node, Timestamp::FromNanos(tick * 1'000'000));
          firing_ = false;
        } else {
          Link(node, due);
        }
      }
    }
    ++tick_;
  }
}

}  // namespace mosaic
