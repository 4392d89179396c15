// CoreHarness is the control side over a real engine whose workers run while
// the control side sleeps, on the test's own thread: time and every
// interleaving belong to the test. A frozen worker is one that does not answer.

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "control/core/applier.h"
#include "control/core/config_store.h"
#include "control/core/drain_control.h"
#include "control/core/flow_query.h"
#include "control/core/monitor_directory.h"
#include "control/core/nf_status.h"
#include "control/core/worker_tasks.h"
#include "dataplane/engine/engine.h"
#include "dataplane/filter/filter_cache.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/support/packet_builder.h"

namespace mosaic::testing {

class FakeClock : public Clock {
 public:
  absl::Time Now() override {
    return absl::FromUnixSeconds(1'700'000'000) + monotonic_;
  }
  absl::Duration Monotonic() override { return monotonic_; }
  void Sleep(absl::Duration duration) override {
    monotonic_ += duration;
    if (while_asleep) while_asleep();
  }
  void Advance(absl::Duration duration) { monotonic_ += duration; }

  std::function<void()> while_asleep;

 private:
  absl::Duration monotonic_ = absl::Seconds(100);
};

// Gives out what was pushed.
class QueueSource : public PacketSource {
 public:
  void Push(const PacketBuilder& packet) {
    frames_.push_back(packet.Build());
    waiting_.push_back(&frames_.back());
  }
  void SetTime(Timestamp time) { time_ = time; }
  // Of the next packet; the ids of flows are their first packets'.
  void SetNextIndex(uint64_t index) { index_ = index; }

  size_t Receive(std::span<Packet> burst) override {
    size_t count = 0;
    for (; count < burst.size() && !waiting_.empty(); ++count) {
      Packet& packet = burst[count];
      packet = Packet();
      packet.data = waiting_.front()->data();
      packet.length = static_cast<uint32_t>(waiting_.front()->size());
      packet.wire_length = packet.length;
      packet.time = time_;
      packet.clock = time_;
      packet.index = index_++;
      waiting_.pop_front();
    }
    return count;
  }
  State state() const override { return State::kActive; }

 private:
  std::deque<PacketBuilder::Bytes> frames_;
  std::deque<PacketBuilder::Bytes*> waiting_;
  Timestamp time_ = Timestamp() + Duration::Seconds(1);
  uint64_t index_ = 0;
};

// What the functions of all workers did.
struct FunctionLog {
  std::map<std::string, int> made;        // By instance.
  std::map<std::string, int> configured;  // By instance.
  std::vector<EndReason> ends;            // Once for each flow.
};

class LoggingFunction : public NetworkFunction {
 public:
  LoggingFunction(FunctionLog& log, std::string name)
      : log_(log), name_(std::move(name)) {
    ++log_.made[name_];
  }
  EventMask subscriptions() const override {
    return EventMask::Of(EventKind::kConnectionEnd, Hook::kSender,
                         Side::kClient);
  }
  void Configure(std::shared_ptr<const NfConfig>) override {
    ++log_.configured[name_];
  }
  Verdict OnEvent(const Event& event, FlowView&) override {
    log_.ends.push_back(event.end_reason);
    return Verdict::kForward;
  }

 private:
  FunctionLog& log_;
  const std::string name_;
};

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message))
      << text;
  return message;
}

class CoreHarness {
 public:
  explicit CoreHarness(size_t workers = 2, Applier::Options options = {})
      : engine(MakeEngine(workers)),
        filters(CheckInThisProcess),
        tasks(*engine, clock),
        applier(*engine, tasks, filters, monitors, clock, metrics, options),
        store(applier, filters, clock, metrics,
              [this](v1::NfInstance& nf) { FillNfStatus(*engine, nf); }),
        drain(*engine, tasks, clock),
        flows(tasks, monitors, clock, WallTime()) {
    clock.while_asleep = [this] { RunWorkers(); };
  }
  ~CoreHarness() {
    frozen.clear();
    // Tasks that nobody waits for end before what they refer to.
    for (int i = 0; i < 10; ++i) RunWorkers();
    for (size_t i = 0; i < engine->worker_count(); ++i) {
      engine->worker(i).pipeline().EndAll(EndReason::kShutdown, Timestamp());
    }
  }
  CoreHarness(const CoreHarness&) = delete;
  CoreHarness& operator=(const CoreHarness&) = delete;

  void RunWorkers(int rounds = 1) {
    for (int round = 0; round < rounds; ++round) {
      for (size_t i = 0; i < engine->worker_count(); ++i) {
        if (frozen.count(i) == 0) engine->worker(i).RunOnce();
      }
    }
  }
  // All packets so far reach their workers.
  void Settle() { RunWorkers(200); }

  // One datagram of a flow of its own for each number.
  PacketBuilder Datagram(uint32_t number) const {
    return PacketBuilder()
        .Ipv4(absl::StrCat("10.0.", number >> 16, ".1"), "10.1.0.1")
        .Udp(static_cast<uint16_t>(1024 + number % 60000), 53)
        .Payload("?");
  }
  void SendDatagram(uint32_t number) {
    source.Push(Datagram(number));
    Settle();
  }

  Result<v1::ApplyConfigResponse> Apply(const std::string& config,
                                        const std::string& rest = "") {
    return store.ApplyConfig(Parse<v1::ApplyConfigRequest>(
        absl::StrCat("config { ", config, " } ", rest)));
  }

  size_t tracked() const {
    size_t sum = 0;
    for (size_t i = 0; i < engine->worker_count(); ++i) {
      sum += engine->worker(i).pipeline().tracker().table().size();
    }
    return sum;
  }

  FakeClock clock;
  QueueSource source;  // Worker 0's.
  FunctionLog log;
  bool refuse_functions = false;
  std::set<size_t> frozen;
  std::unique_ptr<Engine> engine;
  FilterCache filters;
  MonitorDirectory monitors;
  WorkerTasks tasks;
  ApplyMetrics metrics;
  Applier applier;
  ConfigStore store;
  DrainControl drain;
  FlowQuery flows;

 private:
  std::unique_ptr<Engine> MakeEngine(size_t workers) {
    EngineConfig config;
    config.workers = workers;
    config.worker.pipeline.limits.flows = 8192;
    config.worker.pipeline.limits.reassembly_bytes = 1 << 20;
    config.worker.pipeline.limits.timeouts.enabled = false;
    config.seed = {1, 2};
    return std::make_unique<Engine>(
        config,
        [this](const NfInstance& instance,
               size_t) -> absl::StatusOr<std::unique_ptr<NetworkFunction>> {
          if (refuse_functions) {
            return absl::UnavailableError("its file cannot be opened");
          }
          return std::make_unique<LoggingFunction>(log, instance.name);
        },
        std::vector<PacketSource*>{&source});
  }
};

}  // namespace mosaic::testing
