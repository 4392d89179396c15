#include "control/daemon/servers.h"

#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/time/clock.h"
#include "control/config/listen_address.h"
#include "control/core/applier.h"
#include "control/core/drain_control.h"
#include "control/core/event_hub.h"
#include "control/daemon/live_ports.h"
#include "control/daemon/log_levels.h"
#include "control/daemon/machine.h"
#include "control/daemon/system_defaults.h"
#include "control/daemon/version.h"
#include "control/metrics/control_source.h"
#include "control/metrics/engine_source.h"
#include "control/metrics/http_server.h"
#include "control/metrics/metrics_collector.h"
#include "control/metrics/policy_source.h"
#include "control/metrics/port_source.h"
#include "control/rpc/control_plane.h"

namespace mosaic {
namespace {

int NodeOf(const std::map<int, int>& nodes, int cpu) {
  const auto found = nodes.find(cpu);
  return found == nodes.end() ? -1 : found->second;
}

ListenSetup ListenFor(const v1::ControlConfig& control) {
  ListenSetup listen;
  listen.socket_path = SocketPath(control);
  if (control.allowed_uids_size() > 0) {
    listen.allowed_uids.emplace(control.allowed_uids().begin(),
                                control.allowed_uids().end());
    listen.allowed_uids->push_back(0);
    listen.allowed_uids->push_back(geteuid());
  }
  if (control.has_allowed_gid()) listen.allowed_gid = control.allowed_gid();
  if (!control.tcp_listen().empty()) {
    const auto address = config::ParseListenAddress(control.tcp_listen());
    if (address.ok()) listen.loopback_tcp_port = address->port;
  }
  return listen;
}

std::vector<std::string> Problem(bool well, const std::string& reason) {
  return well ? std::vector<std::string>() : std::vector<std::string>{reason};
}

}  // namespace

struct Servers::Running {
  Running(const v1::SystemConfig& config, Parts given);

  ControlPlaneSetup MakeSetup();
  void AddSources();
  absl::Status StartHttp();

  const v1::SystemConfig system;
  const Parts parts;
  const absl::Time start = absl::Now();
  const std::map<int, int> cpu_nodes;
  LivePorts ports;
  LogLevels levels;
  ControlPlane control;
  MetricsCollector collector;
  std::unique_ptr<HttpServer> http;  // Null where there are no metrics.
};

Servers::Running::Running(const v1::SystemConfig& config, Parts given)
    : system(config),
      parts(std::move(given)),
      cpu_nodes(CpuNodes(parts.worker_cpus)),
      ports(*parts.ports, *parts.plan),
      levels(*parts.log),
      control(MakeSetup()) {
  AddSources();
}

ControlPlaneSetup Servers::Running::MakeSetup() {
  ControlPlaneSetup setup;
  setup.engine = parts.engine;
  setup.events = parts.events;
  setup.monitors = parts.monitors;
  setup.filters = parts.filters;
  setup.ports = &ports;
  setup.log = &levels;
  const Version version = ThisVersion();
  setup.facts.version = version.version;
  setup.facts.git_commit = version.git_commit;
  setup.facts.dpdk_version = version.dpdk_version;
  setup.facts.boot_id = NewBootId();
  setup.facts.start_time = start;
  setup.facts.features = {"drain", "metrics", "observe", "wire"};
  for (const int cpu : parts.worker_cpus) {
    setup.facts.workers.push_back(
        {static_cast<uint32_t>(cpu), NodeOf(cpu_nodes, cpu)});
  }
  setup.wall_time = WallTime(parts.now, start);
  setup.listen = ListenFor(system.control());
  setup.before_apply = parts.before_apply;
  return setup;
}

void Servers::Running::AddSources() {
  const Version version = ThisVersion();
  ControlSource::Parts counted;
  counted.applies = &control.apply_metrics();
  counted.observers = &parts.events->metrics();
  counted.calls = &control.rpc_metrics();
  counted.draining = [this] { return control.drain().draining(); };
  collector.Add(std::make_unique<ControlSource>(
      ControlSource::Facts{version.version, version.git_commit,
                           version.dpdk_version, absl::ToUnixNanos(start)},
      std::move(counted)));
  std::vector<EngineSource::Placement> placements;
  for (const int cpu : parts.worker_cpus) {
    placements.push_back({cpu, NodeOf(cpu_nodes, cpu)});
  }
  collector.Add(std::make_unique<EngineSource>(
      *parts.engine, std::move(placements), parts.tsc_hertz));
  collector.Add(std::make_unique<PolicySource>(*parts.engine));
  collector.Add(std::make_unique<PortSource>(*parts.ports));
}

absl::Status Servers::Running::StartHttp() {
  if (!MetricsEnabled(system.metrics())) return absl::OkStatus();
  const auto address =
      config::ParseListenAddress(MetricsListen(system.metrics()));
  if (!address.ok()) return address.status();
  HttpServer::Config config;
  config.address = address->address;
  config.port = address->port;
  HttpServer::Handlers handlers;
  handlers.metrics = [this] { return collector.Text(); };
  handlers.health_problems = [this] {
    const Health health = control.health();
    return Problem(health.alive, health.reason);
  };
  handlers.readiness_problems = [this] {
    const Health health = control.health();
    return Problem(health.ready, health.reason);
  };
  absl::StatusOr<std::unique_ptr<HttpServer>> started =
      HttpServer::Start(config, std::move(handlers));
  if (!started.ok()) return started.status();
  http = *std::move(started);
  return absl::OkStatus();
}

Servers::Servers(const v1::SystemConfig& system, Parts parts)
    : running_(std::make_unique<Running>(system, std::move(parts))) {}

Servers::~Servers() { running_->http.reset(); }

absl::Status Servers::Configure(const v1::Config& config) {
  return running_->control.Configure(config);
}

absl::Status Servers::Listen() {
  if (absl::Status folder =
          MakeSocketFolder(SocketPath(running_->system.control()));
      !folder.ok()) {
    return folder;
  }
  if (absl::Status listening = running_->control.Listen(); !listening.ok()) {
    return listening;
  }
  return running_->StartHttp();
}

uint64_t Servers::revision() const {
  return running_->control.applier().revision();
}

std::vector<std::string> Servers::Addresses() const {
  std::vector<std::string> addresses = {"API on unix:" +
                                        SocketPath(running_->system.control())};
  if (const uint16_t port = running_->control.loopback_tcp_port(); port > 0) {
    addresses.push_back("API on 127.0.0.1:" + std::to_string(port));
  }
  if (running_->http != nullptr) {
    addresses.push_back("metrics on " +
                        MetricsListen(running_->system.metrics()));
  }
  return addresses;
}

void Servers::BeginShutdown() { running_->control.BeginShutdown(); }

void Servers::Stop(std::chrono::steady_clock::time_point deadline) {
  running_->control.Stop(deadline);
  running_->http.reset();
}

}  // namespace mosaic
