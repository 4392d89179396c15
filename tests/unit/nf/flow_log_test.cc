#include "nf/flow_log/flow_log.h"

#include <nettle/sha2.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/support/nf_harness.h"
#include "tests/unit/nf/flow_of.h"

namespace mosaic {
namespace {

using Json = nlohmann::json;

std::string Sha256(std::string_view text) {
  sha256_ctx context;
  sha256_init(&context);
  sha256_update(&context, text.size(),
                reinterpret_cast<const uint8_t*>(text.data()));
  std::array<uint8_t, SHA256_DIGEST_SIZE> digest;
  sha256_digest(&context, digest.size(), digest.data());
  std::string hex;
  for (uint8_t byte : digest) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

class Sink : public RecordSink {
 public:
  bool Write(uint64_t order, std::span<const char> record) override {
    orders.push_back(order);
    lines.emplace_back(record.begin(), record.end());
    return takes;
  }
  bool takes = true;
  std::vector<uint64_t> orders;
  std::vector<std::string> lines;
};

class FlowLogTest : public ::testing::Test {
 protected:
  FlowLogTest() { Configure(true); }

  void Configure(bool digests, std::vector<uint8_t> protocols = {}) {
    auto config = std::make_shared<FlowLogConfig>();
    config->payload_digests = digests;
    if (!protocols.empty()) config->logs_protocol.fill(false);
    for (uint8_t protocol : protocols) config->logs_protocol[protocol] = true;
    harness_.nf().Configure(std::move(config));
  }

  // Ends `flow` and gives back its line.
  Json LineOf(Flow& flow, EndReason reason = EndReason::kFin) {
    sink_.lines.clear();
    harness_.End(flow, reason);
    EXPECT_EQ(sink_.lines.size(), 1u);
    if (sink_.lines.size() != 1) return {};
    EXPECT_EQ(sink_.lines[0].back(), '\n');
    EXPECT_EQ(sink_.lines[0].find('\n'), sink_.lines[0].size() - 1);
    return Json::parse(sink_.lines[0]);
  }

  Sink sink_;
  NfHarness harness_{std::make_unique<FlowLog>(sink_)};
};

TEST_F(FlowLogTest, LineHasEveryField) {
  Flow flow = FlowOf({}, 5);
  flow.origin = FlowOrigin::kSyn;
  flow.start = Timestamp::FromNanos(1'700'000'000'123'456'789);
  flow.last_packet = flow.start + Duration::Micros(2500);
  flow.rtt_micros = {11, 22};
  flow.hot[0] = {.payload_bytes = 100, .wire_bytes = 300, .packets = 3};
  flow.hot[1] = {.payload_bytes = 200, .wire_bytes = 500, .packets = 4};
  flow.end[0].delivered = 90;
  flow.rare[0] = {.gap_bytes = 7,
                  .conflict_bytes = 6,
                  .refused_bytes = 5,
                  .retransmitted_bytes = 4,
                  .retransmitted_packets = 3,
                  .out_of_order_packets = 2};

  const Json line = LineOf(flow, EndReason::kReset);

  EXPECT_EQ(line["flow_id"], 5);
  EXPECT_EQ(line["protocol"], 6);
  EXPECT_EQ(line["client"], Json({"10.0.0.1", 40000}));
  EXPECT_EQ(line["server"], Json({"192.0.2.80", 443}));
  EXPECT_EQ(line["origin"], "syn");
  EXPECT_EQ(line["start_us"], 1'700'000'000'123'456);
  EXPECT_EQ(line["duration_us"], 2500);
  EXPECT_EQ(line["rtt_client_us"], 11);
  EXPECT_EQ(line["rtt_server_us"], 22);
  EXPECT_EQ(line["end_reason"], "reset");
  const Json& sent = line["client_to_server"];
  EXPECT_EQ(sent["packets"], 3);
  EXPECT_EQ(sent["wire_bytes"], 300);
  EXPECT_EQ(sent["payload_bytes"], 100);
  EXPECT_EQ(sent["stream_bytes"], 83);
  EXPECT_EQ(sent["contiguous_bytes"], 0);
  EXPECT_EQ(sent["sha256"], Sha256(""));
  EXPECT_EQ(sent["gap_bytes"], 7);
  EXPECT_EQ(sent["conflict_bytes"], 6);
  EXPECT_EQ(sent["refused_bytes"], 5);
  EXPECT_EQ(sent["retransmitted_bytes"], 4);
  EXPECT_EQ(sent["retransmitted_packets"], 3);
  EXPECT_EQ(sent["out_of_order_packets"], 2);
  EXPECT_EQ(line["server_to_client"]["packets"], 4);
  EXPECT_EQ(line.size(), 12u);
  EXPECT_EQ(sent.size(), 12u);
  EXPECT_EQ(sink_.orders, std::vector<uint64_t>{5});
}

TEST_F(FlowLogTest, Ipv6AddressesHaveTheirUsualForm) {
  Flow flow = FlowOf({.client = "2001:db8::1", .server = "fe80::a:b"});
  const Json line = LineOf(flow);
  EXPECT_EQ(line["client"][0], "2001:db8::1");
  EXPECT_EQ(line["server"][0], "fe80::a:b");
}

TEST_F(FlowLogTest, OriginsAndEndReasonsHaveWords) {
  for (const auto& [origin, word] :
       {std::pair(FlowOrigin::kSyn, "syn"),
        std::pair(FlowOrigin::kMidstream, "midstream"),
        std::pair(FlowOrigin::kDatagram, "datagram")}) {
    Flow flow = FlowOf({});
    flow.origin = origin;
    EXPECT_EQ(LineOf(flow)["origin"], word);
  }
  for (size_t i = 0; i < kEndReasons; ++i) {
    Flow flow = FlowOf({});
    const auto reason = static_cast<EndReason>(i);
    EXPECT_EQ(LineOf(flow, reason)["end_reason"], std::string(Name(reason)));
  }
}

// --- Digests
// ------------------------------------------------------------------

TEST_F(FlowLogTest, DigestsAreOfTheBytesOfEachDirection) {
  Flow flow = FlowOf({});
  harness_.Data(flow, Side::kServer, 0, "GET / ");
  harness_.Data(flow, Side::kClient, 0, "HTTP/1.1 ");
  harness_.Data(flow, Side::kServer, 6, "HTTP/1.1\r\n");
  harness_.Data(flow, Side::kClient, 9, "200 OK\r\n");

  const Json line = LineOf(flow);

  EXPECT_EQ(line["client_to_server"]["sha256"], Sha256("GET / HTTP/1.1\r\n"));
  EXPECT_EQ(line["client_to_server"]["contiguous_bytes"], 16);
  EXPECT_EQ(line["server_to_client"]["sha256"], Sha256("HTTP/1.1 200 OK\r\n"));
}

TEST_F(FlowLogTest, DigestEndsAtTheFirstGap) {
  Flow flow = FlowOf({});
  harness_.Data(flow, Side::kServer, 0, "before");
  harness_.Data(flow, Side::kServer, 10, "behind");
  harness_.Data(flow, Side::kServer, 16, "and on");

  const Json sent = LineOf(flow)["client_to_server"];

  EXPECT_EQ(sent["contiguous_bytes"], 6);
  EXPECT_EQ(sent["sha256"], Sha256("before"));
}

TEST_F(FlowLogTest, StreamWithoutItsFirstBytesHasAnEmptyDigest) {
  Flow flow = FlowOf({});
  harness_.Data(flow, Side::kServer, 1, "late");
  EXPECT_EQ(LineOf(flow)["client_to_server"]["sha256"], Sha256(""));
}

TEST_F(FlowLogTest, BytesThatItHasSeenAreNoGapWhenTheyAreResent) {
  Flow flow = FlowOf({});
  harness_.Data(flow, Side::kServer, 0, "abc");
  harness_.Data(flow, Side::kServer, 1, "bc", NfHarness::Copy::kResent);
  harness_.Data(flow, Side::kServer, 3, "def");
  EXPECT_EQ(LineOf(flow)["client_to_server"]["sha256"], Sha256("abcdef"));
}

TEST_F(FlowLogTest, BytesThatItMissedWhenTheyWereDroppedAreAGap) {
  Flow flow = FlowOf({});
  harness_.Data(flow, Side::kServer, 0, "abc");
  harness_.Data(flow, Side::kServer, 6, "ghi");
  harness_.Data(flow, Side::kServer, 3, "def", NfHarness::Copy::kResent);
  EXPECT_EQ(LineOf(flow)["client_to_server"]["sha256"], Sha256("abc"));
}

TEST_F(FlowLogTest, WithoutDigestsBytesAreStillCounted) {
  Configure(false);
  Flow flow = FlowOf({});
  harness_.Data(flow, Side::kServer, 0, "abc");
  const Json sent = LineOf(flow)["client_to_server"];
  EXPECT_EQ(sent["contiguous_bytes"], 3);
  EXPECT_FALSE(sent.contains("sha256"));
}

TEST_F(FlowLogTest, DigestsSwitchedOnInMidstreamAreNotMadeOfHalfAStream) {
  Configure(false);
  Flow begun = FlowOf({}, 0);
  Flow silent = FlowOf({}, 1);
  harness_.Data(begun, Side::kServer, 0, "unseen ");
  Configure(true);
  harness_.Data(begun, Side::kServer, 7, "seen");
  harness_.Data(silent, Side::kServer, 0, "whole");

  EXPECT_FALSE(LineOf(begun)["client_to_server"].contains("sha256"));
  EXPECT_EQ(LineOf(silent)["client_to_server"]["sha256"], Sha256("whole"));
}

TEST_F(FlowLogTest, DigestsSwitchedOffAndOnAgainAreNotMadeOfTwoHalves) {
  Flow flow = FlowOf({});
  harness_.Data(flow, Side::kServer, 0, "one ");
  Configure(false);
  harness_.Data(flow, Side::kServer, 4, "two ");
  Configure(true);
  harness_.Data(flow, Side::kServer, 8, "three");

  EXPECT_FALSE(LineOf(flow)["client_to_server"].contains("sha256"));
}

// --- Roles
// ----------------------------------------------------------------------

TEST_F(FlowLogTest, DirectionsFollowTheirSendersWhenRolesTurnOutSwapped) {
  Flow flow = FlowOf({});
  harness_.Data(flow, Side::kServer, 0, "from the first endpoint");
  flow.client = 1;
  harness_.Data(flow, Side::kServer, 0, "from the second");

  const Json line = LineOf(flow);

  EXPECT_EQ(line["client"], Json({"192.0.2.80", 443}));
  EXPECT_EQ(line["client_to_server"]["sha256"], Sha256("from the second"));
  EXPECT_EQ(line["server_to_client"]["sha256"],
            Sha256("from the first endpoint"));
}

// --- Selection and loss
// -----------------------------------------------------------

TEST_F(FlowLogTest, OnlyTheChosenProtocolsAreLogged) {
  Configure(false, {17, 255});
  for (uint8_t protocol : {uint8_t{6}, uint8_t{17}, uint8_t{1}, uint8_t{255}}) {
    Flow flow = FlowOf({.protocol = protocol});
    harness_.End(flow, EndReason::kTimeout);
  }
  ASSERT_EQ(sink_.lines.size(), 2u);
  EXPECT_EQ(Json::parse(sink_.lines[0])["protocol"], 17);
  EXPECT_EQ(Json::parse(sink_.lines[1])["protocol"], 255);
}

TEST_F(FlowLogTest, LinesThatTheSinkRefusesAreCountedAsLost) {
  Flow flow = FlowOf({});
  harness_.End(flow, EndReason::kFin);
  sink_.takes = false;
  harness_.End(flow, EndReason::kFin);
  EXPECT_EQ(harness_.CounterOf("records_written"), 1u);
  EXPECT_EQ(harness_.CounterOf("records_lost"), 1u);
}

TEST_F(FlowLogTest, LongestLineIsWithinTheBoundAndWhole) {
  Flow flow = FlowOf({.client = "1111:2222:3333:4444:5555:6666:7777:8888",
                      .client_port = 65535,
                      .server = "aaaa:bbbb:cccc:dddd:eeee:ffff:aaaa:bbbb",
                      .server_port = 65535,
                      .protocol = 255});
  flow.id = UINT64_MAX;
  flow.origin = FlowOrigin::kMidstream;
  flow.start = Timestamp::FromNanos(INT64_MIN + 1'000);
  flow.last_packet = Timestamp::FromNanos(0);
  flow.rtt_micros = {UINT32_MAX, UINT32_MAX};
  for (size_t side = 0; side < kSides; ++side) {
    flow.hot[side] = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
    flow.rare[side] = {UINT64_MAX, UINT64_MAX, UINT64_MAX,
                       UINT64_MAX, UINT32_MAX, UINT32_MAX};
    flow.end[side].delivered = UINT64_MAX - 1;
  }

  EXPECT_EQ(LineOf(flow, EndReason::kShutdown)["end_reason"], "shutdown");
  EXPECT_LE(sink_.lines[0].size(), FlowLog::kMaxLineBytes);
}

}  // namespace
}  // namespace mosaic
