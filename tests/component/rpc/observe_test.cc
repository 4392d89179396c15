// Live events through a channel: their order, what is told of loss, and what a
// client can do to a stream.

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/component/rpc/api_fixture.h"

namespace mosaic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// One call of Observe, read record by record.
class Observer {
 public:
  Observer(v1::ObserverService::Stub& stub, const v1::ObserveRequest& request)
      : reader_(stub.Observe(&context_, request)) {}

  // False at the end of the stream.
  bool Read() {
    if (!reader_->Read(&record_)) return false;
    EXPECT_EQ(record_.sequence(), ++records_) << record_.DebugString();
    return true;
  }
  // The next record that is an event; fails the test if there is none.
  const v1::FlowEvent& NextEvent() {
    do {
      if (!Read()) {
        ADD_FAILURE() << "the stream ended: " << Finish().error_message();
        record_.Clear();
        break;
      }
    } while (!record_.has_event());
    return record_.event();
  }
  grpc::Status Finish() { return reader_->Finish(); }

  const v1::ObserveResponse& record() const { return record_; }
  grpc::ClientContext& context() { return context_; }

 private:
  Context context_;
  std::unique_ptr<grpc::ClientReader<v1::ObserveResponse>> reader_;
  v1::ObserveResponse record_;
  uint64_t records_ = 0;
};

v1::ObserveRequest Kinds(const std::vector<v1::EventType>& types) {
  v1::ObserveRequest request;
  v1::EventFilter& filter = *request.add_allow();
  for (const v1::EventType type : types) filter.add_types(type);
  return request;
}

class ObserveTest : public ApiTest {
 protected:
  void StartObserved(LiveEngineSetup setup = DefaultSetup()) {
    Start(std::move(setup));
    stub_ = v1::ObserverService::NewStub(channel_);
  }

  std::unique_ptr<v1::ObserverService::Stub> stub_;
};

TEST_F(ObserveTest, AStreamTellsTheLifeOfAConnectionInOrder) {
  StartObserved();
  Observer observer(
      *stub_, Kinds({v1::EVENT_TYPE_CONNECTION_START, v1::EVENT_TYPE_NEW_DATA,
                     v1::EVENT_TYPE_CONNECTION_END}));
  ASSERT_TRUE(observer.Read());
  EXPECT_EQ(observer.record().stream_started().revision(), 1u);
  EXPECT_NE(observer.record().stream_started().boot_id(), "");

  Send(PacketsOf(
      {.client_port = 4000, .client_bytes = 300, .server_bytes = 500}));
  const v1::FlowEvent start = observer.NextEvent();
  EXPECT_EQ(start.type(), v1::EVENT_TYPE_CONNECTION_START);
  EXPECT_THAT(start.monitors(), ElementsAre("monitors/all"));
  EXPECT_EQ(start.key().client_address(), "10.0.0.1");
  EXPECT_EQ(start.key().client_port(), 4000u);
  EXPECT_EQ(start.key().server_address(), "10.0.0.2");
  EXPECT_EQ(start.key().server_port(), 80u);
  EXPECT_EQ(start.key().protocol(), v1::IP_PROTOCOL_TCP);
  EXPECT_EQ(observer.record().time().seconds(), 1'700'000'000);

  const v1::FlowEvent request = observer.NextEvent();
  EXPECT_EQ(request.type(), v1::EVENT_TYPE_NEW_DATA);
  EXPECT_EQ(request.side(), v1::SIDE_SERVER);
  EXPECT_EQ(request.length_bytes(), 300u);
  EXPECT_EQ(request.flow_id(), start.flow_id());
  const v1::FlowEvent answer = observer.NextEvent();
  EXPECT_EQ(answer.side(), v1::SIDE_CLIENT);
  EXPECT_EQ(answer.length_bytes(), 500u);

  live_->StopWorkers();
  const v1::FlowEvent end = observer.NextEvent();
  EXPECT_EQ(end.type(), v1::EVENT_TYPE_CONNECTION_END);
  EXPECT_EQ(end.flow_id(), start.flow_id());
}

TEST_F(ObserveTest, WhenTheDaemonEndsAStreamGetsEveryFlowsEndAndIsToldWhy) {
  StartObserved();
  Observer observer(*stub_, Kinds({v1::EVENT_TYPE_CONNECTION_END}));
  ASSERT_TRUE(observer.Read());
  constexpr int kFlows = 2000;
  for (uint16_t port = 1; port <= kFlows; ++port) {
    live_->Send(PacketBuilder().Tcp(port, 80).Flags(tcp_flag::kSyn));
  }
  while (live_->engine().worker(0).counters().rx_packets.Read() < kFlows) {
    std::this_thread::yield();
  }
  // A reader that keeps up, as the daemon ends.
  int ends = 0;
  grpc::Status status;
  std::thread reader([&] {
    while (observer.Read()) {
      if (observer.record().has_event()) {
        EXPECT_EQ(observer.record().event().end_reason(),
                  v1::END_REASON_SHUTDOWN);
        ++ends;
      }
    }
    status = observer.Finish();
  });
  live_->StopWorkers();
  live_->plane().Stop(std::chrono::steady_clock::now() +
                      std::chrono::seconds(20));
  reader.join();
  EXPECT_EQ(ends, kFlows);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(ReasonOf(status), "SHUTTING_DOWN");
  EXPECT_TRUE(DetailOf<google::rpc::RetryInfo>(status).has_value());
}

TEST_F(ObserveTest, AReaderThatIsSlowIsToldExactlyHowManyEventsItLost) {
  StartObserved();
  v1::ObserveRequest request = Kinds({v1::EVENT_TYPE_CONNECTION_START});
  request.set_max_queue_events(10);
  Observer slow(*stub_, request);
  Observer quick(*stub_, Kinds({v1::EVENT_TYPE_CONNECTION_START}));
  ASSERT_TRUE(slow.Read());
  ASSERT_TRUE(quick.Read());
  // Far more than sockets and queue hold together. In portions, so that the one
  // who reads keeps up.
  constexpr uint64_t kEvents = 40'000;
  uint64_t told_to_quick = 0;
  while (told_to_quick < kEvents) {
    for (int i = 0; i < 500; ++i) {
      const auto number =
          static_cast<uint32_t>(told_to_quick) + static_cast<uint32_t>(i);
      live_->Send(PacketBuilder()
                      .Tcp(static_cast<uint16_t>(1 + number), 80)
                      .Flags(tcp_flag::kSyn));
    }
    for (int i = 0; i < 500; ++i, ++told_to_quick) quick.NextEvent();
    ASSERT_FALSE(HasFailure());
  }
  // Only now the slow one reads.
  uint64_t events = 0;
  uint64_t lost = 0;
  while (events + lost < kEvents && slow.Read()) {
    if (slow.record().has_event()) ++events;
    if (slow.record().has_lost()) {
      EXPECT_EQ(slow.record().lost().point(), v1::LOSS_POINT_SUBSCRIBER_QUEUE);
      lost += slow.record().lost().count();
    }
  }
  EXPECT_EQ(events + lost, kEvents);
  EXPECT_GT(lost, 0u);
}

TEST_F(ObserveTest, AQuietStreamGetsHeartbeatsWithItsSums) {
  StartObserved();
  v1::ObserveRequest request = Kinds({v1::EVENT_TYPE_CONNECTION_START});
  request.mutable_heartbeat_interval()->set_nanos(100'000'000);
  Observer observer(*stub_, request);
  ASSERT_TRUE(observer.Read());
  live_->Send(PacketBuilder().Tcp(1, 80).Flags(tcp_flag::kSyn));
  observer.NextEvent();
  do {
    ASSERT_TRUE(observer.Read());
  } while (!observer.record().has_heartbeat());
  EXPECT_EQ(observer.record().heartbeat().events_sent(), 1u);
  EXPECT_EQ(observer.record().heartbeat().events_lost(), 0u);
}

TEST_F(ObserveTest, AStreamThatIsCancelledMakesRoomForAnother) {
  StartObserved();
  std::vector<std::unique_ptr<Observer>> open;
  for (size_t i = 0; i < EventHub::kMaxSubscribers; ++i) {
    open.push_back(std::make_unique<Observer>(*stub_, v1::ObserveRequest()));
    ASSERT_TRUE(open.back()->Read());
  }
  Observer refused(*stub_, {});
  EXPECT_FALSE(refused.Read());
  const grpc::Status status = refused.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(status), "TOO_MANY");
  const auto quota = DetailOf<google::rpc::QuotaFailure>(status);
  ASSERT_TRUE(quota.has_value());
  EXPECT_EQ(quota->violations(0).subject(), "streams");

  open.front()->context().TryCancel();
  EXPECT_FALSE(open.front()->Read());
  EXPECT_EQ(open.front()->Finish().error_code(), grpc::StatusCode::CANCELLED);
  while (live_->events().subscribers() == EventHub::kMaxSubscribers) {
    std::this_thread::yield();
  }
  Observer taken(*stub_, {});
  EXPECT_TRUE(taken.Read());
  for (auto& observer : open) observer->context().TryCancel();
  taken.context().TryCancel();
}

TEST_F(ObserveTest, AClientThatVanishesLeavesNothingBehind) {
  StartObserved();
  {
    auto channel = NewChannel();
    auto stub = v1::ObserverService::NewStub(channel);
    Observer observer(*stub, {});
    ASSERT_TRUE(observer.Read());
    EXPECT_EQ(live_->events().subscribers(), 1u);
    observer.context().TryCancel();
  }
  while (live_->events().subscribers() > 0) std::this_thread::yield();
}

TEST_F(ObserveTest, EveryFieldOfAWrongRequestIsTold) {
  StartObserved();
  v1::ObserveRequest request;
  request.add_allow()->add_types(static_cast<v1::EventType>(11));
  v1::FlowFilter& flow = *request.add_allow()->mutable_flow();
  flow.add_client_cidrs("10.0.0.0/8");
  flow.add_client_cidrs("10.0.0.1/8");
  flow.add_server_ports(70000);
  request.set_max_queue_events(65537);
  request.mutable_heartbeat_interval()->set_nanos(1);
  Observer observer(*stub_, request);
  EXPECT_FALSE(observer.Read());
  const grpc::Status status = observer.Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(FieldsOf(status),
              ElementsAre("allow[0].types[0]", "allow[1].flow.client_cidrs[1]",
                          "allow[1].flow.server_ports[0]", "max_queue_events",
                          "heartbeat_interval"));
}

TEST_F(ObserveTest, OnlyEventsOfTheFlowsThatAreAskedForAreTold) {
  StartObserved();
  v1::ObserveRequest request = Kinds({v1::EVENT_TYPE_CONNECTION_START});
  request.mutable_allow(0)->mutable_flow()->add_server_ports(443);
  request.mutable_allow(0)->mutable_flow()->add_monitors("monitors/all");
  request.add_deny()->mutable_flow()->add_client_cidrs("10.0.0.9");
  Observer observer(*stub_, request);
  ASSERT_TRUE(observer.Read());
  const auto syn = [](const char* from, uint16_t to_port) {
    return PacketBuilder()
        .Ipv4(from, "10.0.0.2")
        .Tcp(5, to_port)
        .Flags(tcp_flag::kSyn);
  };
  live_->Send(syn("10.0.0.1", 80));
  live_->Send(syn("10.0.0.9", 443));
  live_->Send(syn("10.0.0.1", 443));
  const v1::FlowEvent event = observer.NextEvent();
  EXPECT_EQ(event.key().client_address(), "10.0.0.1");
  EXPECT_EQ(event.key().server_port(), 443u);
  observer.context().TryCancel();
}

class FlowsTest : public ObserveTest {
 protected:
  FlowsTest() {
    StartObserved();
    for (uint16_t port = 1; port <= 5; ++port) {
      const uint16_t server_port = port == 5 ? 443 : 80;
      Send(PacketsOf({.client_port = port,
                      .server_port = server_port,
                      .client_bytes = 100,
                      .server_bytes = 2000}));
    }
    while (Received() < 5 * 6) std::this_thread::yield();
  }
  // Payload segments and all others of both directions, on both workers.
  uint64_t Received() {
    uint64_t packets = 0;
    for (size_t i = 0; i < live_->engine().worker_count(); ++i) {
      packets += live_->engine().worker(i).counters().consumed_packets.Read();
    }
    return packets;
  }
  grpc::Status List(const v1::ListFlowsRequest& request,
                    v1::ListFlowsResponse& response) {
    Context context;
    return stub_->ListFlows(&context, request, &response);
  }
};

TEST_F(FlowsTest, FlowsAreListedPageByPageEachOnce) {
  std::map<uint64_t, v1::Flow> flows;
  v1::ListFlowsRequest request;
  request.set_page_size(2);
  do {
    v1::ListFlowsResponse response;
    const grpc::Status status = List(request, response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    for (const v1::Flow& flow : response.flows()) {
      EXPECT_TRUE(flows.emplace(flow.flow_id(), flow).second);
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  ASSERT_EQ(flows.size(), 5u);
  const v1::Flow& first = flows.begin()->second;
  EXPECT_EQ(first.client().state(), v1::TCP_STATE_ESTABLISHED);
  EXPECT_EQ(first.client().payload_bytes(), 100u);
  EXPECT_EQ(first.server().payload_bytes(), 2000u);
  EXPECT_EQ(first.start_time().seconds(), 1'700'000'000);
}

TEST_F(FlowsTest, AFilterLimitsTheListAndAWrongOneIsToldWithItsPath) {
  v1::ListFlowsRequest request;
  request.mutable_filter()->add_server_ports(443);
  v1::ListFlowsResponse response;
  ASSERT_TRUE(List(request, response).ok());
  ASSERT_EQ(response.flows_size(), 1);
  EXPECT_EQ(response.flows(0).key().client_port(), 5u);

  request.mutable_filter()->add_server_cidrs("not an address");
  EXPECT_THAT(FieldsOf(List(request, response)),
              ElementsAre("filter.server_cidrs[0]"));
}

TEST_F(FlowsTest, AFlowIsFoundByItsKeyAndByItsId) {
  v1::GetFlowRequest request;
  request.mutable_key()->set_client_address("10.0.0.1");
  request.mutable_key()->set_server_address("10.0.0.2");
  request.mutable_key()->set_client_port(3);
  request.mutable_key()->set_server_port(80);
  request.mutable_key()->set_protocol(v1::IP_PROTOCOL_TCP);
  v1::GetFlowResponse by_key;
  {
    Context context;
    ASSERT_TRUE(stub_->GetFlow(&context, request, &by_key).ok());
  }
  v1::GetFlowRequest with_id;
  with_id.set_flow_id(by_key.flow().flow_id());
  v1::GetFlowResponse by_id;
  {
    Context context;
    ASSERT_TRUE(stub_->GetFlow(&context, with_id, &by_id).ok());
  }
  EXPECT_EQ(by_id.flow().key().client_port(), 3u);

  request.mutable_key()->set_client_port(9);
  Context context;
  EXPECT_EQ(stub_->GetFlow(&context, request, &by_id).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(FlowsTest, WorkersThatDoNotAnswerAreNamedBeforeTheClientGivesUp) {
  live_->StopWorkers();
  Context context;
  context.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::milliseconds(500));
  v1::ListFlowsResponse response;
  const grpc::Status status = stub_->ListFlows(&context, {}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(ReasonOf(status), "WORKER_SILENT");
  EXPECT_THAT(status.error_message(), HasSubstr("workers 0, 1"));
}

}  // namespace
}  // namespace mosaic::testing
