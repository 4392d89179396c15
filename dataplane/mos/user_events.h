// UserEvents is what a program has defined with mtcp_define_event() and
// mtcp_alloc_event(). These calls name no context, so the process keeps the
// definitions, and each worker repeats them in their order when it needs them:
// an event has one number everywhere.
//
// Memory      As EventForest. Definitions are never taken back.
// Threading   Any thread. A worker that has repeated all takes no lock.

#pragma once

#include <mos_api.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "dataplane/api/worker_view.h"
#include "dataplane/event/event_forest.h"

namespace mosaic::mos {

class UserEvents {
 public:
  static UserEvents& Instance();

  // MOS_NULL_EVENT with errno EINVAL or ENOSPC.
  event_t Define(event_t base, filter_t filter, const filter_arg_t* arg);
  event_t Alloc(event_t parent);

  // The built-in event that `event` goes back to; none for no event.
  std::optional<EventKind> RootOf(event_t event);

  // How many of the definitions a worker has.
  struct Repeated {
    size_t count = 0;
  };
  // Defines on `worker` what it has not yet. REQUIRES: its thread.
  void RepeatOn(const WorkerView& worker, Repeated& repeated);

 private:
  struct Entry {
    EventId base;
    UserEventFilter filter;  // Without one: allocated, not defined.
    std::vector<uint8_t> arg;
  };

  event_t Add(const Entry& entry);

  std::mutex mutex_;
  EventForest forest_;
  std::deque<Entry> entries_;
  std::atomic<size_t> count_{0};  // Of entries_; written under the mutex.
};

}  // namespace mosaic::mos
