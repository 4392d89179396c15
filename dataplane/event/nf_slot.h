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
#include <memory>
#include <string>

#include "dataplane/api/network_function.h"
#include "dataplane/base/counter.h"
#include "dataplane/base/lazy_array.h"
#include "dataplane/policy/snapshot.h"

namespace mosaic {

struct NfSlot {
  // REQUIRES: `function` is not null.
  NfSlot(std::string instance_name, std::unique_ptr<NetworkFunction> function,
         FailurePolicy policy, size_t max_flows)
      : name(std::move(instance_name)),
        nf(std::move(function)),
        wants(nf->subscriptions()),
        failure_policy(policy),
        context_stride((nf->context_layout().bytes + 15) & ~size_t{15}),
        contexts(context_stride * max_flows) {}

  void* ContextOf(uint32_t flow_index) const {
    return contexts.data() + context_stride * flow_index;
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
  const FailurePolicy failure_policy;
  const size_t context_stride;
  const LazyArray<uint8_t> contexts;

  std::shared_ptr<const NfConfig> running_config;  // Written by the worker.

  // Exceptions contained at the hook. At kFaultLimit the function is detached
  // and its failure policy answers for it.
  static constexpr uint64_t kFaultLimit = 100;
  Counter faults;
  Counter forwarded;  // Verdicts.
  Counter dropped;
  bool detached() const { return faults.Read() >= kFaultLimit; }
};

}  // namespace mosaic
