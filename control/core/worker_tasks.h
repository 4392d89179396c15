// WorkerTasks is the one way in which the control side gives tasks to workers.
//
// Ownership   Shares each task until its worker is done with it, also when
//             nobody waits for it any more: a worker that never answers keeps
//             its task's memory.
// Bounds      WorkerLink::kTasks wait for each worker; then Post() refuses.
// Threading   Any thread.

#pragma once

#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/time/time.h"
#include "control/core/clock.h"
#include "dataplane/command/worker_link.h"
#include "dataplane/engine/engine.h"

namespace mosaic {

class WorkerTasks {
 public:
  // All that is borrowed outlives this; the workers have ended before it goes.
  WorkerTasks(Engine& engine, Clock& clock);

  WorkerTasks(const WorkerTasks&) = delete;
  WorkerTasks& operator=(const WorkerTasks&) = delete;

  size_t workers() const { return posted_.size(); }

  // Gives `task` to worker `worker`. False if as many wait for it as can.
  [[nodiscard]] bool Post(size_t worker, std::shared_ptr<WorkerTask> task);

  // Waits until each of tasks[i] is done, null ones being so, or until
  // `deadline` of Clock::Monotonic(). Returns the places of those that are not
  // done. What a task of those writes may not be read.
  std::vector<size_t> Wait(
      const std::vector<std::shared_ptr<WorkerTask>>& tasks,
      absl::Duration deadline);

  // Tasks that worker `worker` was given and is not done with.
  size_t Pending(size_t worker);

 private:
  Engine& engine_;
  Clock& clock_;
  std::mutex mutex_;
  // By worker, guarded by mutex_: given and perhaps not done.
  std::vector<std::vector<std::shared_ptr<WorkerTask>>> posted_;
};

}  // namespace mosaic
