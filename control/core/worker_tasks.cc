#include "control/core/worker_tasks.h"

#include <algorithm>
#include <utility>

namespace mosaic {
namespace {

// Between two looks at whether a task is done: about a round of a busy worker
// at first, and what nobody notices later.
constexpr absl::Duration kFirstNap = absl::Microseconds(20);
constexpr absl::Duration kLongestNap = absl::Milliseconds(1);

bool IsDone(const std::shared_ptr<WorkerTask>& task) {
  return task == nullptr || task->done();
}

}  // namespace

WorkerTasks::WorkerTasks(Engine& engine, Clock& clock)
    : engine_(engine), clock_(clock), posted_(engine.worker_count()) {}

bool WorkerTasks::Post(size_t worker, std::shared_ptr<WorkerTask> task) {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<WorkerTask>>& posted = posted_[worker];
  std::erase_if(posted, IsDone);
  if (!engine_.worker(worker).link().tasks.TryPush(task.get())) return false;
  posted.push_back(std::move(task));
  return true;
}

std::vector<size_t> WorkerTasks::Wait(
    const std::vector<std::shared_ptr<WorkerTask>>& tasks,
    absl::Duration deadline) {
  absl::Duration nap = kFirstNap;
  while (true) {
    // What is done after the deadline was read counts as done in time.
    const bool is_late = clock_.Monotonic() >= deadline;
    std::vector<size_t> waiting;
    for (size_t i = 0; i < tasks.size(); ++i) {
      if (!IsDone(tasks[i])) waiting.push_back(i);
    }
    if (waiting.empty() || is_late) return waiting;
    clock_.Sleep(nap);
    nap = std::min(2 * nap, kLongestNap);
  }
}

size_t WorkerTasks::Pending(size_t worker) {
  const std::lock_guard lock(mutex_);
  std::erase_if(posted_[worker], IsDone);
  return posted_[worker].size();
}

}  // namespace mosaic
