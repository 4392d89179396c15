#include "dataplane/engine/worker.h"

#include <x86intrin.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <thread>

#include "dataplane/base/check.h"

namespace mosaic {
namespace {

// Rounds between two looks at what flows still refer to.
constexpr uint64_t kOldestRevisionRounds = 4096;
// Empty rounds before a worker lets others have its CPU.
constexpr size_t kEmptyRoundsBeforeYield = 16;
// And before it sleeps, a microsecond longer each time up to the longest nap,
// which a burst at 10 Gbit/s fits into a receive ring during.
constexpr size_t kEmptyRoundsBeforeNap = 256;
constexpr std::chrono::microseconds kLongestNap{200};

// CPU time that this thread has used.
uint64_t ThreadCpuNanos() {
  timespec used;
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) != 0) return 0;
  return static_cast<uint64_t>(used.tv_sec) * 1'000'000'000 +
         static_cast<uint64_t>(used.tv_nsec);
}

}  // namespace

Worker::Worker(size_t number, const WorkerConfig& config, const FlowHash& hash,
               Handoff& handoff, PacketSource* source,
               const std::vector<PacketSink*>& sinks, RunState& state)
    : number_(number),
      config_(config),
      handoff_(handoff),
      source_(source),
      state_(state),
      pipeline_(std::make_unique<Pipeline>(config.pipeline, hash, handoff,
                                           number, counters_, sinks)),
      source_ended_(source == nullptr),
      nanos_per_cycle_(config.tsc_hertz == 0
                           ? 0
                           : 1e9 / static_cast<double>(config.tsc_hertz)) {
  MOSAIC_CHECK(config.burst_packets > 0 &&
               config.burst_packets <= Burst::kMaxPackets);
  if (source != nullptr) state.producers.fetch_add(1);
}

void Worker::TakeUpConfiguration() {
  const WorkerSnapshot* const wanted =
      link_.wanted.load(std::memory_order_acquire);
  if (wanted == running_) return;
  for (size_t i = 0; i < wanted->slots.size(); ++i) {
    wanted->slots[i]->TakeUp(wanted->snapshot->nf_instances[i].config);
  }
  pipeline_->SetSnapshot(
      {wanted->snapshot.get(), wanted->slots, wanted->counters, number_},
      wanted->reevaluate_before, wanted->undone);
  running_ = wanted;
  UpdateOldestRevision();
  link_.running_revision.store(wanted->snapshot->revision,
                               std::memory_order_release);
}

void Worker::UpdateOldestRevision() {
  link_.oldest_revision.store(pipeline_->tracker().OldestRevision(),
                              std::memory_order_release);
}

size_t Worker::Poll() {
  if (source_ended_) return 0;
  burst_.size =
      source_->Receive(std::span(burst_.packet).first(config_.burst_packets));
  const size_t received = burst_.size;
  if (received > 0) {
    last_received_ = burst_.packet[received - 1].clock;
    pipeline_->ProcessReceived(burst_);
    return received;
  }
  if (source_->state() == PacketSource::State::kEnded) EndSource();
  return 0;
}

void Worker::EndSource() {
  source_ended_ = true;
  int64_t last = state_.last_clock.load(std::memory_order_relaxed);
  const int64_t mine = last_received_.nanos();
  while (last < mine && !state_.last_clock.compare_exchange_weak(last, mine)) {
  }
  state_.producers.fetch_sub(1, std::memory_order_acq_rel);
}

void Worker::RunTasks() {
  if (task_ == nullptr && !link_.tasks.TryPop(task_)) return;
  if (!task_->Step(pipeline_->tracker(), pipeline_->clock())) return;
  WorkerTask* const finished = task_;
  task_ = nullptr;
  finished->MarkDone();
}

size_t Worker::RunOnce() {
  const uint64_t begin = __rdtsc();
  if (link_.wanted.load(std::memory_order_relaxed) != running_) {
    apply_rounds_left_ = kApplyRounds;
  }
  const size_t moved = apply_rounds_left_ > 0 ? WorkOnTheClock() : Work();
  CountRound(__rdtsc() - begin, moved);
  return moved;
}

size_t Worker::WorkOnTheClock() {
  --apply_rounds_left_;
  const uint64_t begin = ThreadCpuNanos();
  const size_t moved = Work();
  const uint64_t used = ThreadCpuNanos() - begin;
  if (used > counters_.longest_apply_nanos.Read()) {
    counters_.longest_apply_nanos.Set(used);
  }
  return moved;
}

size_t Worker::Work() {
  TakeUpConfiguration();
  pipeline_->tracker().SetNewFlows(
      state_.pass_new_flows.load(std::memory_order_relaxed) ? NewFlows::kPass
                                                            : NewFlows::kTrack);
  size_t moved = 0;
  if (!source_ended_ && state_.stop.load(std::memory_order_relaxed)) {
    EndSource();
  }
  if (running_ != nullptr) {
    moved += Poll();
    if (handoff_.workers() > 1) moved += pipeline_->ProcessHandedOver();
  }
  if (config_.now && moved == 0) pipeline_->AdvanceTo(config_.now());
  RunTasks();
  if (++rounds_ % kOldestRevisionRounds == 0 &&
      link_.oldest_revision.load(std::memory_order_relaxed) !=
          link_.running_revision.load(std::memory_order_relaxed)) {
    UpdateOldestRevision();
  }
  return moved;
}

void Worker::CountRound(uint64_t cycles, size_t moved) {
  counters_.loop_rounds.Add(1);
  (moved > 0 ? counters_.busy_cycles : counters_.idle_cycles).Add(cycles);
  if (cycles > counters_.longest_round_cycles.Read()) {
    counters_.longest_round_cycles.Set(cycles);
  }
  if (moved > 0 && nanos_per_cycle_ > 0) {
    pipeline_->histograms().loop_duration.Record(
        static_cast<uint64_t>(static_cast<double>(cycles) * nanos_per_cycle_));
  }
}

bool Worker::RingsAreEmpty() const {
  for (size_t from = 0; from < handoff_.workers(); ++from) {
    if (from != number_ && handoff_.Ring(from, number_).size() > 0) {
      return false;
    }
  }
  return true;
}

// After the last producer has ended, a packet may still be handed on: to who
// puts its datagram together, to who puts together what that holds, to its
// flow's owner. When all workers have found their rings empty once, none is on
// the first of these ways any more, and so on.
bool Worker::Finished() {
  constexpr size_t kHandOvers = 1 + FragmentStage::kMaxReassemblies;
  if (state_.producers.load(std::memory_order_acquire) > 0) return false;
  const size_t drained = state_.drained.load(std::memory_order_acquire);
  if (!RingsAreEmpty()) return false;
  if (drained == kHandOvers * handoff_.workers()) return true;
  if (drained_ == drained / handoff_.workers()) {
    ++drained_;
    state_.drained.fetch_add(1, std::memory_order_acq_rel);
  }
  return false;
}

void Worker::WaitAfterEmptyRounds(size_t rounds) const {
  if (config_.idle == Idle::kPoll || rounds < kEmptyRoundsBeforeYield) return;
  // Packets of a replay come from this process, so a nap would only delay them.
  if (!config_.now || rounds < kEmptyRoundsBeforeNap) {
    std::this_thread::yield();
    return;
  }
  const auto nap = std::chrono::microseconds(rounds - kEmptyRoundsBeforeNap);
  std::this_thread::sleep_for(
      std::min<std::chrono::microseconds>(nap, kLongestNap));
}

void Worker::Run() {
  size_t empty_rounds = 0;
  while (true) {
    if (RunOnce() > 0) {
      empty_rounds = 0;
      continue;
    }
    if (Finished()) break;
    WaitAfterEmptyRounds(++empty_rounds);
  }
  // Every worker ends at the same time, whichever packets it had.
  const Timestamp end = std::max(
      config_.now ? config_.now() : pipeline_->clock(),
      Timestamp::FromNanos(state_.last_clock.load(std::memory_order_acquire)));
  pipeline_->AdvanceTo(end);
  pipeline_->EndAll(EndReason::kShutdown, end);
  while (task_ != nullptr || link_.tasks.size() > 0) RunTasks();
}

}  // namespace mosaic
