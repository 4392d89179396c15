// The one interface that a network function (NF) implements. nf/ includes this
// folder and dataplane/base, nothing else of the dataplane.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "dataplane/api/event.h"
#include "dataplane/api/flow_view.h"
#include "dataplane/api/packet_view.h"
#include "dataplane/api/verdict.h"
#include "dataplane/base/counter.h"

namespace mosaic {

// An NF's configuration, made and checked off the workers. Immutable: a change
// is a new object.
class NfConfig {
 public:
  virtual ~NfConfig() = default;
};

// Per-flow memory that an NF wants. It is zeroed, not constructed: keep plain
// data in it.
struct ContextLayout {
  size_t bytes = 0;
};

// A named count of an NF, exported as mosaic_nf_{name}_total, the sum over the
// workers. Functions of different types that count the same use the same name.
// The name is [a-z0-9_]+; both texts are of static storage.
struct NfCounter {
  std::string_view name;
  std::string_view help;  // A sentence: what the number tells an operator.
  const Counter* value = nullptr;
};

// Takes records (a line of a log, say) out of a worker without blocking it.
class RecordSink {
 public:
  virtual ~RecordSink() = default;
  // Copies `record`, which belongs to the flow `order` (FlowView::id()). False
  // when there is no room: the record is lost and counted by the sink. In
  // replay it waits instead.
  virtual bool Write(uint64_t order, std::span<const char> record) = 0;
};

// One instance exists per worker, so an NF needs no locks. OnEvent() runs
// between two packets: it must not block, allocate, log, or keep `event` or
// `flow` after it returns. What it throws is caught, counted as a fault, and
// answered by the instance's failure policy.
class NetworkFunction {
 public:
  virtual ~NetworkFunction() = default;

  // What OnEvent() is called for. Read when the NF is attached to monitors.
  virtual EventMask subscriptions() const = 0;

  virtual ContextLayout context_layout() const { return {}; }

  // True if the NF wants delivered bytes kept until they are acknowledged, so
  // that a retransmission can be compared with them.
  virtual bool compares_retransmissions() const { return false; }

  // Exchanges the configuration, on the worker, between two bursts. `config` is
  // of the type that this NF's factory makes.
  virtual void Configure(std::shared_ptr<const NfConfig> config) = 0;

  [[nodiscard]] virtual Verdict OnEvent(const Event& event, FlowView& flow) = 0;

  // An orphan has no flow. Called for kOrphan and for packets of RAW monitors.
  [[nodiscard]] virtual Verdict OnPacket(const Event& event) {
    static_cast<void>(event);
    return Verdict::kForward;
  }

  // Constant over the NF's life.
  virtual std::span<const NfCounter> counters() const { return {}; }
};

}  // namespace mosaic
