#include "control/ctl/event_text.h"

#include <cstdlib>
#include <ctime>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic::ctl {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

const Style kPlain(Style::Colors::kOff);

class EventTextTest : public ::testing::Test {
 protected:
  EventTextTest() {
    setenv("TZ", "UTC", 1);
    tzset();
    record_.mutable_time()->set_seconds(1'700'000'000);
    v1::FlowKey& key = *record_.mutable_event()->mutable_key();
    key.set_client_address("192.0.2.1");
    key.set_client_port(51000);
    key.set_server_address("198.51.100.7");
    key.set_server_port(443);
    key.set_protocol(v1::IP_PROTOCOL_TCP);
  }

  std::string TextOf(v1::EventType type) {
    record_.mutable_event()->set_type(type);
    return RecordText(record_, EventDetail::kUsual, kPlain);
  }

  v1::ObserveResponse record_;
};

TEST_F(EventTextTest, IsOneAlignedLine) {
  EXPECT_EQ(TextOf(v1::EVENT_TYPE_CONNECTION_START),
            "22:13:20.000000  start   tcp    192.0.2.1:51000       > "
            "198.51.100.7:443");
  record_.mutable_event()->set_flow_id(42);
  EXPECT_EQ(RecordText(record_, EventDetail::kMore, kPlain),
            "22:13:20.000000  start   core 0   flow 42          tcp    "
            "192.0.2.1:51000       > 198.51.100.7:443");
}

TEST_F(EventTextTest, SaysWhatIsParticularToTheType) {
  v1::FlowEvent& event = *record_.mutable_event();
  event.set_side(v1::SIDE_SERVER);
  event.set_length_bytes(1460);
  event.set_stream_offset_bytes(7);
  event.set_message("window exceeded");
  event.set_end_reason(v1::END_REASON_RESET);
  EXPECT_THAT(TextOf(v1::EVENT_TYPE_NEW_DATA),
              EndsWith("  1.43 KiB to server at 7"));
  EXPECT_THAT(TextOf(v1::EVENT_TYPE_RETRANSMISSION), HasSubstr("  resent  "));
  EXPECT_THAT(TextOf(v1::EVENT_TYPE_ERROR),
              EndsWith("  window exceeded: 1.43 KiB to server at 7"));
  EXPECT_THAT(TextOf(v1::EVENT_TYPE_PACKET_IN),
              EndsWith("  1.43 KiB from server"));
  EXPECT_THAT(TextOf(v1::EVENT_TYPE_ORPHAN), EndsWith("  1.43 KiB"));
  EXPECT_THAT(TextOf(v1::EVENT_TYPE_CONNECTION_END), EndsWith("  reset"));
}

TEST_F(EventTextTest, CannotBeForgedByAMessage) {
  record_.mutable_event()->set_message("x\n22:13:20 end \x1b[2J");
  const std::string text = TextOf(v1::EVENT_TYPE_ERROR);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST_F(EventTextTest, TellsLossesInRed) {
  v1::LostEvents& lost = *record_.mutable_lost();
  lost.set_count(1234);
  lost.set_point(v1::LOSS_POINT_CORE_RING);
  lost.set_core(3);
  EXPECT_EQ(RecordText(record_, EventDetail::kUsual, Style(Style::Colors::kOn)),
            "22:13:20.000000  \x1b[31mLOST 1,234 events on core 3: more than "
            "the control thread takes\x1b[0m");
}

TEST_F(EventTextTest, HasNothingForPeopleInHeartbeats) {
  record_.mutable_heartbeat();
  EXPECT_EQ(RecordText(record_, EventDetail::kMore, kPlain), "");
  record_.mutable_stream_started();
  EXPECT_EQ(RecordText(record_, EventDetail::kMore, kPlain), "");
}

}  // namespace
}  // namespace mosaic::ctl
