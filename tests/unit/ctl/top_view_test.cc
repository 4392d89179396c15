#include "control/ctl/top_view.h"

#include "control/ctl/printable_text.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include <nlohmann/json.hpp>

namespace mosaic::ctl {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const Style kPlain(Style::Colors::kOff);

Sample SampleAt(double seconds, uint64_t packets) {
  Sample sample;
  sample.seconds = seconds;
  sample.unix_time = 1000 + seconds;
  sample.capabilities.set_boot_id("one");
  sample.capabilities.set_version("0.1.0");
  sample.capabilities.mutable_start_time()->set_seconds(1000);
  v1::Core& core = *sample.cores.add_cores();
  core.set_packets(packets);
  core.set_busy_ratio(0.5);
  core.set_flows_max(1024);
  return sample;
}

void AddFlow(uint64_t id, uint64_t bytes, Sample& sample) {
  v1::Flow& flow = *sample.flows.add_flows();
  flow.set_flow_id(id);
  flow.mutable_key()->set_client_address("192.0.2.1");
  flow.mutable_key()->set_client_port(static_cast<uint32_t>(id));
  flow.mutable_client()->set_bytes(bytes);
}

TEST(TopViewTest, RatesNeverComeFromCountersThatStartedAnew) {
  EXPECT_EQ(Rate(100, 350, 0.5), 500);
  EXPECT_EQ(Rate(350, 100, 0.5), 0);
  EXPECT_EQ(Rate(100, 350, 0), 0);
}

TEST(TopViewTest, CoresShowTheirRate) {
  const std::vector<std::string> lines =
      TopLines(TopView::kCores, SampleAt(1, 1000), SampleAt(3, 5000),
               {.lines = 10, .columns = 80}, Keys::kShown, kPlain);
  ASSERT_EQ(lines.size(), 10u);
  EXPECT_EQ(lines[0], "mosaic top cores   mosaicd 0.1.0   up 3s   revision 0");
  EXPECT_THAT(lines[1], StartsWith("2.00k packets/s  0 bit/s  dropped 0/s"));
  EXPECT_EQ(lines[3],
            "CORE  CPU   BUSY  LOAD                    PACKETS/s  DROPPED/s  "
            "FLOWS  BUFFERED");
  EXPECT_THAT(lines[4], HasSubstr("50.0%  [##########          ]      2.00k"));
  EXPECT_THAT(lines[9], HasSubstr("q quit"));
}

TEST(TopViewTest, ADaemonThatWasRestartedHasNoRatesYet) {
  Sample now = SampleAt(3, 5000);
  now.capabilities.set_boot_id("two");
  const std::vector<std::string> lines = TopLines(
      TopView::kCores, SampleAt(1, 1000), now, {}, Keys::kHidden, kPlain);
  EXPECT_THAT(lines[1], StartsWith("0 packets/s"));
}

TEST(TopViewTest, TheBusiestFlowIsFirstAndTheScreenIsNeverTooSmall) {
  Sample before = SampleAt(1, 0);
  Sample now = SampleAt(2, 0);
  for (uint64_t id = 1; id <= 50; ++id) {
    AddFlow(id, 1000, before);
    AddFlow(id, 1000 + id * 125, now);
  }
  now.flows_cut = true;
  for (const int columns : {20, 80, 200}) {
    const std::vector<std::string> lines =
        TopLines(TopView::kFlows, before, now,
                 {.lines = 24, .columns = columns}, Keys::kShown, kPlain);
    EXPECT_EQ(lines.size(), 24u);
    EXPECT_THAT(lines[4], StartsWith("192.0.2.1:50"));
    for (const std::string& line : lines) {
      EXPECT_LE(ColumnsOf(line), static_cast<size_t>(columns));
    }
  }
  EXPECT_THAT(TopLines(TopView::kFlows, before, now, {.columns = 200},
                       Keys::kShown, kPlain)[0],
              HasSubstr("of the oldest 50 flows"));
}

TEST(TopViewTest, AFunctionThatFailedIsRed) {
  Sample now = SampleAt(2, 0);
  v1::NfInstance& nf = *now.nfs.add_nf_instances();
  nf.set_name("nfInstances/guard");
  nf.set_state(v1::NF_STATE_FAILED);
  nf.mutable_firewall();
  const std::vector<std::string> lines =
      TopLines(TopView::kNf, SampleAt(1, 0), now, {}, Keys::kHidden,
               Style(Style::Colors::kOn));
  EXPECT_THAT(lines[4], HasSubstr("\x1b[31mfailed\x1b[0m"));
}

TEST(TopViewTest, JsonHasTheRatesBesideTheMessage) {
  const auto json = nlohmann::json::parse(
      TopJson(TopView::kCores, SampleAt(1, 1000), SampleAt(3, 5000)));
  EXPECT_EQ(json["view"], "cores");
  EXPECT_EQ(json["interval_seconds"], 2.0);
  EXPECT_EQ(json["cores"][0]["packets"], "5000");
  EXPECT_EQ(json["cores"][0]["rates"]["packets_per_second"], 2000.0);
}

}  // namespace
}  // namespace mosaic::ctl
