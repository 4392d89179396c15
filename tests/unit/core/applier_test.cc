#include "control/core/applier.h"

#include "dataplane/event/subscription.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/core/core_harness.h"

namespace mosaic {
namespace {

using testing::CoreHarness;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Parse;
using LiveFlows = Engine::LiveFlows;

constexpr char kOne[] =
    "monitors { name: 'monitors/a' type: "
    "MONITOR_TYPE_STREAM }";
constexpr char kTwo[] =
    "monitors { name: 'monitors/b' type: "
    "MONITOR_TYPE_STREAM }";

v1::Config Config(const std::string& text) { return Parse<v1::Config>(text); }

uint64_t RevisionOf(CoreHarness& core, size_t worker) {
  return core.engine->worker(worker).link().running_revision.load();
}

// The monitors of the only flow.
std::vector<std::string> MonitorsOfFlow(CoreHarness& core) {
  const auto listed =
      core.flows.ListFlows(v1::ListFlowsRequest(), absl::Seconds(1));
  EXPECT_TRUE(listed.ok());
  EXPECT_EQ(listed.value().flows_size(), 1);
  const auto& names = listed.value().flows(0).monitors();
  return {names.begin(), names.end()};
}

TEST(ApplierTest, ReturnsWhenEveryWorkerRunsTheRevision) {
  CoreHarness core(3);
  const auto applied = core.applier.Apply(Config(kOne), LiveFlows::kKeep);
  ASSERT_TRUE(applied.ok());
  EXPECT_EQ(applied.value().revision, 1u);
  EXPECT_EQ(applied.value().workers, 3u);
  EXPECT_GT(applied.value().quiesce, absl::ZeroDuration());
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(RevisionOf(core, i), 1u);
  EXPECT_EQ(core.applier.revision(), 1u);
  EXPECT_EQ(core.metrics.revision.Read(), 1u);
}

TEST(ApplierTest, ASilentWorkerIsNamedAndAllGoBack) {
  CoreHarness core(2);
  ASSERT_TRUE(core.applier.Apply(Config(kOne), LiveFlows::kKeep).ok());
  core.frozen = {1};
  const auto applied = core.applier.Apply(Config(kTwo), LiveFlows::kKeep);
  ASSERT_FALSE(applied.ok());
  EXPECT_EQ(applied.error().code, absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(applied.error().reason, error_reason::kWorkerSilent);
  EXPECT_THAT(applied.error().message, HasSubstr("worker 1 "));
  EXPECT_TRUE(applied.error().retry_after.has_value());
  EXPECT_EQ(RevisionOf(core, 0), 3u) << "the earlier one, under a new number";
  EXPECT_EQ(RevisionOf(core, 1), 1u);
  EXPECT_EQ(core.applier.revision(), 3u);

  core.frozen.clear();
  core.Settle();
  EXPECT_EQ(RevisionOf(core, 1), 3u);
  core.SendDatagram(1);
  EXPECT_THAT(MonitorsOfFlow(core), ElementsAre("monitors/a"));
}

TEST(ApplierTest, TheFirstConfigurationGoesBackToNothing) {
  CoreHarness core(2);
  core.frozen = {0};
  EXPECT_FALSE(core.applier.Apply(Config(kOne), LiveFlows::kKeep).ok());
  core.frozen.clear();
  core.SendDatagram(1);
  EXPECT_EQ(core.tracked(), 0u);
}

TEST(ApplierTest, NothingIsPublishedWhileAWorkerLagsBehind) {
  CoreHarness core(2);
  ASSERT_TRUE(core.applier.Apply(Config(kOne), LiveFlows::kKeep).ok());
  core.frozen = {1};
  ASSERT_FALSE(core.applier.Apply(Config(kTwo), LiveFlows::kKeep).ok());
  const size_t retained = core.engine->retained_revisions();
  for (int i = 0; i < 10; ++i) {
    const auto applied = core.applier.Apply(Config(kTwo), LiveFlows::kKeep);
    ASSERT_FALSE(applied.ok());
    EXPECT_THAT(applied.error().message, HasSubstr("nothing was changed"));
  }
  EXPECT_EQ(core.engine->retained_revisions(), retained);
  EXPECT_EQ(RevisionOf(core, 0), 3u);
}

// Worker 0 runs the new configuration for as long as worker 1 is waited for.
TEST(ApplierTest, AFlowThatBeganUnderWhatWasTakenBackIsAttachedAnew) {
  CoreHarness core(2);
  ASSERT_TRUE(core.applier.Apply(Config(kOne), LiveFlows::kKeep).ok());
  // A flow of worker 0.
  uint32_t number = 0;
  while (true) {
    core.SendDatagram(++number);
    const auto& table = core.engine->worker(0).pipeline().tracker().table();
    const bool is_mine = table.size() > 0;
    for (size_t i = 0; i < 2; ++i) {
      core.engine->worker(i).pipeline().EndAll(EndReason::kShutdown,
                                               Timestamp());
    }
    if (is_mine) break;
  }
  core.frozen = {1};
  core.source.Push(core.Datagram(number));
  bool seen_under_new = false;
  core.clock.while_asleep = [&] {
    core.RunWorkers();
    const auto& table = core.engine->worker(0).pipeline().tracker().table();
    if (table.size() == 0) return;
    seen_under_new |=
        RevisionOf(core, 0) == 2 && table.At(0).subscription->revision == 2;
  };
  ASSERT_FALSE(core.applier.Apply(Config(kTwo), LiveFlows::kKeep).ok());
  ASSERT_TRUE(seen_under_new);
  core.clock.while_asleep = [&] { core.RunWorkers(); };
  core.frozen.clear();
  EXPECT_THAT(MonitorsOfFlow(core), ElementsAre("monitors/b"));
  core.SendDatagram(number);
  EXPECT_THAT(MonitorsOfFlow(core), ElementsAre("monitors/a"));
}

TEST(ApplierTest, KeepLeavesFlowsAloneAndReevaluateDoesNot) {
  CoreHarness core;
  ASSERT_TRUE(core.applier.Apply(Config(kOne), LiveFlows::kKeep).ok());
  core.SendDatagram(1);
  const auto kept = core.applier.Apply(Config(kTwo), LiveFlows::kKeep);
  ASSERT_TRUE(kept.ok());
  EXPECT_EQ(kept.value().live_flows, 0u);
  core.SendDatagram(1);
  EXPECT_THAT(MonitorsOfFlow(core), ElementsAre("monitors/a"));

  const auto asked = core.applier.Check(Config(kTwo), LiveFlows::kReevaluate);
  ASSERT_TRUE(asked.ok());
  EXPECT_EQ(asked.value().live_flows, 1u);
  const auto anew = core.applier.Apply(Config(kTwo), LiveFlows::kReevaluate);
  ASSERT_TRUE(anew.ok());
  EXPECT_EQ(anew.value().live_flows, 1u);
  core.SendDatagram(1);
  EXPECT_THAT(MonitorsOfFlow(core), ElementsAre("monitors/b"));
}

TEST(ApplierTest, ReevaluateHoldsForAFlowWhosePacketComesAfterALaterKeep) {
  CoreHarness core;
  ASSERT_TRUE(core.applier.Apply(Config(kOne), LiveFlows::kKeep).ok());
  core.SendDatagram(1);
  ASSERT_TRUE(core.applier.Apply(Config(kTwo), LiveFlows::kReevaluate).ok());
  ASSERT_TRUE(core.applier
                  .Apply(Config(std::string(kTwo) + "monitors { name: "
                                                    "'monitors/c' type: "
                                                    "MONITOR_TYPE_RAW }"),
                         LiveFlows::kKeep)
                  .ok());
  core.SendDatagram(1);
  EXPECT_THAT(MonitorsOfFlow(core), ElementsAre("monitors/b"));
}

TEST(ApplierTest, AFunctionWhoseConfigurationStaysIsNotConfiguredAgain) {
  CoreHarness core(2);
  const std::string functions =
      "nf_instances { name: 'nfInstances/f' firewall { } } "
      "nf_instances { name: 'nfInstances/g' firewall { } } ";
  const std::string changed =
      "nf_instances { name: 'nfInstances/f' firewall { } } "
      "nf_instances { name: 'nfInstances/g' firewall { default_action: "
      "FIREWALL_ACTION_DROP } } ";
  ASSERT_TRUE(core.applier.Apply(Config(functions), LiveFlows::kKeep).ok());
  ASSERT_TRUE(
      core.applier.Apply(Config(functions + kOne), LiveFlows::kKeep).ok());
  EXPECT_EQ(core.log.configured["nfInstances/f"], 2) << "once a worker";
  ASSERT_TRUE(core.applier.Apply(Config(changed), LiveFlows::kKeep).ok());
  EXPECT_EQ(core.log.configured["nfInstances/f"], 2);
  EXPECT_EQ(core.log.configured["nfInstances/g"], 4);
  EXPECT_EQ(core.log.made["nfInstances/g"], 2);
}

TEST(ApplierTest, AFunctionThatCannotBeMadeChangesNothing) {
  CoreHarness core;
  ASSERT_TRUE(core.applier.Apply(Config(kOne), LiveFlows::kKeep).ok());
  core.refuse_functions = true;
  const v1::Config config =
      Config("nf_instances { name: 'nfInstances/f' firewall { } }");
  for (const bool dry : {true, false}) {
    const auto applied = dry ? core.applier.Check(config, LiveFlows::kKeep)
                             : core.applier.Apply(config, LiveFlows::kKeep);
    ASSERT_FALSE(applied.ok());
    EXPECT_EQ(applied.error().code, absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(applied.error().reason, error_reason::kNfNotMade);
    EXPECT_THAT(applied.error().message, HasSubstr("cannot be opened"));
  }
  EXPECT_EQ(core.applier.revision(), 1u);
  EXPECT_EQ(RevisionOf(core, 0), 1u);
}

// One flow lives throughout; what lies between it and now is freed.
TEST(ApplierTest, ConfigurationsThatNoFlowUsesAreFreedAlsoBetweenTwoThatAre) {
  CoreHarness core;
  ASSERT_TRUE(core.applier.Apply(Config(kOne), LiveFlows::kKeep).ok());
  core.SendDatagram(1);
  size_t most = 0;
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(
        core.applier.Apply(Config(i % 2 ? kOne : kTwo), LiveFlows::kKeep).ok());
    most = std::max(most, core.applier.retained_revisions());
  }
  EXPECT_LE(most, Applier::Options().census_revisions + 1);
  core.SendDatagram(1);
  EXPECT_THAT(MonitorsOfFlow(core), ElementsAre("monitors/a"));
}

TEST(ApplierTest, AWriteIsRefusedWhereFlowsUseAsManyConfigurationsAsMayBe) {
  Applier::Options options;
  options.max_retained_revisions = 8;
  options.census_revisions = 4;
  CoreHarness core(1, options);
  // Each has a flow of its own; the last one may go.
  for (uint32_t i = 1; i < 8; ++i) {
    ASSERT_TRUE(
        core.applier.Apply(Config(i % 2 ? kOne : kTwo), LiveFlows::kKeep).ok())
        << i;
    core.SendDatagram(i);
  }
  ASSERT_TRUE(core.applier.Apply(Config(kTwo), LiveFlows::kKeep).ok());
  core.SendDatagram(8);
  const auto applied = core.applier.Apply(Config(kOne), LiveFlows::kKeep);
  ASSERT_FALSE(applied.ok());
  EXPECT_EQ(applied.error().code, absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(applied.error().reason, error_reason::kRevisionsRetained);
  ASSERT_EQ(applied.error().quotas.size(), 1u);
  EXPECT_EQ(applied.error().quotas[0].subject, "retained_revisions");

  core.engine->worker(0).pipeline().EndAll(EndReason::kShutdown, Timestamp());
  EXPECT_TRUE(core.applier.Apply(Config(kOne), LiveFlows::kKeep).ok());
}

TEST(ApplierTest, EachPhaseIsMeasured) {
  CoreHarness core;
  ASSERT_TRUE(core.applier.Apply(Config(kOne), LiveFlows::kKeep).ok());
  for (const ApplyPhase phase :
       {ApplyPhase::kCompile, ApplyPhase::kPublish, ApplyPhase::kQuiesce}) {
    const HistogramReading reading =
        core.metrics.durations[static_cast<size_t>(phase)].Read();
    uint64_t count = 0;
    for (uint64_t bucket : reading.counts) count += bucket;
    EXPECT_EQ(count, 1u) << static_cast<int>(phase);
  }
  EXPECT_EQ(core.metrics.applies[static_cast<size_t>(ApplyOutcome::kOk)].Read(),
            1u);
}

}  // namespace
}  // namespace mosaic
