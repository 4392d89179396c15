// NfSlot is one network function on one worker, with the memory for its
// per-flow contexts.
//
// Ownership   Made off the worker while a snapshot is prepared, owned by the
//             engine, used by one worker until no subscription names it.
// Memory      A context for each flow record, by record number: reserved at
//             once, resident when used. So attaching never fails and never
//             allocates.

#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

#include "dataplane/api/network_function.h"
#include "dataplane/base/counter.h"
#include "dataplane/base/lazy_array.h"
#include "dataplane/policy/snapshot.h"

namespace mosaic {

class HandlerSet;

struct NfSlot {
  // REQUIRES: `function` is not null.
  NfSlot(std::string instance_name, std::unique_ptr<NetworkFunction> function,
         FailurePolicy policy, size_t max_flows)
      : name(std::move(instance_name)),
        nf(std::move(function)),
        wants(nf->subscriptions()),
        peeks(nf->peeks()),
        uses_handlers(nf->uses_handlers()),
        failure_policy(policy),
        layout(nf->context_layout()),
        context_stride((layout.bytes + 15) & ~size_t{15}),
        contexts(context_stride * max_flows) {}

  void* ContextOf(uint32_t flow_index) const {
    return contexts.data() + context_stride * flow_index;
  }

  // Makes the function's context for a flow it is attached to, and unmakes it.
  void MakeContext(uint32_t flow_index) const {
    if (context_stride == 0) return;
    std::memset(ContextOf(flow_index), 0, context_stride);
    if (layout.construct != nullptr) layout.construct(ContextOf(flow_index));
  }
  void DropContext(uint32_t flow_index) const {
    if (layout.destroy != nullptr) layout.destroy(ContextOf(flow_index));
  }

  // Gives the function its configuration if it runs another one. The old one's
  // last holder is the control side, so that nothing is freed here.
  void TakeUp(const std::shared_ptr<const NfConfig>& config) {
    if (config == running_config) return;
    running_config = config;
    nf->Configure(config);
  }

  const std::string name;
  const std::unique_ptr<NetworkFunction> nf;
  const EventMask wants;
  const bool peeks;
  const bool uses_handlers;
  const FailurePolicy failure_policy;
  const ContextLayout layout;
  const size_t context_stride;
  const LazyArray<uint8_t> contexts;

  std::shared_ptr<const NfConfig> running_config;  // Written by the worker.

  // The worker's own. What flows to come, and packets without a flow, are
  // handled by; it has a reference to it.
  const HandlerSet* default_handlers = nullptr;
  bool started = false;  // NetworkFunction::Start() was called.

  // Exceptions contained at the hook. At kFaultLimit the function is detached
  // and its failure policy answers for it.
  static constexpr uint64_t kFaultLimit = 100;
  Counter faults;
  Counter forwarded;  // Verdicts.
  Counter dropped;
  Counter held;
  bool detached() const { return faults.Read() >= kFaultLimit; }
};

}  // namespace mosaic
