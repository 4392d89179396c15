// Monitors, network functions and the whole configuration, through a channel:
// what succeeds, and how each failure is told.

#include <string>

#include "tests/component/rpc/api_fixture.h"

namespace mosaic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class ConfigApiTest : public ApiTest {
 protected:
  ConfigApiTest() {
    Start(DefaultSetup());
    monitors_ = v1::MonitorService::NewStub(channel_);
    nfs_ = v1::NfService::NewStub(channel_);
    config_ = v1::ConfigService::NewStub(channel_);
  }

  grpc::Status Create(const std::string& id, const std::string& filter,
                      v1::CreateMonitorResponse& response) {
    v1::CreateMonitorRequest request;
    request.set_monitor_id(id);
    request.mutable_monitor()->set_type(v1::MONITOR_TYPE_STREAM);
    request.mutable_monitor()->mutable_syn_filter()->set_expression(filter);
    Context context;
    return monitors_->CreateMonitor(&context, request, &response);
  }

  grpc::Status CreateFirewall(const std::string& id) {
    v1::CreateNfInstanceRequest request;
    request.set_nf_instance_id(id);
    request.mutable_nf_instance()->mutable_firewall();
    Context context;
    v1::CreateNfInstanceResponse response;
    return nfs_->CreateNfInstance(&context, request, &response);
  }

  v1::GetConfigResponse Config() {
    Context context;
    v1::GetConfigResponse response;
    EXPECT_TRUE(config_->GetConfig(&context, {}, &response).ok());
    return response;
  }

  std::unique_ptr<v1::MonitorService::Stub> monitors_;
  std::unique_ptr<v1::NfService::Stub> nfs_;
  std::unique_ptr<v1::ConfigService::Stub> config_;
};

TEST_F(ConfigApiTest, AMonitorThatIsCreatedRunsOnEveryWorker) {
  v1::CreateMonitorResponse response;
  const grpc::Status status = Create("web", "tcp port 443", response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.monitor().name(), "monitors/web");
  EXPECT_NE(response.monitor().etag(), "");
  EXPECT_EQ(response.result().cores_applied(), 2u);
  EXPECT_EQ(response.result().revision(), Config().revision());
}

TEST_F(ConfigApiTest, AWrongFilterIsToldWithItsPathAndTheCompilersText) {
  const v1::GetConfigResponse before = Config();
  v1::CreateMonitorResponse response;
  const grpc::Status status = Create("web", "tcp prot 443", response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(status), "INVALID_FIELD");
  EXPECT_THAT(FieldsOf(status), ElementsAre("monitor.syn_filter.expression"));
  const auto detail = DetailOf<google::rpc::BadRequest>(status);
  EXPECT_THAT(detail->field_violations(0).description(), HasSubstr("prot"));
  EXPECT_EQ(Config().DebugString(), before.DebugString());
}

TEST_F(ConfigApiTest, EveryFieldThatIsWrongIsToldAtOnce) {
  v1::CreateMonitorRequest request;
  request.set_monitor_id("web");
  request.mutable_monitor()->set_type(v1::MONITOR_TYPE_STREAM);
  request.mutable_monitor()->set_priority(70000);
  request.mutable_monitor()->mutable_server()->set_buffer_size_bytes(1ull
                                                                     << 40);
  Context context;
  v1::CreateMonitorResponse response;
  const grpc::Status status =
      monitors_->CreateMonitor(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(FieldsOf(status),
              UnorderedElementsAre("monitor.priority",
                                   "monitor.server.buffer_size_bytes"));
}

TEST_F(ConfigApiTest, ANameThatIsTakenIsToldWithItsResource) {
  v1::CreateMonitorResponse response;
  const grpc::Status status = Create("all", "", response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::ALREADY_EXISTS);
  EXPECT_EQ(ReasonOf(status), "ALREADY_EXISTS");
  const auto resource = DetailOf<google::rpc::ResourceInfo>(status);
  ASSERT_TRUE(resource.has_value());
  EXPECT_EQ(resource->resource_type(), "mosaic.v1.Monitor");
  EXPECT_EQ(resource->resource_name(), "monitors/all");
}

TEST_F(ConfigApiTest, AMonitorCanBeReadChangedAndDeleted) {
  v1::GetMonitorRequest get;
  get.set_name("monitors/all");
  v1::GetMonitorResponse got;
  {
    Context context;
    ASSERT_TRUE(monitors_->GetMonitor(&context, get, &got).ok());
  }
  v1::UpdateMonitorRequest update;
  update.mutable_monitor()->set_name("monitors/all");
  update.mutable_monitor()->set_etag(got.monitor().etag());
  update.mutable_monitor()->set_priority(7);
  update.mutable_update_mask()->add_paths("priority");
  {
    Context context;
    v1::UpdateMonitorResponse updated;
    ASSERT_TRUE(monitors_->UpdateMonitor(&context, update, &updated).ok());
    EXPECT_EQ(updated.monitor().priority(), 7u);
    EXPECT_NE(updated.monitor().etag(), got.monitor().etag());
  }
  {
    Context context;
    v1::UpdateMonitorResponse updated;
    const grpc::Status stale =
        monitors_->UpdateMonitor(&context, update, &updated);
    EXPECT_EQ(stale.error_code(), grpc::StatusCode::ABORTED);
    EXPECT_EQ(ReasonOf(stale), "ETAG_MISMATCH");
  }
  {
    v1::DeleteMonitorRequest request;
    request.set_name("monitors/all");
    Context context;
    v1::DeleteMonitorResponse response;
    EXPECT_TRUE(monitors_->DeleteMonitor(&context, request, &response).ok());
  }
  Context context;
  const grpc::Status gone = monitors_->GetMonitor(&context, get, &got);
  EXPECT_EQ(gone.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(ReasonOf(gone), "NOT_FOUND");
}

TEST_F(ConfigApiTest, MonitorsAreListedPageByPage) {
  for (const char* id : {"b", "c"}) {
    v1::CreateMonitorResponse response;
    ASSERT_TRUE(Create(id, "", response).ok());
  }
  std::vector<std::string> names;
  v1::ListMonitorsRequest request;
  request.set_page_size(2);
  do {
    Context context;
    v1::ListMonitorsResponse response;
    ASSERT_TRUE(monitors_->ListMonitors(&context, request, &response).ok());
    for (const auto& monitor : response.monitors()) {
      names.push_back(monitor.name());
    }
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(names, ElementsAre("monitors/all", "monitors/b", "monitors/c"));

  request.set_page_token("forged");
  Context context;
  v1::ListMonitorsResponse response;
  const grpc::Status status =
      monitors_->ListMonitors(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(ReasonOf(status), "INVALID_PAGE_TOKEN");
}

TEST_F(ConfigApiTest, AFilterIsTriedOnASampleAndNothingIsInstalled) {
  const PacketBuilder::Bytes frame =
      PacketBuilder().Tcp(1000, 443).Flags(tcp_flag::kSyn).Build();
  v1::ValidateFilterRequest request;
  request.set_expression("tcp dst port 443");
  request.set_sample_packet(std::string(frame.begin(), frame.end()));
  v1::ValidateFilterResponse response;
  {
    Context context;
    ASSERT_TRUE(monitors_->ValidateFilter(&context, request, &response).ok());
  }
  EXPECT_TRUE(response.valid());
  EXPECT_TRUE(response.native());
  EXPECT_TRUE(response.sample_matches());
  EXPECT_GT(response.disassembly_size(), 3);
  EXPECT_THAT(response.disassembly(0), HasSubstr("(000) "));

  request.set_expression("tcp dst port 80");
  {
    Context context;
    ASSERT_TRUE(monitors_->ValidateFilter(&context, request, &response).ok());
  }
  EXPECT_TRUE(response.valid());
  EXPECT_FALSE(response.sample_matches());

  // A frame without IP reaches no monitor, so no filter matches it.
  request.set_expression("");
  request.set_use(v1::FILTER_USE_RAW);
  request.set_sample_packet("too short");
  Context context;
  ASSERT_TRUE(monitors_->ValidateFilter(&context, request, &response).ok());
  EXPECT_TRUE(response.valid());
  EXPECT_TRUE(response.has_sample_matches());
  EXPECT_FALSE(response.sample_matches());
}

TEST_F(ConfigApiTest, AFilterThatIsWrongIsAnAnswerAndOneThatIsTooLongAnError) {
  v1::ValidateFilterRequest request;
  request.set_expression("tcp and");
  v1::ValidateFilterResponse response;
  {
    Context context;
    ASSERT_TRUE(monitors_->ValidateFilter(&context, request, &response).ok());
  }
  EXPECT_FALSE(response.valid());
  EXPECT_THAT(response.error_message(), HasSubstr("syntax error"));
  EXPECT_FALSE(response.has_sample_matches());

  request.set_expression(std::string(8193, ' '));
  request.set_use(static_cast<v1::FilterUse>(9));
  Context context;
  const grpc::Status status =
      monitors_->ValidateFilter(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(FieldsOf(status), ElementsAre("expression", "use"));
}

TEST_F(ConfigApiTest, TheNetworkFunctionsOfTheBuildAreListed) {
  Context context;
  v1::ListNfTypesResponse response;
  ASSERT_TRUE(nfs_->ListNfTypes(&context, {}, &response).ok());
  ASSERT_EQ(response.types_size(), 2);
  EXPECT_EQ(response.types(0).name(), "firewall");
  EXPECT_EQ(response.types(1).name(), "flow_log");
  EXPECT_NE(response.types(1).description(), "");
}

TEST_F(ConfigApiTest, ANetworkFunctionThatAMonitorNamesStays) {
  ASSERT_TRUE(CreateFirewall("wall").ok());
  v1::UpdateMonitorRequest update;
  update.mutable_monitor()->set_name("monitors/all");
  update.mutable_monitor()->add_nf_instances("nfInstances/wall");
  {
    Context context;
    v1::UpdateMonitorResponse response;
    ASSERT_TRUE(monitors_->UpdateMonitor(&context, update, &response).ok());
  }
  v1::DeleteNfInstanceRequest request;
  request.set_name("nfInstances/wall");
  Context context;
  v1::DeleteNfInstanceResponse response;
  const grpc::Status status =
      nfs_->DeleteNfInstance(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ReasonOf(status), "STILL_REFERENCED");
  const auto detail = DetailOf<google::rpc::PreconditionFailure>(status);
  ASSERT_TRUE(detail.has_value());
  EXPECT_THAT(
      detail->violations(0).subject() + detail->violations(0).description(),
      HasSubstr("monitors/all"));
}

TEST_F(ConfigApiTest, ANetworkFunctionCanBeReadChangedAndDeleted) {
  ASSERT_TRUE(CreateFirewall("wall").ok());
  v1::GetNfInstanceRequest get;
  get.set_name("nfInstances/wall");
  {
    Context context;
    v1::GetNfInstanceResponse response;
    ASSERT_TRUE(nfs_->GetNfInstance(&context, get, &response).ok());
    EXPECT_EQ(response.nf_instance().state(), v1::NF_STATE_RUNNING);
  }
  {
    Context context;
    v1::ListNfInstancesResponse response;
    ASSERT_TRUE(nfs_->ListNfInstances(&context, {}, &response).ok());
    EXPECT_EQ(response.nf_instances_size(), 1);
  }
  v1::UpdateNfInstanceRequest update;
  update.mutable_nf_instance()->set_name("nfInstances/wall");
  update.mutable_nf_instance()->set_failure_policy(v1::FAILURE_POLICY_CLOSED);
  {
    Context context;
    v1::UpdateNfInstanceResponse response;
    ASSERT_TRUE(nfs_->UpdateNfInstance(&context, update, &response).ok());
    EXPECT_EQ(response.nf_instance().failure_policy(),
              v1::FAILURE_POLICY_CLOSED);
  }
  {
    v1::DeleteNfInstanceRequest request;
    request.set_name("nfInstances/wall");
    Context context;
    v1::DeleteNfInstanceResponse response;
    EXPECT_TRUE(nfs_->DeleteNfInstance(&context, request, &response).ok());
  }
  Context context;
  v1::GetNfInstanceResponse response;
  EXPECT_EQ(nfs_->GetNfInstance(&context, get, &response).error_code(),
            grpc::StatusCode::NOT_FOUND);
}

TEST_F(ConfigApiTest, ADryRunOfADocumentTellsWhatWouldChangeAndChangesNothing) {
  const v1::GetConfigResponse before = Config();
  v1::ApplyConfigRequest request;
  *request.mutable_config()->add_monitors() = StreamMonitorNamed("new");
  request.set_validate_only(true);
  Context context;
  v1::ApplyConfigResponse response;
  ASSERT_TRUE(config_->ApplyConfig(&context, request, &response).ok());
  EXPECT_TRUE(response.result().validated_only());
  EXPECT_EQ(response.result().cores_applied(), 0u);
  ASSERT_EQ(response.changes_size(), 2);
  EXPECT_EQ(response.changes(0).name(), "monitors/all");
  EXPECT_EQ(response.changes(0).kind(), v1::CHANGE_KIND_DELETED);
  EXPECT_EQ(response.changes(1).kind(), v1::CHANGE_KIND_CREATED);
  EXPECT_EQ(Config().DebugString(), before.DebugString());
}

TEST_F(ConfigApiTest, ADocumentIsAppliedAsAWholeOrNotAtAll) {
  v1::ApplyConfigRequest request;
  *request.mutable_config()->add_monitors() = StreamMonitorNamed("one");
  *request.mutable_config()->add_monitors() = StreamMonitorNamed("two");
  request.mutable_config()->mutable_monitors(1)->add_nf_instances(
      "nfInstances/missing");
  v1::ApplyConfigResponse response;
  {
    Context context;
    const grpc::Status status =
        config_->ApplyConfig(&context, request, &response);
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(status.error_message(), HasSubstr("nfInstances/missing"));
    EXPECT_EQ(Config().config().monitors(0).name(), "monitors/all");
  }
  request.mutable_config()->mutable_monitors(1)->clear_nf_instances();
  request.set_etag("stale");
  {
    Context context;
    const grpc::Status status =
        config_->ApplyConfig(&context, request, &response);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::ABORTED);
  }
  request.set_etag(Config().etag());
  Context context;
  ASSERT_TRUE(config_->ApplyConfig(&context, request, &response).ok());
  EXPECT_EQ(response.result().cores_applied(), 2u);
  EXPECT_EQ(Config().config().monitors_size(), 2);
}

}  // namespace
}  // namespace mosaic::testing
