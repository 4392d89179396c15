// ContextFunction is the network function that a context always has, whatever
// listeners it opens: its timers, and the place where it hears that its worker
// runs. No monitor names it.
//
// Ownership   The engine's. Borrows the context, which outlives the engine.
// Threading   The context's worker.

#pragma once

#include "dataplane/api/network_function.h"

namespace mosaic::mos {

class Context;

class ContextFunction final : public NetworkFunction {
 public:
  explicit ContextFunction(Context& context) : context_(context) {}

  EventMask subscriptions() const override { return {}; }
  void Start(const WorkerView& worker) override;
  void OnTimer(const TimerEvent& timer, FlowView* flow) override;
  void Configure(std::shared_ptr<const NfConfig>) override {}
  Verdict OnEvent(const Event&, FlowView&) override {
    return Verdict::kForward;
  }

 private:
  Context& context_;
};

}  // namespace mosaic::mos
