// EngineHarness runs pipelines as a worker would, without threads or EAL, and
// writes down what network functions are told.
//
// Ownership   Owns the pipelines, the snapshots, the functions and the packets.
// Checks      Its destructor ends all flows and holds the engine to its
//             accounts: packets, stream bytes, and that every packet, chunk and
//             stream state was given back.
// Time        Stands still until Wait(); the clock of a packet is the largest
//             time so far, as a source gives it.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dataplane/api/network_function.h"
#include "dataplane/engine/pipeline.h"
#include "dataplane/policy/snapshot.h"
#include "tests/support/packet_builder.h"
#include "tests/support/packet_store.h"

namespace mosaic::testing {

// Every event that the engine can raise.
EventMask AllEvents();
// Only these kinds, on all their hooks and sides.
EventMask EventsOf(std::vector<EventKind> kinds);

// How a recording network function behaves. All functions of one number, one on
// each worker, share it.
struct FunctionSetup {
  EventMask wants = AllEvents();
  bool compares_retransmissions = false;
  size_t context_bytes = 0;
  bool peeks = false;
  // It then runs the flow's handlers for each event, before on_event.
  bool uses_handlers = false;
  ContextLayout context;  // Goes before context_bytes if it has bytes.
  FailurePolicy failure_policy = FailurePolicy::kOpen;
  std::function<void(const WorkerView&)> on_start;
  std::function<void(const TimerEvent&, FlowView*)> on_timer;
  // Called after the event was written down; null answers kForward.
  std::function<Verdict(const Event&, FlowView&)> on_event;
  std::function<Verdict(const Event&)> on_packet;
};

// What one function was told.
struct Recording {
  // In the order of the calls: "state rcv server syn_received>established".
  std::vector<std::string> events;
  // The same by FlowView::id(), each with its time.
  std::map<uint64_t, std::vector<std::string>> by_flow;
  // Bytes of NEW_DATA by receiving side, of all flows together.
  std::array<std::string, kSides> data;
  // Offset at which each piece of `data` began.
  std::array<std::vector<uint64_t>, kSides> data_offsets;
  std::vector<StreamError> errors;
  std::array<SideCounters, kSides> counters_at_end;

  void Clear() { *this = Recording(); }
  // Events whose text begins with `prefix`.
  std::vector<std::string> Only(std::string_view prefix) const;
  // Errors of one cause.
  std::vector<StreamError> ErrorsOf(ErrorCause cause) const;
};

struct EngineSetup {
  EngineSetup();

  size_t workers = 1;
  FlowHash::Seed seed = {1, 2};
  PipelineConfig pipeline;  // Small tables, no timeouts, unbounded expiry.
  std::vector<PacketSink*> sinks;         // Transmitter's, of all workers.
  std::vector<FunctionSetup> functions;   // One.
  std::vector<Monitor> monitors;          // One, of all functions.
  std::vector<EventObserver*> observers;  // By worker; none.
};

// A stream monitor that feeds `functions`, by their number.
Monitor StreamMonitor(std::vector<size_t> functions);
Monitor RawMonitor(std::vector<size_t> functions);
// REQUIRES: `expression` is one that a stream filter may be.
std::shared_ptr<const PacketFilter> StreamFilter(std::string_view expression);
std::shared_ptr<const PacketFilter> FrameFilter(std::string_view expression);

class EngineHarness {
 public:
  explicit EngineHarness(EngineSetup setup = EngineSetup());
  ~EngineHarness();

  EngineHarness(const EngineHarness&) = delete;
  EngineHarness& operator=(const EngineHarness&) = delete;

  // Lets all workers run a snapshot with `monitors` and the functions as they
  // are. With kReevaluate, flows are attached anew at their next packet.
  enum class LiveFlows : uint8_t { kKeep, kReevaluate };
  void Configure(std::vector<Monitor> monitors, LiveFlows live_flows);

  // Worker `receiver` receives the packet, and all workers process what it led
  // to. Between BeginBurst() and EndBurst() packets are only collected.
  void Send(const PacketBuilder& packet, size_t receiver = 0);
  void BeginBurst() { collecting_ = true; }
  void EndBurst(size_t receiver = 0);
  // The same with a packet made of `frame`, after `edit` was at it, and with
  // one that something else received.
  void SendFrame(std::span<const uint8_t> frame,
                 const std::function<void(Packet&)>& edit);
  void SendPacket(Packet packet);
  // Worker 0 receives the packet; the others do not run.
  void SendAlone(const PacketBuilder& packet);

  void Wait(Duration duration) { time_ = time_ + duration; }
  // Runs what is due now, as a packet of an unrelated flow would.
  void RunTimers();
  // Time of the packets to come, may go back; the clock does not.
  void SetTime(Timestamp time) { time_ = time; }
  Timestamp time() const { return time_; }

  // Ends all flows as the end of a replay does.
  void EndAll(EndReason reason = EndReason::kShutdown);

  // What function `number` was told; on all workers together.
  Recording& recorded(size_t number = 0) { return recordings_[number]; }
  FunctionSetup& function(size_t number = 0) {
    return setup_.functions[number];
  }
  NfSlot& slot(size_t number = 0, size_t worker = 0) {
    return *slots_[worker][number];
  }
  Pipeline& pipeline(size_t worker = 0) { return *pipelines_[worker]; }
  CoreCounters& counters(size_t worker = 0) { return counters_[worker]; }
  // What is counted for the monitor of that name.
  const MonitorCounters& monitor_counters(const std::string& name,
                                          size_t worker = 0) {
    return monitor_counters_[worker][name];
  }
  FlowTracker& tracker(size_t worker = 0) {
    return pipelines_[worker]->tracker();
  }
  const PacketStore& store() const { return store_; }
  size_t flows() const;
  // The only flow. REQUIRES: there is one.
  const Flow& flow() const;
  // The sum of one counter over all workers.
  uint64_t Sum(const std::function<uint64_t(const CoreCounters&)>& read) const;

  // What the destructor checks, for a place in between; `pending` bytes may be
  // held there.
  void ExpectAccountsBalance() const;

 private:
  void Add(Packet packet);
  void Run(size_t receiver);
  void ProcessHandedOver();

  EngineSetup setup_;
  PacketStore store_;
  std::deque<Recording> recordings_;
  const FlowHash hash_;
  Handoff handoff_;
  std::vector<std::vector<std::unique_ptr<NfSlot>>> slots_;  // By worker.
  std::vector<std::vector<NfSlot*>> slot_pointers_;
  std::deque<Snapshot> snapshots_;
  std::deque<CoreCounters> counters_;
  std::vector<std::map<std::string, MonitorCounters>> monitor_counters_;
  std::deque<std::vector<MonitorCounters*>> monitor_counter_pointers_;
  std::vector<std::unique_ptr<Pipeline>> pipelines_;

  Timestamp time_ = Timestamp::FromNanos(1'700'000'000'000'000'000);
  Timestamp clock_;
  uint64_t next_index_ = 0;
  bool collecting_ = false;
  Burst burst_;
};

}  // namespace mosaic::testing
