// The daemon itself through a channel: what it is, drain, log level, health,
// reflection, and the bounds of the server.

#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "control/rpc/api_server.h"
#include "control/rpc/rpc_metrics.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/dynamic_message.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/generic/generic_stub.h"
#include "tests/component/rpc/api_fixture.h"

namespace mosaic::testing {
namespace {

using ::grpc::health::v1::HealthCheckRequest;
using ::grpc::health::v1::HealthCheckResponse;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

// Two ports, the second of which can go down.
class TwoPorts : public PortDirectory {
 public:
  std::vector<v1::Port> Ports() override {
    std::vector<v1::Port> ports(2);
    ports[0].set_name("ports/in");
    ports[0].set_link_up(true);
    ports[1].set_name("ports/out");
    ports[1].set_link_up(out_up.load());
    return ports;
  }
  std::atomic<bool> out_up{true};
};

class OneLogger : public LogControl {
 public:
  Result<Levels> SetLevel(const std::string& component,
                          const std::string& level) override {
    if (!component.empty() && component != "rpc") {
      return InvalidFields({{"component", "there is only rpc"}});
    }
    if (!level.empty()) level_ = level;
    return Levels{{"rpc", level_}};
  }

 private:
  std::string level_ = "info";
};

class SystemApiTest : public ApiTest {
 protected:
  void StartSystem(LiveEngineSetup setup = DefaultSetup()) {
    Start(std::move(setup));
    system_ = v1::SystemService::NewStub(channel_);
    health_ = ::grpc::health::v1::Health::NewStub(channel_);
  }

  grpc::Status Check(const std::string& service,
                     HealthCheckResponse::ServingStatus* status = nullptr) {
    HealthCheckRequest request;
    request.set_service(service);
    HealthCheckResponse response;
    Context context;
    const grpc::Status result = health_->Check(&context, request, &response);
    if (status != nullptr) *status = response.status();
    return result;
  }
  void WaitFor(const std::string& service,
               HealthCheckResponse::ServingStatus wanted) {
    HealthCheckResponse::ServingStatus status;
    do {
      ASSERT_TRUE(Check(service, &status).ok());
    } while (status != wanted);
  }

  std::unique_ptr<v1::SystemService::Stub> system_;
  std::unique_ptr<::grpc::health::v1::Health::Stub> health_;
};

TEST_F(SystemApiTest, ItTellsWhatItIsAndHowItsWorkersAndPortsDo) {
  TwoPorts ports;
  LiveEngineSetup setup = DefaultSetup();
  setup.ports = &ports;
  StartSystem(std::move(setup));
  {
    Context context;
    v1::GetCapabilitiesResponse response;
    ASSERT_TRUE(system_->GetCapabilities(&context, {}, &response).ok());
    EXPECT_EQ(response.version(), "0.0-test");
    EXPECT_EQ(response.running_revision(), 1u);
    EXPECT_FALSE(response.draining());
  }
  {
    Context context;
    v1::ListCoresResponse response;
    ASSERT_TRUE(system_->ListCores(&context, {}, &response).ok());
    ASSERT_EQ(response.cores_size(), 2);
    EXPECT_EQ(response.cores(1).core(), 1u);
    EXPECT_EQ(response.cores(1).applied_revision(), 1u);
  }
  Context context;
  v1::ListPortsResponse response;
  ASSERT_TRUE(system_->ListPorts(&context, {}, &response).ok());
  ASSERT_EQ(response.ports_size(), 2);
  EXPECT_EQ(response.ports(0).name(), "ports/in");
  live_ = nullptr;  // Before the ports go.
}

TEST_F(SystemApiTest, LogLevelsAreReadAndSet) {
  OneLogger log;
  LiveEngineSetup setup = DefaultSetup();
  setup.log = &log;
  StartSystem(std::move(setup));
  v1::SetLogLevelRequest request;
  request.set_level("debug");
  v1::SetLogLevelResponse response;
  {
    Context context;
    ASSERT_TRUE(system_->SetLogLevel(&context, request, &response).ok());
    EXPECT_EQ(response.levels().at("rpc"), "debug");
  }
  request.set_component("disk");
  Context context;
  const grpc::Status status =
      system_->SetLogLevel(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(FieldsOf(status), ElementsAre("component"));
  live_ = nullptr;
}

TEST_F(SystemApiTest, WithoutALogThereAreNoLevels) {
  StartSystem();
  Context context;
  v1::SetLogLevelResponse response;
  EXPECT_EQ(system_->SetLogLevel(&context, {}, &response).error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(SystemApiTest, ADrainTellsItsProgressAndEndsWhatIsLeftWhenTimeIsUp) {
  StartSystem();
  Send(PacketsOf({.client_bytes = 10, .server_bytes = 10}));
  while (live_->engine().worker(0).counters().flows_created.Read() +
             live_->engine().worker(1).counters().flows_created.Read() ==
         0) {
    std::this_thread::yield();
  }
  WaitFor("mosaic.v1.ready", HealthCheckResponse::SERVING);

  v1::DrainRequest request;
  request.mutable_timeout()->set_nanos(100'000'000);
  request.set_end_remaining_flows(true);
  Context context;
  const auto drain = system_->Drain(&context, request);
  v1::DrainResponse progress;
  ASSERT_TRUE(drain->Read(&progress));
  EXPECT_EQ(progress.flows_remaining(), 1u);
  EXPECT_FALSE(progress.done());
  WaitFor("mosaic.v1.ready", HealthCheckResponse::NOT_SERVING);
  {
    Context second;
    const auto refused = system_->Drain(&second, request);
    EXPECT_FALSE(refused->Read(&progress));
    const grpc::Status status = refused->Finish();
    EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
    EXPECT_EQ(ReasonOf(status), "ALREADY_DRAINING");
    EXPECT_TRUE(DetailOf<google::rpc::PreconditionFailure>(status).has_value());
  }
  while (drain->Read(&progress)) {
  }
  EXPECT_TRUE(drain->Finish().ok());
  EXPECT_TRUE(progress.done());
  EXPECT_TRUE(progress.timed_out());
  EXPECT_EQ(progress.flows_remaining(), 0u);

  Context undrain;
  v1::UndrainResponse response;
  EXPECT_TRUE(system_->Undrain(&undrain, {}, &response).ok());
  WaitFor("mosaic.v1.ready", HealthCheckResponse::SERVING);
}

TEST_F(SystemApiTest, ADrainThatIsTakenBackTellsSo) {
  StartSystem();
  live_->Send(PacketBuilder().Flags(tcp_flag::kSyn));
  while (live_->engine().worker(0).counters().flows_created.Read() +
             live_->engine().worker(1).counters().flows_created.Read() ==
         0) {
    std::this_thread::yield();
  }
  Context context;
  const auto drain = system_->Drain(&context, {});
  v1::DrainResponse progress;
  ASSERT_TRUE(drain->Read(&progress));
  Context undrain;
  v1::UndrainResponse response;
  ASSERT_TRUE(system_->Undrain(&undrain, {}, &response).ok());
  while (drain->Read(&progress)) {
  }
  const grpc::Status status = drain->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  EXPECT_EQ(ReasonOf(status), "UNDRAINED");
}

TEST_F(SystemApiTest, ADrainsTimeoutHasBounds) {
  StartSystem();
  v1::DrainRequest request;
  request.mutable_timeout()->set_seconds(-1);
  Context context;
  const auto drain = system_->Drain(&context, request);
  v1::DrainResponse progress;
  EXPECT_FALSE(drain->Read(&progress));
  EXPECT_THAT(FieldsOf(drain->Finish()), ElementsAre("timeout"));
}

TEST_F(SystemApiTest, HealthFollowsThePortsAndWatchersAreTold) {
  TwoPorts ports;
  LiveEngineSetup setup = DefaultSetup();
  setup.ports = &ports;
  StartSystem(std::move(setup));
  WaitFor("", HealthCheckResponse::SERVING);
  WaitFor("mosaic.v1.ready", HealthCheckResponse::SERVING);

  HealthCheckRequest request;
  request.set_service("mosaic.v1.ready");
  Context context;
  const auto watch = health_->Watch(&context, request);
  HealthCheckResponse response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  ports.out_up = false;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(live_->plane().health().reason, "down: ports/out");
  EXPECT_TRUE(live_->plane().health().alive);

  live_->plane().Stop(std::chrono::steady_clock::now() +
                      std::chrono::seconds(20));
  EXPECT_FALSE(watch->Read(&response));
  EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  live_ = nullptr;
}

TEST_F(SystemApiTest, AWorkerThatHangsIsDead) {
  StartSystem();
  WaitFor("", HealthCheckResponse::SERVING);
  live_->StopWorkers();
  WaitFor("", HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(live_->plane().health().reason, "worker 0 does not go round");
}

TEST_F(SystemApiTest, NobodyKnowsTheHealthOfAnUnknownService) {
  StartSystem();
  EXPECT_EQ(Check("mosaic.v2").error_code(), grpc::StatusCode::NOT_FOUND);
  HealthCheckRequest request;
  request.set_service("mosaic.v2");
  Context context;
  const auto watch = health_->Watch(&context, request);
  HealthCheckResponse response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVICE_UNKNOWN);
  context.TryCancel();
}

// Calls without stubs, as grpcurl does.
std::vector<std::string> ServicesByReflection(
    const std::shared_ptr<grpc::Channel>& channel) {
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  const auto* type = pool->FindMessageTypeByName(
      "grpc.reflection.v1alpha.ServerReflectionRequest");
  const auto* answer_type = pool->FindMessageTypeByName(
      "grpc.reflection.v1alpha.ServerReflectionResponse");
  google::protobuf::DynamicMessageFactory factory;
  std::unique_ptr<google::protobuf::Message> request(
      factory.GetPrototype(type)->New());
  request->GetReflection()->SetString(
      request.get(), type->FindFieldByName("list_services"), "*");
  const std::string text = request->SerializeAsString();
  const grpc::Slice slice(text);
  const grpc::ByteBuffer sent(&slice, 1);

  grpc::CompletionQueue queue;
  Context context;
  grpc::GenericStub stub(channel);
  const auto call = stub.PrepareCall(
      &context,
      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  const auto wait = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  grpc::ByteBuffer received;
  call->StartCall(nullptr);
  EXPECT_TRUE(wait());
  call->Write(sent, nullptr);
  EXPECT_TRUE(wait());
  call->Read(&received, nullptr);
  EXPECT_TRUE(wait());
  context.TryCancel();
  grpc::Status status;
  call->Finish(&status, nullptr);
  EXPECT_TRUE(wait());

  grpc::Slice whole;
  EXPECT_TRUE(received.DumpToSingleSlice(&whole).ok());
  std::unique_ptr<google::protobuf::Message> answer(
      factory.GetPrototype(answer_type)->New());
  EXPECT_TRUE(
      answer->ParseFromArray(whole.begin(), static_cast<int>(whole.size())));
  const auto& list = answer->GetReflection()->GetMessage(
      *answer, answer_type->FindFieldByName("list_services_response"));
  const auto* services = list.GetDescriptor()->FindFieldByName("service");
  std::vector<std::string> names;
  for (int i = 0; i < list.GetReflection()->FieldSize(list, services); ++i) {
    const auto& service =
        list.GetReflection()->GetRepeatedMessage(list, services, i);
    names.push_back(service.GetReflection()->GetString(
        service, service.GetDescriptor()->FindFieldByName("name")));
  }
  return names;
}

TEST_F(SystemApiTest, ReflectionNamesEveryService) {
  StartSystem();
  EXPECT_THAT(
      ServicesByReflection(channel_),
      IsSupersetOf({"mosaic.v1.MonitorService", "mosaic.v1.NfService",
                    "mosaic.v1.ConfigService", "mosaic.v1.ObserverService",
                    "mosaic.v1.SystemService", "grpc.health.v1.Health"}));
}

TEST_F(SystemApiTest, EveryCallIsCountedByItsMethodAndCode) {
  StartSystem();
  EXPECT_TRUE(Check("").ok());
  EXPECT_FALSE(Check("mosaic.v2").ok());
  Context context;
  v1::DrainRequest request;
  request.mutable_timeout()->set_seconds(-1);
  EXPECT_FALSE(system_->Drain(&context, request)->Finish().ok());
  const auto read = [this](const std::string& method, absl::StatusCode code) {
    for (const auto& reading : live_->plane().rpc_metrics().Read()) {
      if (reading.method.method == method) {
        return reading.handled[static_cast<size_t>(code)];
      }
    }
    return uint64_t{99};
  };
  // A call is counted when the server is done with it, a little later.
  const auto wait_for = [&](const std::string& method, absl::StatusCode code) {
    while (read(method, code) == 0) std::this_thread::yield();
    EXPECT_EQ(read(method, code), 1u) << method;
  };
  wait_for("Check", absl::StatusCode::kOk);
  wait_for("Check", absl::StatusCode::kNotFound);
  wait_for("Drain", absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(read("ListCores", absl::StatusCode::kOk), 0u);
}

TEST_F(SystemApiTest, AMessageThatIsTooLargeIsRefused) {
  StartSystem();
  const auto monitors = v1::MonitorService::NewStub(channel_);
  v1::ValidateFilterRequest request;
  request.set_sample_packet(std::string(ApiServer::kMaxRequestBytes, 'x'));
  Context context;
  v1::ValidateFilterResponse response;
  const grpc::Status status =
      monitors->ValidateFilter(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("message larger than max"));
}

TEST_F(SystemApiTest, MetadataThatIsTooLargeIsRefused) {
  StartSystem();
  Context context;
  context.AddMetadata("much", std::string(ApiServer::kMaxMetadataBytes, 'x'));
  v1::ListCoresResponse response;
  EXPECT_EQ(system_->ListCores(&context, {}, &response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(SystemApiTest, OneConnectionHasSoManyCallsAndNoMore) {
  StartSystem();
  std::vector<std::unique_ptr<Context>> contexts;
  std::vector<std::unique_ptr<grpc::ClientReader<HealthCheckResponse>>> calls;
  HealthCheckResponse response;
  for (int i = 0; i < ApiServer::kMaxStreamsPerConnection; ++i) {
    contexts.push_back(std::make_unique<Context>());
    calls.push_back(health_->Watch(contexts.back().get(), {}));
    ASSERT_TRUE(calls.back()->Read(&response));
  }
  // One more waits at the client, and its deadline passes.
  Context waiting;
  waiting.set_deadline(std::chrono::system_clock::now() +
                       std::chrono::milliseconds(200));
  v1::ListCoresResponse cores;
  EXPECT_EQ(system_->ListCores(&waiting, {}, &cores).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  // Another connection is none the worse for it.
  Context other;
  const auto system = v1::SystemService::NewStub(NewChannel());
  EXPECT_TRUE(system->ListCores(&other, {}, &cores).ok());
  for (const auto& context : contexts) context->TryCancel();
}

TEST_F(SystemApiTest, WhoIsNotAllowedIsNotServed) {
  LiveEngineSetup setup = DefaultSetup();
  setup.listen.allowed_uids = {4'000'000'000u};
  StartSystem(std::move(setup));
  Context context;
  v1::ListCoresResponse response;
  EXPECT_EQ(system_->ListCores(&context, {}, &response).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_GE(live_->plane().refused_connections(), 1u);
}

TEST_F(SystemApiTest, TheLoopbackPortServesTheSameWhenItIsAskedFor) {
  LiveEngineSetup setup = DefaultSetup();
  setup.listen.loopback_tcp_port = 0;
  StartSystem(std::move(setup));
  const std::string address =
      "127.0.0.1:" + std::to_string(live_->plane().loopback_tcp_port());
  const auto system = v1::SystemService::NewStub(
      grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  Context context;
  v1::ListCoresResponse response;
  EXPECT_TRUE(system->ListCores(&context, {}, &response).ok());
  EXPECT_EQ(response.cores_size(), 2);
}

TEST_F(SystemApiTest, WhatIsStoppedLeavesNoSocketAndStartsAgain) {
  StartSystem();
  live_ = nullptr;
  struct stat found = {};
  EXPECT_NE(lstat(socket_path_.c_str(), &found), 0);
  StartSystem();
  EXPECT_TRUE(Check("").ok());
}

}  // namespace
}  // namespace mosaic::testing
