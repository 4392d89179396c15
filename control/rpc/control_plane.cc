#include "control/rpc/control_plane.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "control/core/applier.h"
#include "control/core/clock.h"
#include "control/core/config_store.h"
#include "control/core/drain_control.h"
#include "control/core/event_hub.h"
#include "control/core/flow_query.h"
#include "control/core/nf_status.h"
#include "control/core/worker_tasks.h"
#include "control/rpc/api_server.h"
#include "control/rpc/api_services.h"
#include "control/rpc/health_monitor.h"
#include "control/rpc/open_streams.h"
#include "control/rpc/rpc_metrics.h"
#include "dataplane/base/check.h"
#include "dataplane/engine/engine.h"

namespace mosaic {
namespace {

constexpr auto kBeatPeriod = std::chrono::milliseconds(250);
// Ports answer from a device, which may be slow.
constexpr int kBeatsBetweenPorts = 4;

// Plays the part of the workers, which do not run yet, in taking a
// configuration up.
class StandIn {
 public:
  explicit StandIn(Engine& engine)
      : thread_([this, &engine] {
          while (!done_.load(std::memory_order_acquire)) {
            for (size_t i = 0; i < engine.worker_count(); ++i) {
              engine.worker(i).TakeUpConfiguration();
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
          }
        }) {}
  ~StandIn() {
    done_.store(true, std::memory_order_release);
    thread_.join();
  }

  StandIn(const StandIn&) = delete;
  StandIn& operator=(const StandIn&) = delete;

 private:
  std::atomic<bool> done_{false};
  std::thread thread_;
};

}  // namespace

struct ControlPlane::Parts {
  explicit Parts(ControlPlaneSetup given);

  void Beat();
  VitalSigns Look();
  Health Judge();
  void RunBeats();
  void StopBeats();

  const ControlPlaneSetup setup;
  Engine& engine;
  SystemClock clock;
  ApplyMetrics apply_metrics;
  WorkerTasks tasks;
  Applier applier;
  ConfigStore store;
  FlowQuery flows;
  DrainControl drain;
  SystemInfo system;
  RpcMetrics rpc_metrics;

  HealthMonitor health;
  std::atomic<bool> ending{false};
  OpenStreams streams;
  ApiServices services;
  ApiServer server;
  bool listening = false;

  // Of the beat.
  int beats_to_ports = 0;
  std::vector<std::string> ports_down;
  Health last_health;
  std::mutex beat_mutex;
  std::condition_variable beat_changed;
  bool stop_beats = false;  // beat_mutex
  std::thread beat_thread;
};

ControlPlane::Parts::Parts(ControlPlaneSetup given)
    : setup(std::move(given)),
      engine(*setup.engine),
      tasks(engine, clock),
      applier(engine, tasks, *setup.filters, *setup.monitors, clock,
              apply_metrics,
              {.defaults = setup.defaults, .before_apply = setup.before_apply}),
      store(
          applier, *setup.filters, clock, apply_metrics,
          [this](v1::NfInstance& instance) { FillNfStatus(engine, instance); }),
      flows(tasks, *setup.monitors, clock, setup.wall_time),
      drain(engine, tasks, clock),
      system(engine, applier, drain, clock, setup.ports, setup.facts),
      rpc_metrics(RpcMetrics::MethodsOf(ApiServices::Descriptors())),
      services({store, *setup.filters, flows, *setup.events, applier, system,
                drain, setup.log, clock, setup.wall_time,
                [this] { return Judge(); }, streams}),
      server(setup.listen, rpc_metrics) {}

VitalSigns ControlPlane::Parts::Look() {
  VitalSigns signs;
  for (size_t i = 0; i < engine.worker_count(); ++i) {
    signs.worker_rounds.push_back(
        engine.worker(i).counters().loop_rounds.Read());
  }
  if (setup.ports != nullptr && beats_to_ports-- == 0) {
    beats_to_ports = kBeatsBetweenPorts;
    ports_down.clear();
    for (const v1::Port& port : setup.ports->Ports()) {
      if (!port.link_up()) ports_down.push_back(port.name());
    }
  }
  signs.ports_down = ports_down;
  signs.configured = applier.revision() > 0;
  return signs;
}

Health ControlPlane::Parts::Judge() {
  const Intent intent = ending.load(std::memory_order_relaxed) ? Intent::kEnd
                        : drain.draining()                     ? Intent::kDrain
                                                               : Intent::kServe;
  return health.Judge(clock.Monotonic(), intent);
}

void ControlPlane::Parts::Beat() {
  health.Look(Look(), clock.Monotonic());
  if (drain.draining()) drain.Advance();
  const Health now = Judge();
  if (now == last_health) return;
  last_health = now;
  streams.PumpAll();
}

void ControlPlane::Parts::RunBeats() {
  std::unique_lock lock(beat_mutex);
  while (!stop_beats) {
    lock.unlock();
    Beat();
    lock.lock();
    beat_changed.wait_for(lock, kBeatPeriod, [this] { return stop_beats; });
  }
}

void ControlPlane::Parts::StopBeats() {
  {
    const std::lock_guard lock(beat_mutex);
    stop_beats = true;
  }
  beat_changed.notify_all();
  if (beat_thread.joinable()) beat_thread.join();
}

ControlPlane::ControlPlane(ControlPlaneSetup setup)
    : parts_([&setup] {
        MOSAIC_CHECK(setup.engine != nullptr && setup.events != nullptr &&
                     setup.monitors != nullptr && setup.filters != nullptr);
        return std::make_unique<Parts>(std::move(setup));
      }()) {}

ControlPlane::~ControlPlane() { Stop(std::chrono::steady_clock::now()); }

absl::Status ControlPlane::Configure(const v1::Config& seed) {
  const StandIn workers(parts_->engine);
  v1::ApplyConfigRequest request;
  *request.mutable_config() = seed;
  const Result<v1::ApplyConfigResponse> applied =
      parts_->store.ApplyConfig(request);
  if (applied.ok()) return absl::OkStatus();
  return {applied.error().code, applied.error().message};
}

absl::Status ControlPlane::Listen() {
  Parts& parts = *parts_;
  MOSAIC_CHECK(!parts.listening);
  if (absl::Status started = parts.server.Start(parts.services.All());
      !started.ok()) {
    return started;
  }
  parts.listening = true;
  parts.setup.events->Start();
  parts.beat_thread = std::thread([&parts] { parts.RunBeats(); });
  return absl::OkStatus();
}

void ControlPlane::BeginShutdown() {
  parts_->ending.store(true, std::memory_order_relaxed);
}

void ControlPlane::Stop(std::chrono::steady_clock::time_point deadline) {
  Parts& parts = *parts_;
  if (!parts.listening) return;
  parts.listening = false;
  BeginShutdown();
  parts.server.StopAccepting();
  parts.setup.events->Stop();
  // Workers that have ended left their last events behind.
  while (parts.setup.events->Drain(EventHub::Clock::now()) > 0 &&
         std::chrono::steady_clock::now() < deadline) {
  }
  parts.streams.EndAll();
  parts.server.Stop(deadline);
  parts.StopBeats();
}

Health ControlPlane::health() const { return parts_->Judge(); }

uint16_t ControlPlane::loopback_tcp_port() const {
  return parts_->server.loopback_tcp_port();
}

const RpcMetrics& ControlPlane::rpc_metrics() const {
  return parts_->rpc_metrics;
}

const ApplyMetrics& ControlPlane::apply_metrics() const {
  return parts_->apply_metrics;
}

const Applier& ControlPlane::applier() const { return parts_->applier; }

const DrainControl& ControlPlane::drain() const { return parts_->drain; }

uint64_t ControlPlane::refused_connections() const {
  const Acceptor::Counts counts = parts_->server.connections();
  return counts.refused_peer + counts.refused_bound;
}

}  // namespace mosaic
