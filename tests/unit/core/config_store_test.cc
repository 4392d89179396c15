#include "control/core/config_store.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/core/core_harness.h"

namespace mosaic {
namespace {

using testing::CoreHarness;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Parse;

constexpr char kUuid[] = "f81d4fae-7dec-11d0-a765-00a0c91e6bf6";

auto Create(CoreHarness& core, const std::string& id, const std::string& rest,
            const std::string& request = "") {
  return core.store.CreateMonitor(Parse<v1::CreateMonitorRequest>(
      "monitor_id: '" + id + "' monitor { type: MONITOR_TYPE_STREAM " + rest +
      " } " + request));
}

auto Update(CoreHarness& core, const std::string& monitor,
            const std::string& rest = "") {
  return core.store.UpdateMonitor(Parse<v1::UpdateMonitorRequest>(
      "monitor { name: 'monitors/m' " + monitor + " } " + rest));
}

auto Delete(CoreHarness& core, const std::string& request) {
  return core.store.DeleteMonitor(Parse<v1::DeleteMonitorRequest>(request));
}

auto CreateNf(CoreHarness& core, const std::string& id,
              const std::string& config = "firewall { }",
              const std::string& request = "") {
  return core.store.CreateNfInstance(Parse<v1::CreateNfInstanceRequest>(
      "nf_instance_id: '" + id + "' nf_instance { " + config + " } " +
      request));
}

v1::Monitor Stored(CoreHarness& core, const std::string& name = "monitors/m") {
  v1::GetMonitorRequest request;
  request.set_name(name);
  const auto got = core.store.GetMonitor(request);
  EXPECT_TRUE(got.ok());
  return got.ok() ? got.value().monitor() : v1::Monitor();
}

template <typename Answer>
void ExpectInvalid(const Answer& answer, const std::string& path) {
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, absl::StatusCode::kInvalidArgument);
  ASSERT_FALSE(answer.error().fields.empty());
  EXPECT_EQ(answer.error().fields[0].path, path);
}

template <typename Answer>
void ExpectError(const Answer& answer, absl::StatusCode code,
                 const char* reason) {
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, code) << answer.error().message;
  EXPECT_EQ(answer.error().reason, reason);
}

TEST(ConfigStoreTest, WhatIsCreatedIsReadAgainAndRunsOnEveryWorker) {
  CoreHarness core(2);
  const auto created =
      Create(core, "m", "priority: 3 server { buffer_size_bytes: 0 }");
  ASSERT_TRUE(created.ok());
  EXPECT_EQ(created.value().result().revision(), 1u);
  EXPECT_EQ(created.value().result().cores_applied(), 2u);
  const v1::Monitor& monitor = created.value().monitor();
  EXPECT_EQ(monitor.name(), "monitors/m");
  EXPECT_EQ(monitor.priority(), 3u);
  EXPECT_TRUE(monitor.server().has_buffer_size_bytes());
  EXPECT_FALSE(monitor.etag().empty());
  EXPECT_TRUE(monitor.has_create_time());
  EXPECT_EQ(Stored(core).SerializeAsString(), monitor.SerializeAsString());
  EXPECT_EQ(core.engine->worker(1).link().running_revision.load(), 1u);
}

TEST(ConfigStoreTest, CreateSaysWhatIsWrongWithIdAndName) {
  CoreHarness core;
  ExpectInvalid(Create(core, "", ""), "monitor_id");
  ExpectInvalid(Create(core, "Big", ""), "monitor_id");
  ExpectInvalid(Create(core, "m", "name: 'monitors/other'"), "monitor.name");
  ExpectInvalid(core.store.CreateMonitor(
                    Parse<v1::CreateMonitorRequest>("monitor_id: 'm'")),
                "monitor");
  ASSERT_TRUE(Create(core, "m", "name: 'monitors/m'").ok());
  const auto again = Create(core, "m", "");
  ExpectError(again, absl::StatusCode::kAlreadyExists,
              error_reason::kAlreadyExists);
  EXPECT_EQ(again.error().resource->name, "monitors/m");
}

TEST(ConfigStoreTest, PathsOfErrorsAreTheCallersWhateverElseIsStored) {
  CoreHarness core;
  ASSERT_TRUE(Create(core, "a", "").ok());
  ASSERT_TRUE(Create(core, "z", "").ok());
  ExpectInvalid(Create(core, "m", "server { buffer_size_bytes: 99999999 }"),
                "monitor.server.buffer_size_bytes");
  const auto filter = Create(core, "m", "syn_filter { expression: 'tcp prt' }");
  ExpectInvalid(filter, "monitor.syn_filter.expression");
  EXPECT_THAT(filter.error().message, HasSubstr("syntax error"));
  ExpectInvalid(Create(core, "m", "stop_policies { }"),
                "monitor.stop_policies[0]");
}

TEST(ConfigStoreTest, WhatTwoInstancesMayNotShareIsToldOfTheOneThatIsWritten) {
  CoreHarness core;
  ASSERT_TRUE(CreateNf(core, "b", "flow_log { output_path: '/x' }").ok());
  const auto same = CreateNf(core, "a", "flow_log { output_path: '/x' }");
  ExpectInvalid(same, "nf_instance.flow_log.output_path");
  EXPECT_THAT(same.error().message,
              HasSubstr("is taken by nfInstances/b.flow_log.output_path"));
}

TEST(ConfigStoreTest, AnInstanceThatIsNotThereIsAFailedPrecondition) {
  CoreHarness core;
  const auto created = Create(core, "m", "nf_instances: 'nfInstances/f'");
  ExpectError(created, absl::StatusCode::kFailedPrecondition,
              error_reason::kMissingReference);
  EXPECT_EQ(created.error().fields[0].path, "monitor.nf_instances[0]");
  EXPECT_EQ(created.error().preconditions[0].subject, "nfInstances/f");
  // What is simply wrong comes first.
  ExpectInvalid(
      Create(core, "m", "priority: 70000 nf_instances: 'nfInstances/f'"),
      "monitor.priority");
}

TEST(ConfigStoreTest, AnInstanceThatAMonitorNamesIsNotDeleted) {
  CoreHarness core;
  ASSERT_TRUE(CreateNf(core, "f").ok());
  ASSERT_TRUE(Create(core, "m", "nf_instances: 'nfInstances/f'").ok());
  const auto deletion =
      Parse<v1::DeleteNfInstanceRequest>("name: 'nfInstances/f'");
  const auto refused = core.store.DeleteNfInstance(deletion);
  ExpectError(refused, absl::StatusCode::kFailedPrecondition,
              error_reason::kStillReferenced);
  EXPECT_EQ(refused.error().preconditions[0].subject, "monitors/m");
  ASSERT_TRUE(Delete(core, "name: 'monitors/m'").ok());
  EXPECT_TRUE(core.store.DeleteNfInstance(deletion).ok());
}

TEST(ConfigStoreTest, AStaleEtagAbortsAndChangesNothing) {
  CoreHarness core;
  ASSERT_TRUE(Create(core, "m", "priority: 1").ok());
  const std::string first = Stored(core).etag();
  ASSERT_TRUE(Update(core, "priority: 2 etag: '" + first + "'").ok());
  const auto stale = Update(core, "priority: 3 etag: '" + first + "'");
  ExpectError(stale, absl::StatusCode::kAborted, error_reason::kEtagMismatch);
  EXPECT_EQ(stale.error().resource->name, "monitors/m");
  EXPECT_EQ(Stored(core).priority(), 2u);
  ExpectError(Delete(core, "name: 'monitors/m' etag: '" + first + "'"),
              absl::StatusCode::kAborted, error_reason::kEtagMismatch);
  EXPECT_EQ(
      core.metrics.applies[static_cast<size_t>(ApplyOutcome::kConflict)].Read(),
      2u);
}

TEST(ConfigStoreTest, AnEtagDiffersAfterAChangeThereAndBack) {
  CoreHarness core;
  ASSERT_TRUE(Create(core, "m", "priority: 1").ok());
  const std::string first = Stored(core).etag();
  ASSERT_TRUE(Update(core, "priority: 2").ok());
  ASSERT_TRUE(Update(core, "priority: 1").ok());
  EXPECT_NE(Stored(core).etag(), first);
}

TEST(ConfigStoreTest, WritesToOneResourceLeaveTheEtagsOfOthersAlone) {
  CoreHarness core;
  ASSERT_TRUE(Create(core, "m", "").ok());
  const v1::Monitor before = Stored(core);
  core.clock.Advance(absl::Seconds(5));
  ASSERT_TRUE(Create(core, "other", "").ok());
  EXPECT_EQ(Stored(core).SerializeAsString(), before.SerializeAsString());
  core.clock.Advance(absl::Seconds(5));
  ASSERT_TRUE(Update(core, "priority: 2").ok());
  EXPECT_EQ(Stored(core).create_time().seconds(),
            before.create_time().seconds());
  EXPECT_EQ(Stored(core).update_time().seconds(),
            before.update_time().seconds() + 10);
}

TEST(ConfigStoreTest, AnEqualUpdateMakesNoRevision) {
  CoreHarness core;
  ASSERT_TRUE(Create(core, "m", "priority: 1").ok());
  const v1::Monitor before = Stored(core);
  const auto updated = Update(core, "priority: 1");
  ASSERT_TRUE(updated.ok());
  EXPECT_EQ(updated.value().result().revision(), 1u);
  EXPECT_EQ(updated.value().result().cores_applied(), 2u);
  EXPECT_EQ(core.applier.revision(), 1u);
  EXPECT_EQ(Stored(core).etag(), before.etag());
}

TEST(ConfigStoreTest, ServerSetFieldsOfARequestAreIgnored) {
  CoreHarness core;
  ASSERT_TRUE(Create(core, "m",
                     "etag: 'x' create_time { seconds: 7 } update_time { "
                     "seconds: 7 }")
                  .ok());
  EXPECT_NE(Stored(core).etag(), "x");
  EXPECT_NE(Stored(core).create_time().seconds(), 7);
}

TEST(ConfigStoreTest, UpdateAndDeleteOfWhatIsNotThere) {
  CoreHarness core;
  ExpectError(Update(core, "type: MONITOR_TYPE_STREAM"),
              absl::StatusCode::kNotFound, error_reason::kNotFound);
  ExpectError(Delete(core, "name: 'monitors/m'"), absl::StatusCode::kNotFound,
              error_reason::kNotFound);
  EXPECT_TRUE(Delete(core, "name: 'monitors/m' allow_missing: true").ok());
  const auto made =
      Update(core, "type: MONITOR_TYPE_STREAM priority: 5",
             "allow_missing: true update_mask { paths: 'disabled' }");
  ASSERT_TRUE(made.ok());
  EXPECT_EQ(Stored(core).priority(), 5u) << "the mask is ignored then";
  ExpectInvalid(core.store.UpdateMonitor(v1::UpdateMonitorRequest()),
                "monitor");
  ExpectInvalid(Delete(core, "name: 'nfInstances/f'"), "name");
}

TEST(ConfigStoreTest, ADryRunFailsAsTheRealCallAndChangesNothing) {
  CoreHarness core;
  ExpectInvalid(Create(core, "m", "priority: 70000", "validate_only: true"),
                "monitor.priority");
  const auto dry = Create(core, "m", "priority: 7", "validate_only: true");
  ASSERT_TRUE(dry.ok());
  EXPECT_TRUE(dry.value().result().validated_only());
  EXPECT_EQ(dry.value().result().cores_applied(), 0u);
  EXPECT_EQ(dry.value().monitor().priority(), 7u);
  EXPECT_TRUE(dry.value().monitor().etag().empty());
  EXPECT_EQ(core.applier.revision(), 0u);
  ASSERT_TRUE(Create(core, "m", "").ok());
  ExpectError(Create(core, "m", "", "validate_only: true"),
              absl::StatusCode::kAlreadyExists, error_reason::kAlreadyExists);
  ExpectError(Delete(core, "name: 'monitors/m' etag: 'no' validate_only: true"),
              absl::StatusCode::kAborted, error_reason::kEtagMismatch);
  ASSERT_TRUE(Delete(core, "name: 'monitors/m' validate_only: true").ok());
  EXPECT_EQ(Stored(core).name(), "monitors/m");
}

TEST(ConfigStoreTest, ARequestThatIsSentAgainGetsTheSameAnswer) {
  CoreHarness core;
  const std::string id = absl::StrCat("request_id: '", kUuid, "'");
  const auto first = Create(core, "m", "", id);
  ASSERT_TRUE(first.ok());
  const auto again = Create(core, "m", "", id);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(first.value().SerializeAsString(),
            again.value().SerializeAsString());
  EXPECT_EQ(core.applier.revision(), 1u);
  ExpectError(Create(core, "other", "", id), absl::StatusCode::kInvalidArgument,
              error_reason::kRequestIdReused);
  ExpectInvalid(Create(core, "x", "", "request_id: 'no-uuid'"), "request_id");

  core.clock.Advance(absl::Minutes(10));
  ExpectError(Create(core, "m", "", id), absl::StatusCode::kAlreadyExists,
              error_reason::kAlreadyExists);
}

TEST(ConfigStoreTest, ARequestThatFailedMayBeSentAgain) {
  CoreHarness core;
  const std::string id = absl::StrCat("request_id: '", kUuid, "'");
  core.frozen = {1};
  ExpectError(Create(core, "m", "", id), absl::StatusCode::kDeadlineExceeded,
              error_reason::kWorkerSilent);
  EXPECT_EQ(core.store.GetConfig().config().monitors_size(), 0);
  core.frozen.clear();
  EXPECT_TRUE(Create(core, "m", "", id).ok());
}

TEST(ConfigStoreTest, AnUnknownLiveFlowsIsRefused) {
  CoreHarness core;
  v1::CreateMonitorRequest request =
      Parse<v1::CreateMonitorRequest>("monitor_id: 'm' monitor { }");
  request.set_live_flows(static_cast<v1::LiveFlows>(3));
  ExpectInvalid(core.store.CreateMonitor(request), "live_flows");
}

TEST(ConfigStoreTest, ListsArePagedInOrderOfTheNames) {
  CoreHarness core;
  for (const char* id : {"c", "a", "d", "b"}) {
    ASSERT_TRUE(Create(core, id, "").ok());
  }
  const auto first =
      core.store.ListMonitors(Parse<v1::ListMonitorsRequest>("page_size: 2"));
  ASSERT_TRUE(first.ok());
  ASSERT_EQ(first.value().monitors_size(), 2);
  EXPECT_EQ(first.value().monitors(1).name(), "monitors/b");
  // What goes and comes before the place does not move it.
  ASSERT_TRUE(Delete(core, "name: 'monitors/b'").ok());
  v1::ListMonitorsRequest next;
  next.set_page_token(first.value().next_page_token());
  const auto second = core.store.ListMonitors(next);
  ASSERT_TRUE(second.ok());
  ASSERT_EQ(second.value().monitors_size(), 2);
  EXPECT_EQ(second.value().monitors(0).name(), "monitors/c");
  EXPECT_TRUE(second.value().next_page_token().empty());

  ExpectInvalid(
      core.store.ListMonitors(Parse<v1::ListMonitorsRequest>("page_size: -1")),
      "page_size");
  ExpectInvalid(core.store.ListMonitors(
                    Parse<v1::ListMonitorsRequest>("page_size: 1001")),
                "page_size");
  v1::ListNfInstancesRequest foreign;
  foreign.set_page_token(first.value().next_page_token());
  ExpectInvalid(core.store.ListNfInstances(foreign), "page_token");
  next.set_page_token("?");
  ExpectInvalid(core.store.ListMonitors(next), "page_token");
}

TEST(ConfigStoreTest, TheBoundOfMonitorsIsAQuota) {
  CoreHarness core;
  std::string all;
  for (int i = 0; i < 64; ++i) {
    absl::StrAppend(&all, "monitors { name: 'monitors/m", i,
                    "' type: MONITOR_TYPE_RAW } ");
  }
  ASSERT_TRUE(core.Apply(all).ok());
  const auto created = Create(core, "more", "");
  ExpectError(created, absl::StatusCode::kResourceExhausted,
              error_reason::kTooMany);
  EXPECT_EQ(created.error().quotas[0].subject, "monitors");
}

TEST(ConfigStoreTest, AnInstanceIsReadWithItsStateAndCounters) {
  CoreHarness core;
  ASSERT_TRUE(CreateNf(core, "f").ok());
  const auto got = core.store.GetNfInstance(
      Parse<v1::GetNfInstanceRequest>("name: 'nfInstances/f'"));
  ASSERT_TRUE(got.ok());
  EXPECT_EQ(got.value().nf_instance().state(), v1::NF_STATE_RUNNING);
  EXPECT_EQ(got.value().nf_instance().counters(0).name(), "faults");
}

TEST(ConfigStoreTest, TheTypeOfAnInstanceChangesByItsMask) {
  CoreHarness core;
  ASSERT_TRUE(CreateNf(core, "f").ok());
  const auto updated =
      core.store.UpdateNfInstance(Parse<v1::UpdateNfInstanceRequest>(
          "nf_instance { name: 'nfInstances/f' flow_log { payload_digests: "
          "true } }"));
  ASSERT_TRUE(updated.ok());
  EXPECT_TRUE(updated.value().nf_instance().flow_log().payload_digests());
}

// ApplyConfig.

constexpr char kDocument[] =
    "monitors { name: 'monitors/a' type: MONITOR_TYPE_STREAM nf_instances: "
    "'nfInstances/f' } monitors { name: 'monitors/b' type: "
    "MONITOR_TYPE_STREAM } nf_instances { name: 'nfInstances/f' firewall { } "
    "}";

std::vector<std::string> Texts(const v1::ApplyConfigResponse& response) {
  std::vector<std::string> texts;
  for (const v1::Change& change : response.changes()) {
    std::string text =
        v1::ChangeKind_Name(change.kind()).substr(12) + " " + change.name();
    for (const std::string& path : change.paths()) text += " " + path;
    texts.push_back(text);
  }
  return texts;
}

TEST(ApplyConfigTest, ReplaceMakesTheDocumentAllThereIs) {
  CoreHarness core;
  ASSERT_TRUE(core.Apply(kDocument).ok());
  const auto applied = core.Apply(
      "monitors { name: 'monitors/b' type: MONITOR_TYPE_STREAM priority: 4 "
      "server { buffer_size_bytes: 0 } } monitors { name: 'monitors/c' type: "
      "MONITOR_TYPE_RAW }");
  ASSERT_TRUE(applied.ok());
  EXPECT_THAT(
      Texts(applied.value()),
      ElementsAre("DELETED monitors/a", "UPDATED monitors/b priority server",
                  "CREATED monitors/c", "DELETED nfInstances/f"));
  EXPECT_EQ(core.store.GetConfig().config().monitors_size(), 2);
  EXPECT_EQ(core.store.GetConfig().revision(), 2u);
}

TEST(ApplyConfigTest, MergeLeavesTheRest) {
  CoreHarness core;
  ASSERT_TRUE(core.Apply(kDocument).ok());
  const auto applied = core.Apply(
      "monitors { name: 'monitors/b' type: MONITOR_TYPE_STREAM server { "
      "retain: RETAIN_UNACKED } }",
      "mode: APPLY_MODE_MERGE");
  ASSERT_TRUE(applied.ok());
  EXPECT_THAT(Texts(applied.value()), ElementsAre("UPDATED monitors/b server"));
  EXPECT_EQ(core.store.GetConfig().config().monitors_size(), 2);
}

TEST(ApplyConfigTest, ChangedPathsReachBelowMessages) {
  CoreHarness core;
  const std::string begin =
      "monitors { name: 'monitors/a' type: "
      "MONITOR_TYPE_STREAM server { ";
  ASSERT_TRUE(core.Apply(begin + "buffer_size_bytes: 1024 } }").ok());
  const auto applied = core.Apply(
      begin +
          "buffer_size_bytes: 2048 overlap_policy: OVERLAP_POLICY_LAST } "
          "idle_timeout { seconds: 3 } }",
      "validate_only: true");
  ASSERT_TRUE(applied.ok());
  EXPECT_THAT(Texts(applied.value()),
              ElementsAre("UPDATED monitors/a server.buffer_size_bytes "
                          "server.overlap_policy idle_timeout"));
  EXPECT_TRUE(applied.value().result().validated_only());
  EXPECT_EQ(core.store.GetConfig().revision(), 1u);
}

TEST(ApplyConfigTest, AnEqualDocumentMakesNoRevision) {
  CoreHarness core;
  ASSERT_TRUE(core.Apply(kDocument).ok());
  const auto again = core.Apply(kDocument);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again.value().changes_size(), 0);
  EXPECT_EQ(again.value().result().revision(), 1u);
}

TEST(ApplyConfigTest, TheFirstDocumentIsAppliedEvenIfEmpty) {
  CoreHarness core;
  v1::ApplyConfigRequest request;
  request.mutable_config();
  ASSERT_TRUE(core.store.ApplyConfig(request).ok());
  EXPECT_EQ(core.engine->worker(0).link().running_revision.load(), 1u);
}

TEST(ApplyConfigTest, ErrorsHaveTheDocumentsPathsAndNothingIsHalfApplied) {
  CoreHarness core;
  ASSERT_TRUE(core.Apply(kDocument).ok());
  const std::string etag = core.store.GetConfig().etag();
  const std::string wrong =
      "monitors { name: 'monitors/new' type: MONITOR_TYPE_STREAM } monitors { "
      "name: 'monitors/b' type: MONITOR_TYPE_STREAM server { "
      "buffer_size_bytes: 99999999 } }";
  for (const char* mode : {"", "mode: APPLY_MODE_MERGE"}) {
    ExpectInvalid(core.Apply(wrong, mode),
                  "config.monitors[1].server.buffer_size_bytes");
  }
  ExpectInvalid(core.Apply("monitors { name: 'monitors/x' type: "
                           "MONITOR_TYPE_RAW } monitors { name: 'monitors/x' "
                           "type: MONITOR_TYPE_RAW }"),
                "config.monitors[1].name");
  ExpectError(core.Apply("monitors { name: 'monitors/x' type: "
                         "MONITOR_TYPE_STREAM nf_instances: 'nfInstances/no' "
                         "}",
                         "mode: APPLY_MODE_MERGE"),
              absl::StatusCode::kFailedPrecondition,
              error_reason::kMissingReference);
  ExpectInvalid(core.store.ApplyConfig(v1::ApplyConfigRequest()), "config");
  v1::ApplyConfigRequest unknown;
  unknown.mutable_config();
  unknown.set_mode(static_cast<v1::ApplyMode>(9));
  ExpectInvalid(core.store.ApplyConfig(unknown), "mode");
  EXPECT_EQ(core.store.GetConfig().etag(), etag);
}

TEST(ApplyConfigTest, EtagsOfTheWholeAndOfResourcesAreChecked) {
  CoreHarness core;
  ASSERT_TRUE(core.Apply(kDocument).ok());
  ExpectError(core.Apply(kDocument, "etag: 'old'"), absl::StatusCode::kAborted,
              error_reason::kEtagMismatch);
  const auto stale = core.Apply(
      "monitors { name: 'monitors/b' type: MONITOR_TYPE_RAW etag: 'old' }");
  ExpectError(stale, absl::StatusCode::kAborted, error_reason::kEtagMismatch);
  EXPECT_EQ(stale.error().resource->name, "monitors/b");
  const v1::GetConfigResponse now = core.store.GetConfig();
  v1::ApplyConfigRequest request;
  *request.mutable_config() = now.config();
  request.mutable_config()->mutable_monitors(1)->set_priority(9);
  request.set_etag(now.etag());
  EXPECT_TRUE(core.store.ApplyConfig(request).ok());
  EXPECT_NE(core.store.GetConfig().etag(), now.etag());
}

TEST(ApplyConfigTest, AWorkerThatIsSilentLeavesWhatWasStored) {
  CoreHarness core;
  ASSERT_TRUE(core.Apply(kDocument).ok());
  core.frozen = {0};
  const auto applied = core.Apply("");
  ExpectError(applied, absl::StatusCode::kDeadlineExceeded,
              error_reason::kWorkerSilent);
  EXPECT_EQ(core.store.GetConfig().config().monitors_size(), 2);
  EXPECT_EQ(
      core.metrics.applies[static_cast<size_t>(ApplyOutcome::kTimeout)].Read(),
      1u);
}

}  // namespace
}  // namespace mosaic
