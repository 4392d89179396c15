#include "dataplane/event/function_timers.h"

#include <algorithm>

namespace mosaic {
namespace {

constexpr unsigned kNumberBits = 32;
constexpr Duration kTick = Duration::Millis(1);

TimerHandle HandleOf(uint32_t number, uint32_t generation) {
  return TimerHandle{generation} << kNumberBits | (number + 1);
}

}  // namespace

FunctionTimers::FunctionTimers(size_t timers)
    : timers_(timers), wheel_(timers) {}

TimerHandle FunctionTimers::Arm(const Owner& owner, const TimerSpec& spec,
                                Timestamp now) {
  uint32_t number;
  if (free_ != 0) {
    number = free_ - 1;
    free_ = timers_[number].next;
  } else if (unused_ < timers_.size()) {
    number = unused_++;
  } else {
    return kNoTimer;
  }
  Timer& timer = timers_[number];
  timer.owner = owner;
  timer.spec = spec;
  timer.armed = true;
  timer.previous = 0;
  timer.next = 0;
  if (owner.state != nullptr) {
    timer.next = owner.state->first_timer;
    if (timer.next != 0) timers_[timer.next - 1].previous = number + 1;
    owner.state->first_timer = number + 1;
  }
  ++armed_;
  timer.waits = now == Timestamp();
  if (timer.waits) {
    ++waiting_;
  } else {
    if (!started_) Begin(now);
    Schedule(number, now + std::max(spec.delay, Duration()));
  }
  return HandleOf(number, timer.generation);
}

void FunctionTimers::Schedule(uint32_t number, Timestamp due) {
  timers_[number].due = due;
  wheel_.Arm(number, due);
}

// What was armed before the clock had a value counts from its first one.
void FunctionTimers::Begin(Timestamp now) {
  wheel_.Start(now);
  started_ = true;
  for (uint32_t number = 0; waiting_ > 0; ++number) {
    Timer& timer = timers_[number];
    if (!timer.armed || !timer.waits) continue;
    timer.waits = false;
    --waiting_;
    Schedule(number, now + std::max(timer.spec.delay, Duration()));
  }
}

void FunctionTimers::Free(uint32_t number) {
  Timer& timer = timers_[number];
  LinkState* const state = timer.owner.state;
  if (state != nullptr) {
    (timer.previous != 0 ? timers_[timer.previous - 1].next
                         : state->first_timer) = timer.next;
    if (timer.next != 0) timers_[timer.next - 1].previous = timer.previous;
  }
  if (timer.waits) --waiting_;
  wheel_.Cancel(number);
  timer.armed = false;
  timer.waits = false;
  ++timer.generation;
  timer.next = free_;
  free_ = number + 1;
  --armed_;
}

bool FunctionTimers::Cancel(const NfSlot& slot, TimerHandle handle) {
  const uint64_t number = (handle & 0xffffffff) - 1;
  if (handle == kNoTimer || number >= unused_) return false;
  const Timer& timer = timers_[number];
  if (!timer.armed || timer.owner.slot != &slot ||
      timer.generation != handle >> kNumberBits) {
    return false;
  }
  Free(static_cast<uint32_t>(number));
  return true;
}

void FunctionTimers::CancelAll(LinkState& state) {
  while (state.first_timer != 0) Free(state.first_timer - 1);
}

FunctionTimers::Fired FunctionTimers::Take(uint32_t number, Timestamp tick) {
  Timer& timer = timers_[number];
  Fired fired;
  fired.event = {.timer = kNoTimer,
                 .id = timer.spec.id,
                 .data = timer.spec.data,
                 .due = timer.due,
                 .now = tick};
  fired.slot = timer.owner.slot;
  fired.flow = timer.owner.flow;
  if (timer.owner.state != nullptr) fired.link = timer.owner.state->link;
  if (timer.spec.period > Duration()) {
    fired.event.timer = HandleOf(number, timer.generation);
    // From the time it was armed for, so that it does not drift.
    Schedule(number, timer.due + std::max(timer.spec.period, kTick));
  } else {
    Free(number);
  }
  return fired;
}

}  // namespace mosaic
