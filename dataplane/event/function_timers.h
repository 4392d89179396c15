// FunctionTimers are the timers that network functions arm on one worker.
//
// Clock       Timers armed before the worker's first packet or round count from
//             that one.
// Memory      Reserved by the constructor, resident as it is used.
// Bounds      `timers` armed at once; beyond them Arm() answers kNoTimer and
//             `refused` moves.
// Threading   Owner worker only.
// Cost        Arm(), Cancel() and firing are O(1).

#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/api/timer.h"
#include "dataplane/base/lazy_array.h"
#include "dataplane/event/link_state.h"
#include "dataplane/event/nf_slot.h"
#include "dataplane/flow/flow.h"
#include "dataplane/flow/timer_wheel.h"

namespace mosaic {

class FunctionTimers {
 public:
  // Whose a timer is.
  struct Owner {
    NfSlot* slot = nullptr;
    Flow* flow = nullptr;        // Null: the worker's.
    LinkState* state = nullptr;  // Of slot and flow; null without a flow.
  };
  // One that fires.
  struct Fired {
    TimerEvent event;
    NfSlot* slot = nullptr;
    Flow* flow = nullptr;
    uint8_t link = 0;
  };

  explicit FunctionTimers(size_t timers);

  // Memory of one for so many, that of its wheel included.
  static constexpr size_t BytesFor(size_t timers) {
    return timers * sizeof(Timer) + TimerWheel::BytesFor(timers);
  }

  // Counts from `now`; from the clock's first value if that is 0. kNoTimer if
  // all are armed.
  TimerHandle Arm(const Owner& owner, const TimerSpec& spec, Timestamp now);

  // False if it is not armed, or is another function's.
  bool Cancel(const NfSlot& slot, TimerHandle timer);

  // Cancels all of `state`, as its flow or its part in it ends.
  void CancelAll(LinkState& state);

  // True if AdvanceTo(now) has something to do: a cheap test for each packet.
  bool Due(Timestamp now) const { return waiting_ != 0 || wheel_.Due(now); }

  // Fires what is due at or before `now`, tick by tick, at most `budget`, by
  // fire(const Fired&); it may arm and cancel any timer.
  template <typename Fire>
  void AdvanceTo(Timestamp now, size_t budget, Fire&& fire);

  size_t armed() const { return armed_; }

 private:
  struct Timer {
    Owner owner;
    TimerSpec spec;
    Timestamp due;
    uint32_t generation;
    uint32_t next;  // Of the state's timers, or of free ones: number + 1; 0:
                    // none.
    uint32_t previous;
    bool armed;
    bool waits;  // For the clock's first value.
  };

  void Begin(Timestamp now);
  void Schedule(uint32_t number, Timestamp due);
  void Free(uint32_t number);
  // Takes timer `number` out, or arms it for its next time, and says what
  // fires.
  Fired Take(uint32_t number, Timestamp tick);

  LazyArray<Timer> timers_;
  TimerWheel wheel_;
  uint32_t free_ = 0;     // Number + 1; 0: none.
  uint32_t unused_ = 0;   // Numbers from here on were never armed.
  uint32_t waiting_ = 0;  // How many wait for the clock's first value.
  size_t armed_ = 0;
  bool started_ = false;
};

template <typename Fire>
void FunctionTimers::AdvanceTo(Timestamp now, size_t budget, Fire&& fire) {
  if (!started_) Begin(now);
  wheel_.AdvanceTo(now, budget, [&](uint32_t number, Timestamp tick) {
    fire(Take(number, tick));
  });
}

}  // namespace mosaic
