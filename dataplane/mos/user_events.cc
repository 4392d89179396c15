#include "dataplane/mos/user_events.h"

#include <cerrno>
#include <span>

#include "dataplane/mos/callback.h"

namespace mosaic::mos {

UserEvents& UserEvents::Instance() {
  // Lives as long as the process: workers may run until its very end.
  static UserEvents* const events = new UserEvents();
  return *events;
}

event_t UserEvents::Add(const Entry& entry) {
  const std::lock_guard lock(mutex_);
  const size_t before = forest_.size();
  const Definition made =
      entry.filter.run == nullptr
          ? forest_.Alloc(entry.base)
          : forest_.Define(entry.base, entry.filter, entry.arg);
  if (made.error != DefineError::kNone) {
    errno = made.error == DefineError::kBadBase ||
                    made.error == DefineError::kNoFilter
                ? EINVAL
                : ENOSPC;
    return MOS_NULL_EVENT;
  }
  // One that is there already is found again.
  if (forest_.size() > before) {
    entries_.push_back(entry);
    count_.store(entries_.size(), std::memory_order_release);
  }
  return made.id;
}

event_t UserEvents::Define(event_t base, filter_t filter,
                           const filter_arg_t* arg) {
  if (filter == nullptr ||
      (arg != nullptr && arg->arg == nullptr && arg->len > 0)) {
    errno = EINVAL;
    return MOS_NULL_EVENT;
  }
  Entry entry;
  entry.base = base;
  entry.filter = FilterOf(filter);
  if (arg != nullptr && arg->arg != nullptr) {
    if (arg->len > EventForest::kMaxArgBytes) {
      errno = ENOSPC;
      return MOS_NULL_EVENT;
    }
    const auto* const bytes = static_cast<const uint8_t*>(arg->arg);
    entry.arg.assign(bytes, bytes + arg->len);
  }
  return Add(entry);
}

event_t UserEvents::Alloc(event_t parent) {
  Entry entry;
  entry.base = parent;
  return Add(entry);
}

std::optional<EventKind> UserEvents::RootOf(event_t event) {
  const std::lock_guard lock(mutex_);
  if (!forest_.Has(event)) return std::nullopt;
  return forest_.RootOf(event);
}

void UserEvents::RepeatOn(const WorkerView& worker, Repeated& repeated) {
  if (repeated.count == count_.load(std::memory_order_acquire)) return;
  const std::lock_guard lock(mutex_);
  for (; repeated.count < entries_.size(); ++repeated.count) {
    const Entry& entry = entries_[repeated.count];
    // The process' forest took it, and the worker's has the same bounds.
    static_cast<void>(
        entry.filter.run == nullptr
            ? worker.AllocEvent(entry.base)
            : worker.DefineEvent(entry.base, entry.filter, entry.arg));
  }
}

}  // namespace mosaic::mos
