// Records of the hub as a stream tells them.

#include "control/rpc/observe_codec.h"

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

using ::testing::ElementsAre;

const StreamOrigin kOrigin = {WallTime(), "boot", 7};
const absl::Time kNow = absl::UnixEpoch() + absl::Seconds(1000);

EventRecord Record(EventKind kind) {
  EventRecord record;
  record.kind = kind;
  record.time = Timestamp::FromNanos(5'000'000'001);
  record.core = 3;
  record.flow_id = 42;
  record.key.address[0] = {10, 0, 0, 1};
  record.key.address[1] = {10, 0, 0, 2};
  record.key.port = {80, 4000};
  record.key.protocol = 6;
  record.key.ip_version = 4;
  record.client = 1;
  record.monitors = 2;
  record.side = Side::kServer;
  record.offset = 100;
  record.length = 50;
  return record;
}

v1::ObserveResponse Encoded(Observation observation) {
  observation.sequence = 9;
  v1::ObserveResponse response;
  response.set_core(99);  // Of the record before; must go.
  Encode(observation, kOrigin, kNow, response);
  EXPECT_EQ(response.sequence(), 9u);
  return response;
}

v1::FlowEvent EncodedEvent(const EventRecord& record) {
  ObservedEvent event;
  event.record = record;
  event.names = std::make_shared<const MonitorNames>(
      MonitorNames{"monitors/a", "monitors/b"});
  Observation observation;
  observation.what = event;
  const v1::ObserveResponse response = Encoded(observation);
  EXPECT_EQ(response.core(), 3u);
  EXPECT_EQ(response.time().seconds(), 5);
  EXPECT_EQ(response.time().nanos(), 1);
  return response.event();
}

TEST(ObserveCodecTest, AnEventNamesItsFlowFromTheClientsSide) {
  const v1::FlowEvent event = EncodedEvent(Record(EventKind::kConnectionStart));
  EXPECT_EQ(event.type(), v1::EVENT_TYPE_CONNECTION_START);
  EXPECT_EQ(event.flow_id(), 42u);
  EXPECT_THAT(event.monitors(), ElementsAre("monitors/b"));
  EXPECT_EQ(event.key().client_address(), "10.0.0.2");
  EXPECT_EQ(event.key().client_port(), 4000u);
  EXPECT_EQ(event.key().server_address(), "10.0.0.1");
  EXPECT_EQ(event.key().server_port(), 80u);
}

TEST(ObserveCodecTest, DataRepeatsAndErrorsTellTheirRange) {
  struct Row {
    EventKind kind;
    v1::EventType type;
    const char* message;
  };
  constexpr std::array kRows = {
      Row{EventKind::kNewData, v1::EVENT_TYPE_NEW_DATA, ""},
      Row{EventKind::kRetransmission, v1::EVENT_TYPE_RETRANSMISSION, ""},
      Row{EventKind::kError, v1::EVENT_TYPE_ERROR, "overlap_conflict"},
  };
  for (const Row& row : kRows) {
    EventRecord record = Record(row.kind);
    record.cause = ErrorCause::kOverlapConflict;
    const v1::FlowEvent event = EncodedEvent(record);
    EXPECT_EQ(event.type(), row.type);
    EXPECT_EQ(event.side(), v1::SIDE_SERVER);
    EXPECT_EQ(event.stream_offset_bytes(), 100u);
    EXPECT_EQ(event.length_bytes(), 50u);
    EXPECT_EQ(event.message(), row.message);
  }
}

TEST(ObserveCodecTest, AStateChangeTellsBothStates) {
  EventRecord record = Record(EventKind::kStateChange);
  record.old_state = TcpState::kSynReceived;
  record.new_state = TcpState::kEstablished;
  const v1::FlowEvent event = EncodedEvent(record);
  EXPECT_EQ(event.type(), v1::EVENT_TYPE_TCP_STATE_CHANGE);
  EXPECT_EQ(event.old_state(), v1::TCP_STATE_SYN_RCVD);
  EXPECT_EQ(event.new_state(), v1::TCP_STATE_ESTABLISHED);
}

TEST(ObserveCodecTest, AnEndTellsItsReason) {
  EventRecord record = Record(EventKind::kConnectionEnd);
  record.end_reason = EndReason::kTimeout;
  EXPECT_EQ(EncodedEvent(record).end_reason(), v1::END_REASON_TIMEOUT);
}

TEST(ObserveCodecTest, APacketOfNoFlowHasNoFlowsId) {
  EventRecord record = Record(EventKind::kOrphan);
  record.has_flow = false;
  const v1::FlowEvent event = EncodedEvent(record);
  EXPECT_EQ(event.type(), v1::EVENT_TYPE_ORPHAN);
  EXPECT_EQ(event.flow_id(), 0u);
  EXPECT_EQ(event.side(), v1::SIDE_UNSPECIFIED);
  EXPECT_EQ(event.length_bytes(), 50u);
  EXPECT_TRUE(event.has_key());
  // A packet without IP has no tuple either.
  record.key = FlowKey();
  EXPECT_FALSE(EncodedEvent(record).has_key());
}

TEST(ObserveCodecTest, LossTellsWhereAndHowMuch) {
  Observation observation;
  observation.what = LostEvents{LossPoint::kCoreRing, 5, 17};
  v1::ObserveResponse response = Encoded(observation);
  EXPECT_EQ(response.lost().point(), v1::LOSS_POINT_CORE_RING);
  EXPECT_EQ(response.lost().core(), 5u);
  EXPECT_EQ(response.lost().count(), 17u);
  EXPECT_EQ(response.core(), 5u);
  observation.what = LostEvents{LossPoint::kSubscriberQueue, 0, 3};
  response = Encoded(observation);
  EXPECT_EQ(response.lost().point(), v1::LOSS_POINT_SUBSCRIBER_QUEUE);
  EXPECT_EQ(response.lost().count(), 3u);
}

TEST(ObserveCodecTest, WhatNoPacketCausedHasTheTimeOfTheClock) {
  Observation observation;
  observation.what = ObserverHeartbeat{12, 4};
  v1::ObserveResponse response = Encoded(observation);
  EXPECT_EQ(response.heartbeat().events_sent(), 12u);
  EXPECT_EQ(response.heartbeat().events_lost(), 4u);
  EXPECT_EQ(response.time().seconds(), 1000);
  EXPECT_EQ(response.core(), 0u);
  observation.what = ObserverStarted();
  response = Encoded(observation);
  EXPECT_EQ(response.stream_started().revision(), 7u);
  EXPECT_EQ(response.stream_started().boot_id(), "boot");
}

TEST(ObserveCodecTest, AnEmptyRequestLeavesEverythingToTheHub) {
  const Result<SubscribeOptions> options = Decode({});
  ASSERT_TRUE(options.ok());
  EXPECT_TRUE(options.value().selection.allow.empty());
  EXPECT_EQ(options.value().queue_events, 0u);
  EXPECT_EQ(options.value().heartbeat.count(), 0);
}

TEST(ObserveCodecTest, BoundsHoldAtThemAndNotPastThem) {
  v1::ObserveRequest request;
  request.set_max_queue_events(65536);
  request.mutable_heartbeat_interval()->set_nanos(100'000'000);
  for (int i = 0; i < kMaxEventFilters; ++i) request.add_allow();
  for (int i = 0; i < 64; ++i) {
    request.mutable_allow(0)->add_types(v1::EVENT_TYPE_ORPHAN);
  }
  EXPECT_TRUE(Decode(request).ok());

  request.set_max_queue_events(65537);
  request.mutable_heartbeat_interval()->set_nanos(99'999'999);
  request.mutable_allow(0)->add_types(v1::EVENT_TYPE_ORPHAN);
  for (int i = 0; i <= kMaxEventFilters; ++i) request.add_deny();
  const Result<SubscribeOptions> options = Decode(request);
  ASSERT_FALSE(options.ok());
  std::vector<std::string> paths;
  for (const auto& field : options.error().fields) paths.push_back(field.path);
  EXPECT_THAT(paths, ElementsAre("allow[0].types", "deny", "max_queue_events",
                                 "heartbeat_interval"));
}

}  // namespace
}  // namespace mosaic
