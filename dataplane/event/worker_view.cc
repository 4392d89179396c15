#include "dataplane/api/worker_view.h"

#include "dataplane/event/flow_services.h"

namespace mosaic {

Timestamp WorkerView::now() const { return services_->clock(); }

Definition WorkerView::DefineEvent(EventId base, UserEventFilter filter,
                                   std::span<const uint8_t> arg) const {
  return services_->forest().Define(base, filter, arg);
}

Definition WorkerView::AllocEvent(EventId parent) const {
  return services_->forest().Alloc(parent);
}

RegisterError WorkerView::Register(EventId event, Hook hook,
                                   EventHandler handler) const {
  return services_->RegisterDefault(*slot_, event, hook, handler);
}

Verdict WorkerView::RunHandlers(const Event& event, void* caller) const {
  if (slot_->default_handlers == nullptr) return Verdict::kForward;
  return services_->handler_sets().Run(*slot_->default_handlers, event, nullptr,
                                       caller);
}

TimerHandle WorkerView::ArmTimer(const TimerSpec& spec) const {
  return services_->ArmTimer(*slot_, spec);
}

bool WorkerView::CancelTimer(TimerHandle timer) const {
  return services_->CancelTimer(*slot_, timer);
}

bool WorkerView::VisitFlow(FlowHandle flow,
                           void (*visit)(FlowView& view, void* to),
                           void* to) const {
  return services_->VisitFlow(flow, *slot_, visit, to);
}

}  // namespace mosaic
