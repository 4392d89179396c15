// Policies of streams that are set through a channel, and what the engine then
// does with packets.

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "tests/component/rpc/api_fixture.h"

namespace mosaic::testing {
namespace {

using ::testing::HasSubstr;

// Asks for data and never fetches any.
class NeverFetches : public NetworkFunction {
 public:
  EventMask subscriptions() const override {
    return EventMask::Of(EventKind::kNewData, Hook::kNone);
  }
  bool peeks() const override { return true; }
  void Configure(std::shared_ptr<const NfConfig>) override {}
  Verdict OnEvent(const Event&, FlowView&) override {
    return Verdict::kForward;
  }
};

class PoliciesTest : public ApiTest {
 protected:
  PoliciesTest() {
    LiveEngineSetup setup;
    setup.workers = 1;
    setup.functions = [](const NfInstance&) {
      return std::make_unique<NeverFetches>();
    };
    v1::NfInstance& reader = *setup.config.add_nf_instances();
    reader.set_name("nfInstances/reader");
    reader.mutable_flow_log();
    v1::Monitor& monitor = *setup.config.add_monitors();
    monitor = StreamMonitorNamed("all");
    monitor.add_nf_instances(reader.name());
    monitor.mutable_server()->set_buffer_size_bytes(2048);
    Start(std::move(setup));
    monitors_ = v1::MonitorService::NewStub(channel_);
  }

  grpc::Status Update(const std::string& path,
                      const std::function<void(v1::SidePolicy&)>& set) {
    v1::UpdateMonitorRequest request;
    request.mutable_monitor()->set_name("monitors/all");
    set(*request.mutable_monitor()->mutable_server());
    request.mutable_update_mask()->add_paths(path);
    Context context;
    v1::UpdateMonitorResponse response;
    return monitors_->UpdateMonitor(&context, request, &response);
  }

  const CoreCounters& counters() {
    return live_->engine().worker(0).counters();
  }

  // Once the worker has processed so many packets in all.
  void SendAndWait(const std::vector<PacketBuilder>& packets) {
    Send(packets);
    sent_ += packets.size();
    const auto until =
        std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (counters().consumed_packets.Read() < sent_) {
      ASSERT_LT(std::chrono::steady_clock::now(), until);
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  std::unique_ptr<v1::MonitorService::Stub> monitors_;
  size_t sent_ = 0;
};

TEST_F(PoliciesTest, FullBufferStopsOrDropsTheOldestAsTheMonitorSays) {
  // Three segments, of which the third has no place.
  SendAndWait(PacketsOf({.client_port = 1, .client_bytes = 3000}));
  EXPECT_EQ(counters().unfetched_bytes.Read(), 0u);

  const grpc::Status status =
      Update("server.full_buffer", [](v1::SidePolicy& server) {
        server.set_full_buffer(v1::FULL_BUFFER_DROP_OLDEST);
      });
  ASSERT_TRUE(status.ok()) << status.error_message();
  SendAndWait(PacketsOf({.client_port = 2, .client_bytes = 3000}));
  EXPECT_EQ(counters().unfetched_bytes.Read(), 3000u - 2048u);
}

TEST_F(PoliciesTest, UrgentSegmentsAreTakenOrRefusedAsTheMonitorSays) {
  const auto refused = [this] {
    return counters()
        .refused_bytes[static_cast<size_t>(RefusedBytes::kUrgent)]
        .Read();
  };
  const auto urgent = [](uint16_t port) {
    std::vector<PacketBuilder> packets =
        PacketsOf({.client_port = port, .client_bytes = 10});
    packets.back().Urgent(1).Flags(tcp_flag::kAck | tcp_flag::kUrg);
    return packets;
  };
  SendAndWait(urgent(1));
  EXPECT_EQ(refused(), 0u);

  const grpc::Status status =
      Update("server.urgent_policy", [](v1::SidePolicy& server) {
        server.set_urgent_policy(v1::URGENT_POLICY_DROP);
      });
  ASSERT_TRUE(status.ok()) << status.error_message();
  SendAndWait(urgent(2));
  EXPECT_EQ(refused(), 10u);
}

TEST_F(PoliciesTest, ValueThatNoPolicyHasIsRefusedWithItsPlace) {
  const grpc::Status status =
      Update("server.urgent_policy", [](v1::SidePolicy& server) {
        server.set_urgent_policy(static_cast<v1::UrgentPolicy>(9));
      });
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(FieldsOf(status),
              ::testing::ElementsAre("monitor.server.urgent_policy"));
  EXPECT_THAT(status.error_message(), HasSubstr("9"));
}

}  // namespace
}  // namespace mosaic::testing
