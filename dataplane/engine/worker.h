// Worker is the loop of one core: poll, process, hand over, tidy up.
//
// Ownership   Owns its pipeline and counters; borrows its source and the rings.
// Threading   Run() and RunOnce() on the worker's thread; counters(),
//             histograms(), usage() and link() from anywhere.

#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "dataplane/command/worker_link.h"
#include "dataplane/engine/pipeline.h"
#include "dataplane/io/packet_source.h"
#include "dataplane/stats/core_counters.h"

namespace mosaic {

// Who still brings packets in. When nobody does and all rings are empty, the
// workers are done.
struct RunState {
  std::atomic<bool> stop{false};  // Written by control.
  // Written by control: new flows are tracked no more.
  std::atomic<bool> pass_new_flows{false};
  std::atomic<size_t> producers{0};  // Workers whose source has not ended.
  // How often workers have found their rings empty, each at most once more than
  // all others have. See Worker::Finished().
  std::atomic<size_t> drained{0};
  std::atomic<int64_t> last_clock{0};  // Nanoseconds; the largest of all
                                       // sources that ended.
};

// What a worker does when its queues stay empty.
enum class Idle : uint8_t {
  kPoll,      // Asks again at once: least delay, a whole CPU.
  kAdaptive,  // Sleeps a little, longer the longer nothing comes, at most
              // kLongestNap: for shared CPUs and quiet links.
};

struct WorkerConfig {
  PipelineConfig pipeline;
  Idle idle = Idle::kAdaptive;
  // The clock that timers run by on live ports, the same that stamps packets;
  // empty in replay, where packets are the clock.
  std::function<Timestamp()> now;
  size_t burst_packets = Burst::kMaxPackets;  // 1 .. Burst::kMaxPackets.
  // Of the time stamp counter (Eal::TscHertz()); 0 where it is not known: the
  // duration of rounds is not recorded then.
  uint64_t tsc_hertz = 0;
};

class Worker {
 public:
  // Rounds from the one on in which a configuration is taken up: what it costs
  // falls in these, flows that are attached anew included. Their CPU time is
  // measured with two system calls each, all others' with none.
  static constexpr size_t kApplyRounds = 64;

  // `source` may be null: a worker that is only handed packets. All references
  // outlive the worker.
  Worker(size_t number, const WorkerConfig& config, const FlowHash& hash,
         Handoff& handoff, PacketSource* source,
         const std::vector<PacketSink*>& sinks, RunState& state);

  // Until the sources have ended and the rings are empty, then ends all flows.
  // When stop is set, sources are polled no more; what they gave out is still
  // dealt with, since another worker may be waiting for room in a ring.
  void Run();

  // One round. Returns how many packets it moved.
  size_t RunOnce();

  // Takes up a published configuration. Part of RunOnce().
  void TakeUpConfiguration();

  const CoreCounters& counters() const { return counters_; }
  const CoreHistograms& histograms() const { return pipeline_->histograms(); }
  CoreUsage usage() const { return pipeline_->tracker().usage(); }
  WorkerLink& link() { return link_; }
  const WorkerLink& link() const { return link_; }
  Pipeline& pipeline() { return *pipeline_; }

 private:
  size_t Work();
  size_t WorkOnTheClock();
  void CountRound(uint64_t cycles, size_t moved);
  size_t Poll();
  void EndSource();
  void RunTasks();
  void UpdateOldestRevision();
  bool RingsAreEmpty() const;
  // Whether no packet is left for this worker, nor can come.
  bool Finished();
  void WaitAfterEmptyRounds(size_t rounds) const;

  const size_t number_;
  const WorkerConfig config_;
  Handoff& handoff_;
  PacketSource* source_;
  RunState& state_;
  CoreCounters counters_;
  WorkerLink link_;
  std::unique_ptr<Pipeline> pipeline_;
  const WorkerSnapshot* running_ = nullptr;
  WorkerTask* task_ = nullptr;
  Burst burst_;
  Timestamp last_received_;  // Clock of the newest packet of the source.
  bool source_ended_ = false;
  size_t drained_ = 0;  // This worker's part of RunState::drained.
  uint64_t rounds_ = 0;
  size_t apply_rounds_left_ = 0;
  const double nanos_per_cycle_;  // 0: not known.
};

}  // namespace mosaic
