// Timers are those that a program has armed with mtcp_settimer() in one
// context, by its own numbers, of which several may be the same.
//
// Memory      Reserved by the constructor, resident as it is used.
// Bounds      kMaxTimers armed at once.
// Threading   The context's worker.
// Cost        Arm() and firing are O(1), Cancel() in the timers with the same
//             number.

#pragma once

#include <mos_api.h>

#include <cstddef>
#include <cstdint>

#include "dataplane/api/network_function.h"
#include "dataplane/base/lazy_array.h"

namespace mosaic::mos {

class Timers {
 public:
  static constexpr size_t kMaxTimers = 65'536;

  Timers() : entries_(kMaxTimers), heads_(kBuckets) {}

  // False if all are armed. A `period` above 0 makes it fire again and again.
  bool Arm(const WorkerView& worker, int id, Duration delay, Duration period,
           callback_t callback);

  // Cancels all that have this number. False if none was armed.
  bool Cancel(const WorkerView& worker, int id);

  // What fires for `event`, which is a timer of Arm(): its number and callback.
  // A one-shot one is armed no more.
  struct Fired {
    int id = 0;
    callback_t callback = nullptr;
  };
  Fired Fire(const TimerEvent& event);

  size_t armed() const { return armed_; }

 private:
  static constexpr size_t kBuckets = 4096;
  struct Entry {
    TimerHandle handle;
    callback_t callback;
    int id;
    bool periodic;
    // Of the bucket, or of free ones: index + 1; 0: none.
    uint32_t next;
    uint32_t previous;
  };

  uint32_t& HeadOf(int id) const {
    return heads_[static_cast<unsigned>(id) % kBuckets];
  }
  void Release(uint32_t index);

  const LazyArray<Entry> entries_;
  const LazyArray<uint32_t> heads_;
  uint32_t free_ = 0;
  uint32_t unused_ = 0;
  size_t armed_ = 0;
};

}  // namespace mosaic::mos
