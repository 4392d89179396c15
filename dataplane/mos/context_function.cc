#include "dataplane/mos/context_function.h"

#include "dataplane/mos/callback.h"
#include "dataplane/mos/context.h"

namespace mosaic::mos {

void ContextFunction::Start(const WorkerView& worker) {
  context_.StartOn(worker);
}

void ContextFunction::OnTimer(const TimerEvent& timer, FlowView*) {
  const Timers::Fired fired = context_.timers().Fire(timer);
  if (!context_.alive()) return;
  Callback callback;
  callback.context = &context_;
  const CallbackScope scope(callback);
  fired.callback(context_.handle(), fired.id, 0, 0, nullptr);
}

}  // namespace mosaic::mos
