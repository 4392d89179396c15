#include "tests/support/timer_script.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>

#include "dataplane/flow/timer_wheel.h"

namespace mosaic::testing {
namespace {

constexpr uint32_t kNodes = 32;
constexpr int64_t kNanosPerMs = 1'000'000;

Timestamp AtMs(int64_t ms) { return Timestamp::FromNanos(ms * kNanosPerMs); }

class Play {
 public:
  explicit Play(int64_t start_ms)
      : wheel_(kNodes), next_(start_ms), swept_(start_ms) {
    wheel_.Start(AtMs(start_ms));
  }

  // Four bytes of a script.
  std::string Step(uint8_t operation, uint8_t what, uint8_t a, uint8_t b) {
    const uint32_t node = what % kNodes;
    const int64_t range = int64_t{a} << (b % 25);
    switch (operation % 8) {
      case 0:
      case 1:
      case 2:
        // A wheel that is behind cuts what is too far from where it stands.
        if (next_ + range >= swept_ + TimerWheel::kMaxDelayMs) break;
        // Not on a tick: the wheel must round up.
        Arm(node, next_ * kNanosPerMs + range * kNanosPerMs + 3907 * what);
        break;
      case 3:
        // While work is left over, the tick of what is overdue is open.
        if (!left_over_) Arm(node, (next_ - 1 - a) * kNanosPerMs);
        break;
      case 4:
        wheel_.Cancel(node);
        due_.erase(node);
        break;
      case 5:
      case 6:
        Advance(range, SIZE_MAX);
        break;
      case 7:
        Advance(range, b % 4);
        break;
    }
    if (wrong_.empty() && wheel_.armed_count() != due_.size()) {
      wrong_ = "another number of nodes is armed";
    }
    for (uint32_t i = 0; i < kNodes && wrong_.empty(); ++i) {
      if (wheel_.armed(i) != (due_.count(i) > 0)) wrong_ = "wrong armed()";
    }
    return wrong_;
  }

  // Everything armed fires in the end.
  std::string Drain() {
    for (int i = 0; i < 8 && wrong_.empty(); ++i) {
      Advance(TimerWheel::kMaxDelayMs, SIZE_MAX);
    }
    if (wrong_.empty() && !due_.empty()) wrong_ = "a node never fires";
    return wrong_;
  }

 private:
  void Arm(uint32_t node, int64_t due_nanos) {
    ArmFrom(next_, node, due_nanos);
  }

  // `earliest` is the first tick that can still fire.
  void ArmFrom(int64_t earliest, uint32_t node, int64_t due_nanos) {
    const int64_t rounded_up = (due_nanos + kNanosPerMs - 1) / kNanosPerMs;
    due_[node] = std::max(rounded_up, earliest);
    wheel_.Arm(node, Timestamp::FromNanos(due_nanos));
  }

  void Advance(int64_t range, size_t budget) {
    const int64_t target = next_ - 1 + range;
    const bool something_due = std::ranges::any_of(
        due_, [&](const auto& d) { return d.second <= target; });
    if (something_due && !wheel_.Due(AtMs(target))) {
      wrong_ = "Due() is silent about a node that is due";
      return;
    }
    int64_t last_tick = 0;
    rearms_.fill(0);
    const size_t work = wheel_.AdvanceTo(AtMs(target), budget,
                                         [&](uint32_t node, Timestamp now) {
                                           OnFire(node, now, target, last_tick);
                                         });
    if (work > budget) wrong_ = "more work than the budget";
    left_over_ = work == budget;
    next_ = target + 1;
    if (!left_over_) swept_ = next_;
    if (!wrong_.empty()) return;
    for (const auto& [node, due] : due_) {
      if (due <= target && !left_over_) wrong_ = "a node was not fired";
    }
  }

  void OnFire(uint32_t node, Timestamp now, int64_t target,
              int64_t& last_tick) {
    if (!wrong_.empty()) return;
    const int64_t tick = now.nanos() / kNanosPerMs;
    const auto found = due_.find(node);
    if (now.nanos() % kNanosPerMs != 0) wrong_ = "fired between ticks";
    if (found == due_.end()) {
      wrong_ = "fired, but was not armed";
    } else if (found->second != tick) {
      wrong_ = "fired at " + std::to_string(tick) + " instead of " +
               std::to_string(found->second);
    } else if (tick > target || tick < last_tick) {
      wrong_ = "fired out of turn";
    }
    if (!wrong_.empty()) return;
    last_tick = tick;
    due_.erase(found);
    RearmFromInside(node, tick);
  }

  // Some nodes arm themselves or others when they fire, a few times over.
  void RearmFromInside(uint32_t node, int64_t tick) {
    if (++rearms_[node] > 3) return;
    switch (node % 8) {
      case 1:  // For now: the next tick.
        ArmFrom(tick + 1, node, tick * kNanosPerMs);
        break;
      case 2:
        ArmFrom(tick + 1, node, (tick + 300) * kNanosPerMs);
        break;
      case 3:
        wheel_.Cancel(node + 1);
        due_.erase(node + 1);
        ArmFrom(tick + 1, node + 2, (tick + 70'000) * kNanosPerMs);
        break;
      default:
        break;
    }
  }

  TimerWheel wheel_;
  int64_t next_;            // The first tick that AdvanceTo() did not reach.
  int64_t swept_;           // The same, of the last one that had budget enough.
  bool left_over_ = false;  // The last budget may have been too small.
  std::map<uint32_t, int64_t> due_;  // The model: tick by node.
  std::array<int, kNodes> rearms_ = {};
  std::string wrong_;
};

}  // namespace

std::string PlayTimerScript(std::span<const uint8_t> script) {
  if (script.empty()) return "";
  // Clocks of today, near a wrap of 32 bits of milliseconds, and near zero.
  Play play(int64_t{script[0]} * 0x10000001);
  for (size_t i = 1; i + 3 < script.size(); i += 4) {
    const std::string wrong =
        play.Step(script[i], script[i + 1], script[i + 2], script[i + 3]);
    if (!wrong.empty()) {
      return "operation " + std::to_string(i / 4) + ": " + wrong;
    }
  }
  return play.Drain();
}

}  // namespace mosaic::testing
