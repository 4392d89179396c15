#include "dataplane/mos/timers.h"

namespace mosaic::mos {

bool Timers::Arm(const WorkerView& worker, int id, Duration delay,
                 Duration period, callback_t callback) {
  if (free_ == 0 && unused_ == kMaxTimers) return false;
  const uint32_t index = free_ != 0 ? free_ - 1 : unused_;
  Entry& entry = entries_[index];
  TimerSpec spec;
  spec.delay = delay;
  spec.period = period;
  spec.id = index;
  const TimerHandle handle = worker.ArmTimer(spec);
  if (handle == kNoTimer) return false;
  if (free_ != 0) {
    free_ = entry.next;
  } else {
    ++unused_;
  }
  uint32_t& head = HeadOf(id);
  entry = {handle, callback, id, period > Duration(), head, 0};
  if (head != 0) entries_[head - 1].previous = index + 1;
  head = index + 1;
  ++armed_;
  return true;
}

bool Timers::Cancel(const WorkerView& worker, int id) {
  bool found = false;
  uint32_t at = HeadOf(id);
  while (at != 0) {
    const uint32_t index = at - 1;
    at = entries_[index].next;
    if (entries_[index].id != id) continue;
    found = true;
    static_cast<void>(worker.CancelTimer(entries_[index].handle));
    Release(index);
  }
  return found;
}

Timers::Fired Timers::Fire(const TimerEvent& event) {
  const auto index = static_cast<uint32_t>(event.id);
  const Entry& entry = entries_[index];
  const Fired fired = {entry.id, entry.callback};
  if (!entry.periodic) Release(index);
  return fired;
}

void Timers::Release(uint32_t index) {
  Entry& entry = entries_[index];
  (entry.previous != 0 ? entries_[entry.previous - 1].next : HeadOf(entry.id)) =
      entry.next;
  if (entry.next != 0) entries_[entry.next - 1].previous = entry.previous;
  entry = {};
  entry.next = free_;
  free_ = index + 1;
  --armed_;
}

}  // namespace mosaic::mos
