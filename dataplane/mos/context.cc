#include "dataplane/mos/context.h"

#include <utility>

#include "dataplane/event/subscription.h"

namespace mosaic::mos {

Context::Context(int cpu, size_t flows)
    : handle_{cpu}, active_sockets_(flows * Subscription::kMaxLinks) {}

void Context::End() {
  alive_.store(false, std::memory_order_release);
  const std::lock_guard lock(waiters_.mutex);
  waiters_.ended = true;
  waiters_.changed.notify_all();
}

void Context::StartOn(const WorkerView& worker) {
  worker_view_ = worker;
  std::vector<std::function<void()>> calls;
  {
    const std::lock_guard lock(start_mutex_);
    started_ = true;
    calls = std::move(at_start_);
  }
  for (const std::function<void()>& call : calls) call();
}

bool Context::WaitForStart(std::function<void()> call) {
  const std::lock_guard lock(start_mutex_);
  if (started_) return false;
  at_start_.push_back(std::move(call));
  return true;
}

}  // namespace mosaic::mos
