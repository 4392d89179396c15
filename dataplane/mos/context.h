// Context is one mctx_t: the sockets, flows and timers of one worker.
//
// Ownership   Runtime's, for the process' life: a program may hold the handle
//             of one that has ended.
// Threading   The members that say so belong to the worker, the rest to any
//             thread.

#pragma once

#include <mtcp_api.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "dataplane/api/worker_view.h"
#include "dataplane/mos/active_sockets.h"
#include "dataplane/mos/pipe.h"
#include "dataplane/mos/socket_table.h"
#include "dataplane/mos/timers.h"
#include "dataplane/mos/user_events.h"

namespace mosaic::mos {

class Context {
 public:
  // Of worker `cpu`, which tracks `flows` flows at most.
  Context(int cpu, size_t flows);

  mctx_t handle() { return &handle_; }
  size_t worker() const { return static_cast<size_t>(handle_.cpu); }

  // False once it has ended: every call then fails with EACCES.
  bool alive() const { return alive_.load(std::memory_order_acquire); }
  void End();

  SocketTable& sockets() { return sockets_; }
  Waiters& waiters() { return waiters_; }

  // --- The worker's.

  // The worker begins: carries out what waited for it.
  void StartOn(const WorkerView& worker);
  const WorkerView& worker_view() const { return worker_view_; }
  ActiveSockets& active_sockets() { return active_sockets_; }
  Timers& timers() { return timers_; }
  void RepeatEvents(const WorkerView& worker) {
    UserEvents::Instance().RepeatOn(worker, repeated_);
  }

  // --- Any thread.

  // Keeps `call` until the worker starts; false if it has.
  bool WaitForStart(std::function<void()> call);

 private:
  mtcp_context handle_;
  std::atomic<bool> alive_{true};
  SocketTable sockets_;
  Waiters waiters_;

  WorkerView worker_view_;
  ActiveSockets active_sockets_;
  Timers timers_;
  UserEvents::Repeated repeated_;

  std::mutex start_mutex_;  // Guards what follows.
  bool started_ = false;
  std::vector<std::function<void()>> at_start_;
};

}  // namespace mosaic::mos
