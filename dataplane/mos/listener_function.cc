#include "dataplane/mos/listener_function.h"

#include <algorithm>
#include <utility>

#include "dataplane/mos/callback.h"
#include "dataplane/mos/context.h"

namespace mosaic::mos {

ListenerFunction::ListenerFunction(Context& context,
                                   std::shared_ptr<Listener> listener)
    : context_(context), listener_(std::move(listener)) {}

ContextLayout ListenerFunction::context_layout() const {
  ContextLayout layout;
  layout.bytes = sizeof(ActiveSocket);
  layout.construct = [](void* at) { new (at) ActiveSocket(); };
  layout.destroy = [](void* at) {
    auto& active = *static_cast<ActiveSocket*>(at);
    if (active.table != nullptr) active.table->Close(active.sock);
  };
  return layout;
}

void ListenerFunction::Start(const WorkerView& worker) {
  worker_ = worker;
  listener_->function.store(this, std::memory_order_relaxed);
  std::map<Listener::Place, callback_t> callbacks;
  {
    const std::lock_guard lock(listener_->mutex);
    callbacks = listener_->callbacks;
  }
  for (const auto& [place, callback] : callbacks) {
    static_cast<void>(Register(place.first, place.second, callback));
  }
}

RegisterError ListenerFunction::Register(event_t event, Hook hook,
                                         callback_t callback) {
  context_.RepeatEvents(worker_);
  return worker_.Register(event, hook, HandlerOf(callback));
}

ActiveSocket& ListenerFunction::ActiveOf(FlowView& flow) {
  auto& active = flow.Context<ActiveSocket>();
  if (active.table == nullptr) {
    active.table = &context_.active_sockets();
    active.sock = active.table->Open(*this, flow.handle());
  }
  return active;
}

Verdict ListenerFunction::OnEvent(const Event& event, FlowView& flow) {
  if (listener_->closed.load(std::memory_order_relaxed)) {
    flow.StopMonitoring(Side::kClient);
    flow.StopMonitoring(Side::kServer);
    return Verdict::kForward;
  }
  ActiveSocket& active = ActiveOf(flow);
  if (event.kind == EventKind::kError) {
    active.has_error = true;
    active.error_side = event.side;
    active.error = event.error;
  } else if (event.kind == EventKind::kConnectionEnd) {
    active.has_ended = true;
    active.end_reason = event.end_reason;
  }
  Callback callback;
  callback.context = &context_;
  callback.sock = active.sock;
  callback.side = ToSide(event.side);
  callback.flow = &flow;
  callback.active = &active;
  callback.event = &event;
  const CallbackScope scope(callback);
  const Verdict verdict = flow.RunHandlers(event, &callback);
  return std::max(verdict, callback.verdict);
}

Verdict ListenerFunction::OnPacket(const Event& event) {
  if (listener_->closed.load(std::memory_order_relaxed) ||
      !listener_->Sees(event.packet->source().ip_version)) {
    return Verdict::kForward;
  }
  Callback callback;
  callback.context = &context_;
  callback.sock = listener_->sock;
  callback.side = MOS_SIDE_BOTH;
  callback.event = &event;
  const CallbackScope scope(callback);
  const Verdict verdict = worker_.RunHandlers(event, &callback);
  return std::max(verdict, callback.verdict);
}

}  // namespace mosaic::mos
