#include "tests/support/live_engine.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/filter/self_check.h"
#include "nf/registry.h"
#include "tests/support/engine_harness.h"

namespace mosaic::testing {
namespace {

constexpr Timestamp kFirstTime =
    Timestamp::FromNanos(1'700'000'000'000'000'000);

// Takes every record and keeps none.
class NullSink : public RecordSink {
 public:
  bool Write(uint64_t, std::span<const char>) override { return true; }
};

}  // namespace

SentPackets::~SentPackets() {
  for (const Frame& frame : waiting_) delete[] frame.data;
}

void SentPackets::Add(const PacketBuilder& packet) {
  const PacketBuilder::Bytes bytes = packet.Build();
  Frame frame = {new uint8_t[bytes.size()],
                 static_cast<uint32_t>(bytes.size())};
  std::memcpy(frame.data, bytes.data(), bytes.size());
  const std::lock_guard lock(mutex_);
  waiting_.push_back(frame);
}

size_t SentPackets::Receive(std::span<Packet> burst) {
  const std::lock_guard lock(mutex_);
  const size_t count = std::min(burst.size(), waiting_.size());
  for (size_t i = 0; i < count; ++i) {
    Packet packet;
    packet.data = waiting_.front().data;
    packet.length = waiting_.front().length;
    packet.wire_length = packet.length;
    packet.index = next_index_++;
    packet.time =
        kFirstTime + Duration::Millis(static_cast<int64_t>(packet.index));
    packet.clock = packet.time;
    packet.owner = this;
    burst[i] = std::move(packet);
    waiting_.pop_front();
  }
  return count;
}

LiveEngine::LiveEngine(LiveEngineSetup setup)
    : filters_(CheckInThisProcess),
      events_(std::make_unique<EventHub>(setup.workers, monitors_,
                                         setup.tap_capacity)) {
  EngineConfig config;
  config.workers = setup.workers;
  config.worker.pipeline = EngineSetup().pipeline;
  config.worker.pipeline.limits.flows = 65'536;
  config.seed = {1, 2};
  for (size_t i = 0; i < setup.workers; ++i) {
    config.observers.push_back(&events_->tap(i));
  }
  engine_ = std::make_unique<Engine>(
      config,
      [make = std::move(setup.functions)](const NfInstance& instance, size_t)
          -> absl::StatusOr<std::unique_ptr<NetworkFunction>> {
        static NullSink sink;
        if (make) return make(instance);
        return MakeNetworkFunction(instance.type, {.records = &sink});
      },
      std::vector<PacketSource*>{&packets_});

  ControlPlaneSetup plane;
  plane.engine = engine_.get();
  plane.events = events_.get();
  plane.monitors = &monitors_;
  plane.filters = &filters_;
  plane.ports = setup.ports;
  plane.log = setup.log;
  plane.facts.version = "0.0-test";
  plane.facts.boot_id = NewBootId();
  plane.facts.workers.resize(setup.workers);
  plane.listen = std::move(setup.listen);
  plane_ = std::make_unique<ControlPlane>(std::move(plane));
  const absl::Status configured = plane_->Configure(setup.config);
  MOSAIC_CHECK(configured.ok());
  for (size_t i = 0; i < engine_->worker_count(); ++i) {
    workers_.emplace_back([this, i] { engine_->RunWorker(i); });
  }
  const absl::Status listening = plane_->Listen();
  MOSAIC_CHECK(listening.ok());
}

LiveEngine::~LiveEngine() {
  plane_->Stop(std::chrono::steady_clock::now());
  StopWorkers();
  plane_ = nullptr;
}

void LiveEngine::StopWorkers() {
  engine_->Stop();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

std::vector<PacketBuilder> PacketsOf(const ConnectionScript& script) {
  constexpr size_t kSegment = 1000;
  uint32_t client_seq = script.isn;
  uint32_t server_seq = script.isn;
  std::vector<PacketBuilder> packets;
  const auto length = [](uint8_t flags, const std::string& text) {
    const bool counts = (flags & (tcp_flag::kSyn | tcp_flag::kFin)) != 0;
    return static_cast<uint32_t>(text.size() + (counts ? 1 : 0));
  };
  const auto from_client = [&](uint8_t flags, const std::string& text = "") {
    PacketBuilder& packet = packets.emplace_back()
                                .Ipv4("10.0.0.1", "10.0.0.2")
                                .Tcp(script.client_port, script.server_port)
                                .Seq(client_seq)
                                .Flags(flags)
                                .Payload(text);
    if ((flags & tcp_flag::kAck) != 0) packet.Ack(server_seq);
    client_seq += length(flags, text);
  };
  const auto from_server = [&](uint8_t flags, const std::string& text = "") {
    packets.emplace_back()
        .Ipv4("10.0.0.2", "10.0.0.1")
        .Tcp(script.server_port, script.client_port)
        .Seq(server_seq)
        .Ack(client_seq)
        .Flags(flags)
        .Payload(text);
    server_seq += length(flags, text);
  };
  const auto in_segments = [&](size_t bytes, char letter, const auto& send) {
    for (size_t sent = 0; sent < bytes; sent += kSegment) {
      send(tcp_flag::kAck,
           std::string(std::min(kSegment, bytes - sent), letter));
    }
  };
  from_client(tcp_flag::kSyn);
  from_server(tcp_flag::kSyn | tcp_flag::kAck);
  from_client(tcp_flag::kAck);
  in_segments(script.client_bytes, 'c', from_client);
  in_segments(script.server_bytes, 's', from_server);
  if (script.close == ConnectionScript::Close::kFin) {
    from_client(tcp_flag::kFin | tcp_flag::kAck);
    from_server(tcp_flag::kFin | tcp_flag::kAck);
    from_client(tcp_flag::kAck);
  }
  return packets;
}

}  // namespace mosaic::testing
