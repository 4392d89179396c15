#include "control/core/flow_query.h"

#include <algorithm>
#include <random>
#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/core/core_harness.h"

namespace mosaic {
namespace {

using testing::CoreHarness;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Parse;

constexpr char kAll[] =
    "monitors { name: 'monitors/all' type: MONITOR_TYPE_STREAM }";

v1::ListFlowsResponse List(CoreHarness& core, const std::string& request) {
  const auto listed = core.flows.ListFlows(Parse<v1::ListFlowsRequest>(request),
                                           absl::Seconds(1));
  EXPECT_TRUE(listed.ok()) << listed.error().message;
  return listed.ok() ? listed.value() : v1::ListFlowsResponse();
}

std::vector<uint64_t> Ids(const v1::ListFlowsResponse& response) {
  std::vector<uint64_t> ids;
  for (const v1::Flow& flow : response.flows()) ids.push_back(flow.flow_id());
  return ids;
}

TEST(FlowQueryTest, EveryFlowIsToldOnceInOrderThoughFlowsBeginBetweenPages) {
  CoreHarness core(3);
  ASSERT_TRUE(core.Apply(kAll).ok());
  std::mt19937 random(5);
  std::vector<uint64_t> ids(3000);
  for (size_t i = 0; i < ids.size(); ++i) ids[i] = 10 * i;
  std::ranges::shuffle(ids, random);
  for (size_t i = 0; i < ids.size(); ++i) {
    core.source.SetNextIndex(ids[i]);
    core.source.Push(core.Datagram(static_cast<uint32_t>(i)));
    core.RunWorkers();
  }
  core.Settle();
  ASSERT_EQ(core.tracked(), ids.size());

  v1::ListFlowsRequest request;
  request.set_page_size(100);
  std::vector<uint64_t> told;
  uint32_t fresh = 50000;
  while (true) {
    const auto page = core.flows.ListFlows(request, absl::Seconds(1));
    ASSERT_TRUE(page.ok());
    for (uint64_t id : Ids(page.value())) told.push_back(id);
    if (page.value().next_page_token().empty()) break;
    request.set_page_token(page.value().next_page_token());
    for (int i = 0; i < 5; ++i) {
      // Each once, and between two of the others.
      const uint64_t place = fresh * 7919 % 27000;
      core.source.SetNextIndex(10 * (place / 9) + 1 + place % 9);
      core.source.Push(core.Datagram(fresh++));
      core.Settle();
    }
  }
  EXPECT_TRUE(std::ranges::is_sorted(told));
  EXPECT_EQ(std::ranges::adjacent_find(told), told.end());
  const std::set<uint64_t> seen(told.begin(), told.end());
  for (uint64_t id : ids) ASSERT_EQ(seen.count(id), 1u) << id;
}

TEST(FlowQueryTest, PagesEndWhereThereIsNoMore) {
  CoreHarness core(2);
  ASSERT_TRUE(core.Apply(kAll).ok());
  EXPECT_TRUE(List(core, "").next_page_token().empty());
  for (uint32_t i = 0; i < 4; ++i) core.SendDatagram(i);
  const auto first = List(core, "page_size: 3");
  EXPECT_THAT(Ids(first), ElementsAre(0, 1, 2));
  const auto second =
      List(core, "page_token: '" + first.next_page_token() + "'");
  EXPECT_THAT(Ids(second), ElementsAre(3));
  EXPECT_TRUE(second.next_page_token().empty());
  EXPECT_TRUE(List(core, "page_size: 4").next_page_token().empty());
}

TEST(FlowQueryTest, AFilterTellsFlowsByMonitorNetworkPortAndProtocol) {
  CoreHarness core(2);
  const auto applied = core.Apply(
      "monitors { name: 'monitors/dns' type: MONITOR_TYPE_STREAM syn_filter { "
      "expression: 'port 53' } } monitors { name: 'monitors/web' type: "
      "MONITOR_TYPE_STREAM syn_filter { expression: 'port 80' } }");
  ASSERT_TRUE(applied.ok()) << applied.error().message;
  const auto send = [&](const PacketBuilder& packet) {
    core.source.Push(packet);
    core.Settle();
  };
  send(PacketBuilder().Ipv4("10.0.0.1", "10.1.0.1").Udp(1000, 53));
  send(PacketBuilder().Ipv4("10.0.0.2", "10.1.0.2").Tcp(1000, 80).Flags(2));
  send(PacketBuilder().Ipv6("2001:db8::1", "2001:db8::2").Udp(1000, 53));
  EXPECT_THAT(Ids(List(core, "")), ElementsAre(0, 1, 2));
  EXPECT_THAT(Ids(List(core, "filter { monitors: 'monitors/dns' }")),
              ElementsAre(0, 2));
  EXPECT_THAT(Ids(List(core, "filter { client_cidrs: '10.0.0.2' }")),
              ElementsAre(1));
  EXPECT_THAT(Ids(List(core, "filter { server_cidrs: '10.1.0.0/16' }")),
              ElementsAre(0, 1));
  EXPECT_THAT(Ids(List(core, "filter { server_ports: 53 server_ports: 54 }")),
              ElementsAre(0, 2));
  EXPECT_THAT(Ids(List(core, "filter { protocols: IP_PROTOCOL_TCP }")),
              ElementsAre(1));
  EXPECT_THAT(Ids(List(core, "filter { monitors: 'monitors/none' }")),
              ElementsAre());
}

TEST(FlowQueryTest, WhatIsWrongWithARequestIsToldWithItsPath) {
  CoreHarness core;
  const std::pair<const char*, const char*> cases[] = {
      {"page_size: -1", "page_size"},
      {"page_size: 1001", "page_size"},
      {"page_token: 'junk'", "page_token"},
      {"filter { client_cidrs: '10.0.0.0/8' client_cidrs: '10.0.0.1/8' }",
       "filter.client_cidrs[1]"},
      {"filter { server_ports: 0 }", "filter.server_ports[0]"},
      {"filter { server_ports: 65536 }", "filter.server_ports[0]"},
      {"filter { monitors: 'web' }", "filter.monitors[0]"},
      {"filter { protocols: IP_PROTOCOL_UNSPECIFIED }", "filter.protocols[0]"}};
  for (const auto& [text, path] : cases) {
    const auto listed = core.flows.ListFlows(Parse<v1::ListFlowsRequest>(text),
                                             absl::Seconds(1));
    ASSERT_FALSE(listed.ok()) << text;
    EXPECT_EQ(listed.error().code, absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(listed.error().fields[0].path, path);
  }
}

TEST(FlowQueryTest, AFlowIsFoundByItsIdAndByItsKeyFromEitherEnd) {
  CoreHarness core(2);
  ASSERT_TRUE(core.Apply(kAll).ok());
  core.source.SetTime(Timestamp() + Duration::Seconds(1700000000));
  for (uint32_t i = 0; i < 3; ++i) core.SendDatagram(i);
  const auto get = [&](const std::string& request) {
    return core.flows.GetFlow(Parse<v1::GetFlowRequest>(request),
                              absl::Seconds(1));
  };
  const auto found = get("flow_id: 1");
  ASSERT_TRUE(found.ok());
  const v1::Flow& flow = found.value().flow();
  EXPECT_EQ(flow.key().client_address(), "10.0.0.1");
  EXPECT_EQ(flow.key().client_port(), 1025u);
  EXPECT_EQ(flow.key().protocol(), v1::IP_PROTOCOL_UDP);
  EXPECT_THAT(flow.monitors(), ElementsAre("monitors/all"));
  EXPECT_EQ(flow.start_time().seconds(), 1700000000);
  EXPECT_EQ(flow.client().packets(), 1u);
  EXPECT_EQ(flow.client().state(), v1::TCP_STATE_UNSPECIFIED);
  EXPECT_EQ(flow.revision(), 1u);
  EXPECT_FALSE(flow.picked_up());

  const auto by_key =
      get("key { client_address: '10.1.0.1' client_port: 53 server_address: "
          "'10.0.0.1' server_port: 1025 protocol: IP_PROTOCOL_UDP }");
  ASSERT_TRUE(by_key.ok());
  EXPECT_EQ(by_key.value().flow().flow_id(), 1u);
  EXPECT_EQ(get("flow_id: 9").error().code, absl::StatusCode::kNotFound);
  EXPECT_EQ(get("").error().fields[0].path, "flow");
  EXPECT_EQ(get("key { client_address: '10.0.0.0/8' server_address: "
                "'10.1.0.1' protocol: IP_PROTOCOL_UDP }")
                .error()
                .fields[0]
                .path,
            "key.client_address");
}

TEST(FlowQueryTest, ATcpFlowIsToldWithTheStatesOfItsEnds) {
  CoreHarness core;
  ASSERT_TRUE(core.Apply(kAll).ok());
  core.source.Push(PacketBuilder().Tcp(1000, 80).Flags(2));
  core.Settle();
  const v1::Flow flow = List(core, "").flows(0);
  EXPECT_EQ(flow.client().state(), v1::TCP_STATE_SYN_SENT);
  EXPECT_NE(flow.server().state(), v1::TCP_STATE_UNSPECIFIED);
}

// What the silent worker was given is touched when it wakes up; the sanitizers
// see it if the memory is gone by then.
TEST(FlowQueryTest, AWorkerThatNeverAnswersIsNamedAndItsTaskOutlivesTheCall) {
  CoreHarness core(3);
  ASSERT_TRUE(core.Apply(kAll).ok());
  for (uint32_t i = 0; i < 20; ++i) core.SendDatagram(i);
  core.frozen = {1};
  const auto listed =
      core.flows.ListFlows(v1::ListFlowsRequest(), absl::Milliseconds(50));
  ASSERT_FALSE(listed.ok());
  EXPECT_EQ(listed.error().code, absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(listed.error().reason, error_reason::kWorkerSilent);
  EXPECT_THAT(listed.error().message, HasSubstr("worker 1 "));
  EXPECT_EQ(core.tasks.Pending(0), 0u);
  EXPECT_EQ(core.tasks.Pending(1), 1u);
  core.frozen.clear();
  core.Settle();
  EXPECT_EQ(core.tasks.Pending(1), 0u);
  EXPECT_EQ(List(core, "").flows_size(), 20);
}

TEST(FlowQueryTest, TasksForASilentWorkerAreBounded) {
  CoreHarness core(2);
  ASSERT_TRUE(core.Apply(kAll).ok());
  core.frozen = {0};
  for (size_t i = 0; i < 2 * WorkerLink::kTasks; ++i) {
    const auto listed =
        core.flows.ListFlows(v1::ListFlowsRequest(), absl::Milliseconds(1));
    ASSERT_FALSE(listed.ok());
    EXPECT_THAT(listed.error().message, HasSubstr("worker 0 "));
  }
  EXPECT_LE(core.tasks.Pending(0), WorkerLink::kTasks);
}

}  // namespace
}  // namespace mosaic
