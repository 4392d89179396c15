#include "control/replay/replay_view.h"

#include <cstdio>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ReplayReport SomeReport() {
  ReplayReport report;
  report.packets = 12345;
  report.bytes = 5u << 20;
  report.dropped_packets = 3;
  report.parse_errors = 2;
  report.flows_created = 100;
  report.tcp_connections = 60;
  report.flows_ended[static_cast<size_t>(EndReason::kFin)] = 1500;
  report.flows_ended[static_cast<size_t>(EndReason::kShutdown)] = 4;
  report.delivered_bytes = 1'000'000;
  report.gap_bytes = 10;
  report.conflict_bytes = 11;
  report.retransmitted_packets = 12;
  report.out_of_order_packets = 13;
  report.wall_seconds = 1.25;
  report.workers = {{.packets = 12000, .busy_seconds = 0.001, .flows = 7},
                    {.packets = 345}};
  return report;
}

// What a view prints of `status` reports, one after the other.
std::string Shown(ReplayView::Style style,
                  const std::vector<ReplayReport>& reports,
                  const std::vector<FlowSummary>& flows = {}) {
  std::FILE* const file = std::tmpfile();
  const ReplayProgress progress;
  {
    ReplayView view(style, file);
    for (const ReplayReport& report : reports) {
      view.Show({progress, 100, flows, report});
    }
  }
  std::string text(static_cast<size_t>(std::ftell(file)), '\0');
  std::rewind(file);
  EXPECT_EQ(std::fread(text.data(), 1, text.size(), file), text.size());
  std::fclose(file);
  return text;
}

TEST(ReplaySummaryTest, SaysWhatWasSeenLineByLine) {
  EXPECT_EQ(Summary(SomeReport()),
            "packets          12,345 (5.00 MiB), dropped 3, unreadable 2\n"
            "flows            100, of them TCP connections 60\n"
            "ended by         fin 1,500, shutdown 4\n"
            "stream bytes     1,000,000 delivered in order, 10 in gaps, 11 in "
            "conflict\n"
            "segments         12 retransmitted, 13 out of order\n"
            "worker 0         12,000 packets, 12.00 Mpps while busy\n"
            "worker 1         345 packets, 0.00 Mpps while busy\n"
            "time             1.250 s\n");
}

TEST(ReplaySummaryTest, NothingEndedIsSaid) {
  EXPECT_THAT(Summary({}), HasSubstr("ended by         none\n"));
}

TEST(ReplaySummaryTest, BoundsThatWereHitAreToldOfAndOnlyThen) {
  ReplayReport report = SomeReport();
  EXPECT_THAT(Summary(report), Not(HasSubstr("bounds")));
  report.bounds_hit = 1;
  EXPECT_THAT(Summary(report), HasSubstr("bounds           hit 1 times"));
}

TEST(ReplayViewTest, SilentStylePrintsNothing) {
  EXPECT_EQ(Shown(ReplayView::Style::kNone, {SomeReport()}), "");
}

TEST(ReplayViewTest, LinesComeEveryFiveSecondsAndAreWhole) {
  ReplayReport first = SomeReport();
  ReplayReport soon = SomeReport();
  soon.wall_seconds = 6.0;
  ReplayReport later = SomeReport();
  later.wall_seconds = 6.5;
  const std::string text =
      Shown(ReplayView::Style::kLines, {first, soon, later});
  EXPECT_EQ(text,
            "     1 s  loop 1  12,345 packets  7 active flows  93 flows ended  "
            "977 KiB delivered\n"
            "     6 s  loop 1  12,345 packets  7 active flows  93 flows ended  "
            "977 KiB delivered\n");
}

TEST(ReplayViewTest, ProgressBarIsRedrawnInPlaceAndErased) {
  const std::string text =
      Shown(ReplayView::Style::kProgressBar, {SomeReport(), SomeReport()});
  EXPECT_THAT(text, HasSubstr("\r["));
  EXPECT_THAT(text, HasSubstr("12,345 packets"));
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_TRUE(text.ends_with("\r\x1b[K"));
}

TEST(ReplayViewTest, TableShowsWorkersAndFlowsAndGivesTheCursorBack) {
  FlowSummary flow;
  flow.protocol = 6;
  flow.client = {{10, 0, 0, 1}, 4, 1234};
  flow.server = {{10, 0, 0, 2}, 4, 80};
  flow.state = {TcpState::kEstablished, TcpState::kSynReceived};
  const std::string text =
      Shown(ReplayView::Style::kTable, {SomeReport()}, {flow});
  EXPECT_THAT(text, HasSubstr("WORKER"));
  EXPECT_THAT(text, HasSubstr("10.0.0.1:1234"));
  EXPECT_THAT(text, HasSubstr("10.0.0.2:80"));
  EXPECT_TRUE(text.ends_with("\x1b[?25h"));
}

}  // namespace
}  // namespace mosaic
