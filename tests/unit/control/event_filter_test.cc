#include "control/core/event_filter.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"

namespace mosaic {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Answer = EventMatcher::Answer;

// 192.0.2.7:4000 to 198.51.100.80:80.
EventRecord WebEvent(EventKind kind = EventKind::kNewData) {
  EventRecord record;
  record.kind = kind;
  record.key.ip_version = 4;
  record.key.protocol = 6;
  record.key.address[0] = {192, 0, 2, 7};
  record.key.address[1] = {198, 51, 100, 80};
  record.key.port = {4000, 80};
  record.client = 0;
  return record;
}

std::shared_ptr<const MonitorNames> Names(MonitorNames names) {
  return std::make_shared<const MonitorNames>(std::move(names));
}

Answer Judge(EventSelection selection, const EventRecord& record,
             const std::shared_ptr<const MonitorNames>& names = nullptr) {
  return EventMatcher(std::move(selection)).Judge(record, names);
}

EventSelection Allow(EventFilter filter) {
  EventSelection selection;
  selection.allow.push_back(std::move(filter));
  return selection;
}

config::IpPrefix Prefix(std::string_view text) {
  return config::ParseIpPrefix(text).value();
}

TEST(EventFilterTest, AnEmptySelectionTellsAllButWhatComesWithEachPacket) {
  for (size_t i = 0; i < kEventKinds; ++i) {
    const auto kind = static_cast<EventKind>(i);
    const bool asked_for =
        kind == EventKind::kPacketIn || kind == EventKind::kOrphan;
    const EventMatcher matcher{EventSelection()};
    EXPECT_EQ(Judge({}, WebEvent(kind)),
              asked_for ? Answer::kFiltered : Answer::kTell)
        << i;
    EXPECT_EQ(matcher.wanted().Any(MaskOf(kind)), !asked_for) << i;
  }
}

TEST(EventFilterTest, PacketsAndOrphansComeToWhoNamesThem) {
  EventFilter filter;
  filter.kinds = {EventKind::kPacketIn, EventKind::kOrphan};
  EXPECT_EQ(Judge(Allow(filter), WebEvent(EventKind::kPacketIn)),
            Answer::kTell);
  EXPECT_EQ(Judge(Allow(filter), WebEvent(EventKind::kOrphan)), Answer::kTell);
  EXPECT_EQ(Judge(Allow(filter), WebEvent(EventKind::kNewData)),
            Answer::kFiltered);
  EXPECT_EQ(EventMatcher(Allow(filter)).wanted(),
            MaskOf(EventKind::kPacketIn) | MaskOf(EventKind::kOrphan));
}

TEST(EventFilterTest, EveryPartOfAFilterMustMatch) {
  const auto judge = [](const auto& change) {
    EventFilter filter;
    filter.flow.clients = {Prefix("10.0.0.0/8"), Prefix("192.0.2.0/29")};
    filter.flow.servers = {Prefix("198.51.100.80")};
    filter.flow.server_ports = {443, 80};
    filter.flow.protocols = {6};
    change(filter.flow);
    return Judge(Allow(filter), WebEvent());
  };
  EXPECT_EQ(judge([](FlowFilter&) {}), Answer::kTell);
  EXPECT_EQ(judge([](FlowFilter& f) { f.clients.pop_back(); }),
            Answer::kFiltered);
  EXPECT_EQ(judge([](FlowFilter& f) { f.clients = {Prefix("192.0.2.0/30")}; }),
            Answer::kFiltered);
  EXPECT_EQ(judge([](FlowFilter& f) { f.servers = {Prefix("::/0")}; }),
            Answer::kFiltered);
  EXPECT_EQ(judge([](FlowFilter& f) { f.servers = {Prefix("0.0.0.0/0")}; }),
            Answer::kTell);
  EXPECT_EQ(judge([](FlowFilter& f) { f.server_ports = {4000}; }),
            Answer::kFiltered);
  EXPECT_EQ(judge([](FlowFilter& f) { f.protocols = {17}; }),
            Answer::kFiltered);
}

TEST(EventFilterTest, TheClientIsWhoTheRecordSays) {
  EventFilter filter;
  filter.flow.server_ports = {4000};
  EventRecord record = WebEvent();
  record.client = 1;
  EXPECT_EQ(Judge(Allow(filter), record), Answer::kTell);
}

TEST(EventFilterTest, OneAllowedFilterIsEnoughAndOneDenyingIsToo) {
  EventSelection selection;
  selection.allow.resize(2);
  selection.allow[0].flow.server_ports = {443};
  selection.allow[1].kinds = {EventKind::kNewData, EventKind::kPacketIn};
  EXPECT_EQ(Judge(selection, WebEvent()), Answer::kTell);
  EXPECT_EQ(Judge(selection, WebEvent(EventKind::kError)), Answer::kFiltered);

  selection.deny.resize(1);
  selection.deny[0].flow.protocols = {6};
  EXPECT_EQ(Judge(selection, WebEvent()), Answer::kFiltered);
  EXPECT_EQ(Judge(selection, WebEvent(EventKind::kPacketIn)), Answer::kFiltered)
      << "a deny without kinds is of every kind";
}

TEST(EventFilterTest, MonitorsAreFoundUnderEachRevisionsNames) {
  EventFilter filter;
  filter.flow.monitors = {"monitors/web"};
  EventMatcher matcher(Allow(filter));
  EventRecord record = WebEvent();
  record.monitors = 1 << 1;
  const auto first = Names({"monitors/all", "monitors/web"});
  const auto second = Names({"monitors/web", "monitors/all"});
  EXPECT_EQ(matcher.Judge(record, first), Answer::kTell);
  EXPECT_EQ(matcher.Judge(record, second), Answer::kFiltered);
  EXPECT_EQ(matcher.Judge(record, first), Answer::kTell);
  EXPECT_EQ(matcher.Judge(record, nullptr), Answer::kFiltered);
}

TEST(EventFilterTest, ASampleHasWholeFlowsAndAboutItsShareOfThem) {
  EventSelection selection;
  selection.sample_one_in = 10;
  EventMatcher matcher(selection);
  size_t told = 0;
  for (uint64_t id = 0; id < 10'000; ++id) {
    EventRecord record = WebEvent(EventKind::kConnectionStart);
    record.flow_id = id;
    const Answer answer = matcher.Judge(record, nullptr);
    told += answer == Answer::kTell ? 1 : 0;
    EXPECT_NE(answer, Answer::kFiltered);
    record.kind = EventKind::kConnectionEnd;
    EXPECT_EQ(matcher.Judge(record, nullptr), answer);
  }
  EXPECT_GT(told, 850u);
  EXPECT_LT(told, 1150u);
}

TEST(MonitorDirectoryTest, KnowsTheNamesOfEachRevisionUntilItIsForgotten) {
  Snapshot snapshot;
  snapshot.revision = 3;
  snapshot.monitors.resize(2);
  snapshot.monitors[0].name = "monitors/a";
  snapshot.monitors[1].name = "monitors/b";
  MonitorDirectory directory;
  directory.Add(snapshot);
  snapshot.revision = 5;
  directory.Add(snapshot);
  EXPECT_EQ(directory.NamesOf(3), directory.NamesOf(5)) << "kept once";
  snapshot.revision = 6;
  snapshot.monitors.pop_back();
  directory.Add(snapshot);

  EXPECT_THAT(directory.NamesOf(3, 0b10), ElementsAre("monitors/b"));
  EXPECT_THAT(directory.NamesOf(6, 0b11), ElementsAre("monitors/a"));
  EXPECT_EQ(directory.NamesOf(4), nullptr);
  directory.ForgetBefore(5);
  EXPECT_THAT(directory.NamesOf(3, 0b10), IsEmpty());
  EXPECT_THAT(directory.NamesOf(5, 0b11),
              ElementsAre("monitors/a", "monitors/b"));
}

}  // namespace
}  // namespace mosaic
