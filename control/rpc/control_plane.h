// ControlPlane is the API of one daemon: the logic of control/core over an
// engine, and the gRPC server before it.
//
//   construct ─► Configure(seed) ─► [workers run] ─► Listen() ─► Stop(deadline)
//
//   client ─ socket ─► Acceptor ─► gRPC ─► service ─► control/core ─► Engine
//                      who, how many       decode,
//                                          one call, encode
//
// Ownership   Owns the server and the parts of control/core; borrows what
//             ControlPlaneSetup names. The engine's workers have ended before
//             it goes, since a task that it gave them may still be with them.
// Threading   Constructor, Configure(), Listen(), Stop() and destructor on one
//             thread; the rest on any. Calls of clients run on gRPC's threads,
//             ApiServer::kMaxThreads at most; three more are the control
//             plane's own: one accepts connections, one beats (health, drain),
//             and EventHub's. None is made before Listen(), so the CPUs that
//             the caller's thread may use then are those of them all.

#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/status.h"
#include "control/core/snapshot_builder.h"
#include "control/core/system_info.h"
#include "control/core/wall_time.h"
#include "control/rpc/health.h"
#include "control/rpc/listen_setup.h"
#include "mosaic/v1/config_service.pb.h"

namespace mosaic {

class Engine;
class EventHub;
class FilterCache;
class LogControl;
class MonitorDirectory;
class RpcMetrics;
struct ApplyMetrics;

struct ControlPlaneSetup {
  // Required. Their workers are as many as each other's, and the engine's
  // observers are the hub's taps. Nobody else configures the engine or starts
  // the hub.
  Engine* engine = nullptr;
  EventHub* events = nullptr;
  MonitorDirectory* monitors = nullptr;
  FilterCache* filters = nullptr;

  // Null: there are none to list, and none that could be down.
  PortDirectory* ports = nullptr;
  // Null: SetLogLevel answers UNIMPLEMENTED.
  LogControl* log = nullptr;

  SystemFacts facts;
  SnapshotDefaults defaults;
  WallTime wall_time;
  ListenSetup listen;

  // Called with a configuration that is about to be applied, before any worker
  // runs it; an error refuses it, FAILED_PRECONDITION. Here the daemon opens
  // the files of flow logs. May be empty.
  std::function<absl::Status(const v1::Config&)> before_apply;
};

class ControlPlane {
 public:
  explicit ControlPlane(ControlPlaneSetup setup);
  // Stops at once what was not stopped.
  ~ControlPlane();

  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  // Makes `seed` the configuration that the workers start with, so that their
  // first packet meets it. An error names the resource and the field; nothing
  // is applied then. REQUIRES: no worker runs yet, and none is started
  // meanwhile.
  absl::Status Configure(const v1::Config& seed);

  // Opens the sockets and serves. FAILED_PRECONDITION, and nothing is open, if
  // another process listens on the path, if the path is no socket, or if it
  // cannot be made; the message says what to do. Once. REQUIRES: workers run.
  absl::Status Listen();

  // From now on not ready; call it when the daemon begins to end. Everything is
  // still served.
  void BeginShutdown();

  // Ends: no new connections, streams get the events that are left and then
  // UNAVAILABLE, calls in progress their answer; what is not done by `deadline`
  // is cancelled. Removes the socket's file. No-op if it does not serve. Where
  // the workers have ended before, streams get the end of every flow.
  void Stop(std::chrono::steady_clock::time_point deadline);

  // How the daemon is; what gRPC's health service tells.
  Health health() const;

  // The port that was opened; 0 without loopback_tcp_port.
  uint16_t loopback_tcp_port() const;

  // For the metrics; live as long as this object.
  const RpcMetrics& rpc_metrics() const;
  const ApplyMetrics& apply_metrics() const;
  const Applier& applier() const;
  const DrainControl& drain() const;
  // Connections that were closed at once: of whom is not allowed, and above
  // Acceptor::kMaxConnections.
  uint64_t refused_connections() const;

 private:
  struct Parts;

  const std::unique_ptr<Parts> parts_;
};

}  // namespace mosaic
