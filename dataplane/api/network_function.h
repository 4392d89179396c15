// The one interface that a network function (NF) implements. nf/ includes this
// folder and dataplane/base, nothing else of the dataplane.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>
#include <string_view>

#include "dataplane/api/event.h"
#include "dataplane/api/flow_view.h"
#include "dataplane/api/packet_view.h"
#include "dataplane/api/timer.h"
#include "dataplane/api/verdict.h"
#include "dataplane/api/worker_view.h"
#include "dataplane/base/counter.h"

namespace mosaic {

// An NF's configuration, made and checked off the workers. Immutable: a change
// is a new object.
class NfConfig {
 public:
  virtual ~NfConfig() = default;
};

// Per-flow memory that an NF wants. It is zeroed when the NF is attached to a
// flow, then `construct` runs, and `destroy` after the flow's end was told or
// when the NF is no longer attached. Neither may throw; null: nothing to do.
struct ContextLayout {
  size_t bytes = 0;
  void (*construct)(void* context) = nullptr;
  void (*destroy)(void* context) = nullptr;

  // A T for each flow. Its constructor should not allocate.
  template <typename T>
  static constexpr ContextLayout Of() {
    static_assert(alignof(T) <= 16, "contexts are aligned to 16 bytes");
    return {sizeof(T), [](void* context) { new (context) T(); },
            [](void* context) { static_cast<T*>(context)->~T(); }};
  }
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

  // True if the NF fetches bytes with FlowView::Peek(): those in order are then
  // kept, copied, until it has done so or the buffer is full.
  virtual bool peeks() const { return false; }

  // True if it works with handlers (FlowView::Register() and RunHandlers(),
  // WorkerView::Register()): it is then also told what these need. Of several
  // such in one monitor only the first may.
  virtual bool uses_handlers() const { return false; }

  // Called once, on the worker, before anything of a flow: a place to define
  // events, to register default handlers and to arm timers.
  virtual void Start(const WorkerView& worker) { static_cast<void>(worker); }

  // A timer of this NF fires. `flow` is null for one of the worker.
  virtual void OnTimer(const TimerEvent& timer, FlowView* flow) {
    static_cast<void>(timer);
    static_cast<void>(flow);
  }

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
