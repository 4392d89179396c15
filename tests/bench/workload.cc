#include "tests/bench/workload.h"

#include <array>

#include "tests/bench/payload_digest.h"

namespace mosaic::bench {
namespace {

// Counts connections and their stream bytes; what each workload does.
class Counting : public NetworkFunction {
 public:
  explicit Counting(Results& results) : results_(results) {}

  EventMask subscriptions() const override {
    return EventMask::Of(EventKind::kConnectionStart, Hook::kSender) |
           EventMask::Of(EventKind::kConnectionEnd, Hook::kReceiver,
                         Side::kServer);
  }
  void Configure(std::shared_ptr<const NfConfig>) override {}

 protected:
  void Count(const Event& event, FlowView& flow) {
    if (event.kind == EventKind::kConnectionStart) {
      ++results_.connections_started;
    } else if (event.kind == EventKind::kConnectionEnd) {
      ++results_.connections_ended;
      results_.bytes_client_to_server +=
          flow.counters(Side::kClient).stream_bytes;
      results_.bytes_server_to_client +=
          flow.counters(Side::kServer).stream_bytes;
    }
  }
  Results& results_;
};

class EventsWorkload : public Counting {
 public:
  using Counting::Counting;
  EventMask subscriptions() const override {
    return Counting::subscriptions() |
           EventMask::Of(EventKind::kStateChange, Hook::kSender) |
           EventMask::Of(EventKind::kStateChange, Hook::kReceiver);
  }
  [[nodiscard]] Verdict OnEvent(const Event& event, FlowView& flow) override {
    if (event.kind == EventKind::kStateChange) {
      ++results_.state_changes;
    } else {
      Count(event, flow);
    }
    return Verdict::kForward;
  }
};

class ReadWorkload : public Counting {
 public:
  using Counting::Counting;
  EventMask subscriptions() const override {
    return Counting::subscriptions() |
           EventMask::Of(EventKind::kNewData, Hook::kNone);
  }
  [[nodiscard]] Verdict OnEvent(const Event& event, FlowView& flow) override {
    if (event.kind == EventKind::kNewData) {
      results_.payload.Add(event.data);
    } else {
      Count(event, flow);
    }
    return Verdict::kForward;
  }
};

class CrcWorkload : public Counting {
 public:
  using Counting::Counting;
  EventMask subscriptions() const override {
    return Counting::subscriptions() |
           EventMask::Of(EventKind::kNewData, Hook::kNone);
  }
  ContextLayout context_layout() const override { return {sizeof(Context)}; }
  [[nodiscard]] Verdict OnEvent(const Event& event, FlowView& flow) override {
    if (event.kind == EventKind::kNewData) {
      uint32_t& crc = flow.Context<Context>()[Index(event.side)];
      crc = ~Crc32c(~crc, event.data);
      return Verdict::kForward;
    }
    if (event.kind == EventKind::kConnectionEnd) {
      for (uint32_t crc : flow.Context<Context>())
        results_.crc32c_sum += ~crc & 0xffffffff;
    }
    Count(event, flow);
    return Verdict::kForward;
  }

 private:
  // Kept inverted, so that a cleared context is the initial value.
  using Context = std::array<uint32_t, kSides>;
};

}  // namespace

std::optional<Workload> WorkloadOf(std::string_view name) {
  if (name == "floor") return Workload::kFloor;
  if (name == "events") return Workload::kEvents;
  if (name == "read") return Workload::kRead;
  if (name == "crc") return Workload::kCrc;
  return std::nullopt;
}

void Results::Add(const Results& other) {
  connections_started += other.connections_started;
  connections_ended += other.connections_ended;
  bytes_client_to_server += other.bytes_client_to_server;
  bytes_server_to_client += other.bytes_server_to_client;
  payload.bytesum += other.payload.bytesum;
  crc32c_sum += other.crc32c_sum;
  state_changes += other.state_changes;
  payload.xor8 ^= other.payload.xor8;
}

std::unique_ptr<NetworkFunction> MakeWorkload(Workload workload,
                                              Results& results) {
  switch (workload) {
    case Workload::kRead:
      return std::make_unique<ReadWorkload>(results);
    case Workload::kCrc:
      return std::make_unique<CrcWorkload>(results);
    case Workload::kEvents:
    case Workload::kFloor:
      break;
  }
  return std::make_unique<EventsWorkload>(results);
}

}  // namespace mosaic::bench
