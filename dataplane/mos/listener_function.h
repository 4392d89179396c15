// ListenerFunction puts the callbacks of one listener on the engine: the
// network function behind its monitor, on the worker of its context.
//
// Ownership   The engine's. Borrows the context, which outlives the engine.
// Threading   The context's worker.

#pragma once

#include <memory>

#include "dataplane/api/network_function.h"
#include "dataplane/mos/active_sockets.h"
#include "dataplane/mos/listener.h"

namespace mosaic::mos {

class Context;

class ListenerFunction final : public NetworkFunction {
 public:
  ListenerFunction(Context& context, std::shared_ptr<Listener> listener);

  EventMask subscriptions() const override { return {}; }
  ContextLayout context_layout() const override;
  bool peeks() const override { return true; }
  bool uses_handlers() const override { return true; }
  void Start(const WorkerView& worker) override;
  void Configure(std::shared_ptr<const NfConfig>) override {}
  Verdict OnEvent(const Event& event, FlowView& flow) override;
  Verdict OnPacket(const Event& event) override;

  const Listener& listener() const { return *listener_; }
  const WorkerView& worker() const { return worker_; }

  // What `flow` has of this listener, with a number.
  ActiveSocket& ActiveOf(FlowView& flow);

  // Handles `event` on flows attached from now on.
  RegisterError Register(event_t event, Hook hook, callback_t callback);

 private:
  Context& context_;
  const std::shared_ptr<Listener> listener_;
  WorkerView worker_;
};

}  // namespace mosaic::mos
