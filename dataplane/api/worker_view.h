// WorkerView is a worker as a network function sees it: the events it defines
// there, what it handles by default, its timers.
//
// Ownership   A value of two pointers, valid as long as the function that it
//             was given to: keep a copy.
// Threading   The worker, in callbacks of the function. Before the worker's
//             first round also who builds it.

#pragma once

#include <cstdint>
#include <span>

#include "dataplane/api/timer.h"
#include "dataplane/api/user_event.h"
#include "dataplane/base/timestamp.h"

namespace mosaic {

class FlowServices;
class FlowView;
struct NfSlot;

// Names one flow of a worker; never names another one later.
struct FlowHandle {
  uint32_t index = 0;
  uint32_t generation = 0;
  friend bool operator==(const FlowHandle&, const FlowHandle&) = default;
};

class WorkerView {
 public:
  WorkerView() = default;
  WorkerView(FlowServices& services, NfSlot& slot)
      : services_(&services), slot_(&slot) {}

  // The clock: of packets in replay, else the worker's. 0 before its first
  // packet or round.
  Timestamp now() const;

  // A new event below `base`, or the one with the same base, filter and bytes.
  // `arg` is copied. Definitions stay as long as the worker.
  Definition DefineEvent(EventId base, UserEventFilter filter,
                         std::span<const uint8_t> arg) const;
  // A new event below `parent` that is raised by EventCall::Raise() only.
  Definition AllocEvent(EventId parent) const;

  // What the function handles on flows that are attached from now on, and for
  // packets without a flow. Replaces; a null handler unregisters.
  RegisterError Register(EventId event, Hook hook, EventHandler handler) const;

  // Runs these handlers for `event`, that of a packet without a flow.
  Verdict RunHandlers(const Event& event, void* caller) const;

  // kNoTimer if all timers of the worker are in use.
  TimerHandle ArmTimer(const TimerSpec& spec) const;
  // False if it is not armed (any more).
  bool CancelTimer(TimerHandle timer) const;

  // Calls visit(view) for the flow of that name, as this function sees it;
  // false if it has ended or the function is not attached to it. Stops and
  // smaller buffers asked for meanwhile take effect with the flow's next packet
  // or within a millisecond of the clock.
  template <typename Visit>
  bool VisitFlow(FlowHandle flow, Visit visit) const {
    return VisitFlow(
        flow,
        [](FlowView& view, void* to) { (*static_cast<Visit*>(to))(view); },
        &visit);
  }

 private:
  bool VisitFlow(FlowHandle flow, void (*visit)(FlowView& view, void* to),
                 void* to) const;

  FlowServices* services_ = nullptr;
  NfSlot* slot_ = nullptr;
};

}  // namespace mosaic
