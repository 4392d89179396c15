// LiveEngine is a daemon without ports, EAL and root: workers on threads of
// their own, fed with packets that a test sends, behind the whole control plane
// on a unix socket.
//
//   LiveEngine live;
//   live.Send(Syn(1000));              // The workers process it soon.
//   auto channel = ...("unix:" + live.socket_path());
//
// Ownership   Owns everything. Its destructor stops the control plane, then the
//             workers.
// Time        Packets carry times of their own, a millisecond apart.
// Threading   Send() from any thread.

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "control/core/event_hub.h"
#include "control/core/log_control.h"
#include "control/core/monitor_directory.h"
#include "control/rpc/control_plane.h"
#include "dataplane/engine/engine.h"
#include "dataplane/filter/filter_cache.h"
#include "dataplane/io/packet_source.h"
#include "tests/support/packet_builder.h"

namespace mosaic::testing {

// Packets that a test sends, one at a time.
class SentPackets : public PacketSource, public PacketOwner {
 public:
  ~SentPackets() override;

  void Add(const PacketBuilder& packet);

  size_t Receive(std::span<Packet> burst) override;
  State state() const override { return State::kActive; }
  void Release(Packet& packet) override { delete[] packet.data; }

 private:
  struct Frame {
    uint8_t* data;  // new[]
    uint32_t length;
  };
  std::mutex mutex_;
  std::deque<Frame> waiting_;  // mutex_
  uint64_t next_index_ = 0;    // The worker's.
};

struct LiveEngineSetup {
  size_t workers = 2;
  size_t tap_capacity = EventTap::kDefaultCapacity;
  ListenSetup listen;  // Without a path, the test has no socket.
  v1::Config config;
  // Makes the functions; null: those there are, which write to nowhere.
  std::function<std::unique_ptr<NetworkFunction>(const NfInstance&)> functions;
  PortDirectory* ports = nullptr;
  LogControl* log = nullptr;
};

class LiveEngine {
 public:
  // REQUIRES: the configuration is right, and the socket can be made.
  explicit LiveEngine(LiveEngineSetup setup);
  ~LiveEngine();

  LiveEngine(const LiveEngine&) = delete;
  LiveEngine& operator=(const LiveEngine&) = delete;

  void Send(const PacketBuilder& packet) { packets_.Add(packet); }
  // Ends all flows, with their events. Once.
  void StopWorkers();

  ControlPlane& plane() { return *plane_; }
  Engine& engine() { return *engine_; }
  EventHub& events() { return *events_; }

 private:
  SentPackets packets_;
  MonitorDirectory monitors_;
  FilterCache filters_;
  std::unique_ptr<EventHub> events_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<ControlPlane> plane_;
  std::vector<std::thread> workers_;
};

// A TCP connection from 10.0.0.1 to 10.0.0.2.
struct ConnectionScript {
  enum class Close : uint8_t { kFin, kOpen };

  uint16_t client_port = 1000;
  uint16_t server_port = 80;
  uint32_t isn = 1000;  // Of both ends. Another one makes another connection.
  size_t client_bytes = 0;  // Sent by whom, in segments of at most 1000.
  size_t server_bytes = 0;
  Close close = Close::kOpen;
};
// Its packets: the handshake, the client's data, the server's, both FINs.
std::vector<PacketBuilder> PacketsOf(const ConnectionScript& script);

}  // namespace mosaic::testing
