// Callback is the callback of a program that runs on this thread now: what the
// calls of the C API refer to when they speak of the current packet, flow and
// event.
//
// Ownership   On the stack of the function that runs it; see CallbackScope.
// Threading   The worker's thread.

#pragma once

#include <mos_api.h>

#include "dataplane/api/event.h"
#include "dataplane/api/flow_view.h"
#include "dataplane/api/user_event.h"
#include "dataplane/api/verdict.h"

namespace mosaic::mos {

struct ActiveSocket;
class Context;

struct Callback {
  Context* context = nullptr;
  int sock = 0;                    // As the callback is given it; 0: a timer's.
  int side = 0;                    // Likewise.
  FlowView* flow = nullptr;        // Null without a flow.
  ActiveSocket* active = nullptr;  // Of the flow.
  const Event* event = nullptr;    // Null for a timer.
  const EventCall* call = nullptr;      // The filter or handler that runs.
  Verdict verdict = Verdict::kForward;  // What mtcp_setlastpkt() asked for.

  // The one of this thread; null outside of callbacks.
  static Callback* Current();
};

// Makes `callback` the current one for its own lifetime.
class CallbackScope {
 public:
  explicit CallbackScope(Callback& callback);
  ~CallbackScope();
  CallbackScope(const CallbackScope&) = delete;
  CallbackScope& operator=(const CallbackScope&) = delete;

 private:
  Callback* const before_;
};

// What stands for a program's functions in the engine. A walk is given the
// Callback as its caller.
UserEventFilter FilterOf(filter_t filter);
EventHandler HandlerOf(callback_t callback);

constexpr int ToSide(Side side) {
  return side == Side::kClient ? MOS_SIDE_CLI : MOS_SIDE_SVR;
}

}  // namespace mosaic::mos
