// What the random test of the engine found (tests/support/tcp_script.h), each
// as a conversation of its own.

#include "dataplane/tcp/acceptance.h"

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/tcp/conversation.h"

namespace mosaic {
namespace {

using tcp_flag::kAck;
using tcp_flag::kFin;
using tcp_flag::kRst;
using tcp_flag::kSyn;

std::vector<uint8_t> WindowScale(uint8_t shift) { return {3, 3, shift, 0}; }
std::vector<uint8_t> Stamp(uint8_t value) {
  return {1, 1, 8, 10, 0, 0, 0, value, 0, 0, 0, 0};
}

class AcceptanceTest : public ::testing::Test {
 protected:
  Judgement JudgeOf(Side sender, const Segment& segment) {
    const ParsedPacket packet = talk_.Packet(sender, segment);
    return Judge(talk_.PairOf(sender), packet,
                 ParseTcpOptions(packet.tcp_options()), {});
  }
  // Judges it, and lets the ends take it.
  Judgement Send(Side sender, const Segment& segment) {
    const Judgement judgement = JudgeOf(sender, segment);
    if (judgement.refused) return judgement;
    const ParsedPacket packet = talk_.Packet(sender, segment);
    TakeTimestamp(talk_.PairOf(sender), packet,
                  ParseTcpOptions(packet.tcp_options()), {});
    talk_.Send(sender, segment);
    return judgement;
  }

  Conversation talk_{0xfffffff0, 0x7ffffff0};
};

TEST_F(AcceptanceTest, AcknowledgementOutsideTheWindowIsNotInItsPlace) {
  talk_.ShakeHands();
  talk_.Client({.flags = kAck, .seq = 1, .ack = 1, .payload = 10});
  const struct {
    uint32_t seq;
    bool in_place;
  } rows[] = {{11, true},          {1, true},
              {1001, true},  // The window's end.
              {1002, false},       {0x40000000u, false},
              {0x80000000u, false}};
  for (const auto& row : rows) {
    const Judgement judgement =
        JudgeOf(Side::kClient, {.flags = kAck, .seq = row.seq, .ack = 1});
    EXPECT_FALSE(judgement.refused) << row.seq;
    EXPECT_EQ(judgement.in_place, row.in_place) << row.seq;
    EXPECT_EQ(judgement.marks,
              row.in_place ? 0 : segment_mark::kSegmentOutOfWindow)
        << row.seq;
  }
}

TEST_F(AcceptanceTest, OldAcknowledgementDoesNotLetOldDataIn) {
  talk_.Client({.flags = kSyn, .options = Stamp(100)});
  talk_.Server({.flags = kSyn | kAck, .ack = 1, .options = Stamp(7)});
  talk_.Client({.flags = kAck, .seq = 1, .ack = 1, .options = Stamp(101)});

  Send(Side::kClient,
       {.flags = kAck, .seq = 1, .ack = 1, .options = Stamp(50)});
  EXPECT_EQ(talk_.client().timestamp, 100u);
  EXPECT_EQ(Send(Side::kClient, {.flags = kAck,
                                 .seq = 1,
                                 .ack = 1,
                                 .payload = 5,
                                 .options = Stamp(60)})
                .marks,
            segment_mark::kOldTimestamp);
}

TEST_F(AcceptanceTest, SynThatComesAgainLeavesTheWindowAsItIs) {
  talk_.Client({.flags = kSyn, .window = 500, .options = WindowScale(4)});
  talk_.Server({.flags = kSyn | kAck, .ack = 1, .options = WindowScale(4)});
  talk_.Client({.flags = kAck, .seq = 1, .ack = 1, .window = 500});
  ASSERT_EQ(talk_.client().window, 8000u);

  EXPECT_TRUE(talk_.Client({.flags = kSyn, .window = 500})
                  .Is(segment_mark::kRepeatedSyn));
  EXPECT_EQ(talk_.client().window, 8000u);
}

TEST_F(AcceptanceTest, SynThatComesAgainDoesNotOpenAnEndThatIsClosed) {
  talk_.ShakeHands();
  talk_.Client({.flags = kFin | kAck, .seq = 1, .ack = 1});
  talk_.Server({.flags = kFin | kAck, .seq = 1, .ack = 2});
  talk_.Client({.flags = kAck, .seq = 2, .ack = 2});
  ASSERT_EQ(talk_.server().state, TcpState::kClosed);

  talk_.Client({.flags = kSyn});
  EXPECT_EQ(talk_.server().state, TcpState::kClosed);
}

TEST_F(AcceptanceTest, SynThatComesAgainDoesNotOpenAnEndThatWasReset) {
  talk_.ShakeHands();
  talk_.Server({.flags = kRst, .seq = 1});
  ASSERT_EQ(talk_.server().state, TcpState::kClosed);
  talk_.Client({.flags = kSyn});
  EXPECT_EQ(talk_.server().state, TcpState::kClosed);
}

TEST_F(AcceptanceTest, SynWhoseFirstCopyNeverArrivedStillOpensItsReceiver) {
  talk_.SendOnly(Side::kClient, {.flags = kSyn});
  talk_.Client({.flags = kSyn});
  EXPECT_EQ(talk_.server().state, TcpState::kSynReceived);
}

TEST_F(AcceptanceTest, AcknowledgementBeforeASynIsOnlyOneOfWhatFollowsIt) {
  talk_.Client({.flags = kSyn});
  // Seen before the SYN/ACK: right, below it, and far from it.
  for (const uint32_t early : {1u, 0u, 0x60000000u}) {
    Conversation talk(0xfffffff0, 0x7ffffff0);
    talk.Client({.flags = kSyn});
    talk.Client({.flags = kAck, .seq = 1, .ack = early, .payload = 1});
    talk.Server({.flags = kSyn | kAck, .ack = 1});
    EXPECT_EQ(talk.server().Has(end_flag::kAckSeen), early == 1) << early;
  }
}

TEST_F(AcceptanceTest, WindowsAreScaledOnlyWhereBothEndsSaidSo) {
  talk_.Client({.flags = kSyn, .options = WindowScale(14)});
  talk_.Server({.flags = kSyn | kAck, .ack = 1});
  talk_.Client({.flags = kAck, .seq = 1, .ack = 1});
  EXPECT_EQ(ScaleOf(talk_.client(), talk_.server()), 0u);
  // The server has sent more than the client's unscaled windows ever allowed.
  talk_.Server({.flags = kAck, .seq = 1, .ack = 1, .payload = 70'000});
  talk_.Client({.flags = kAck, .seq = 1, .ack = 70'001});
  EXPECT_EQ(
      JudgeOf(Side::kClient, {.flags = kAck, .seq = 1, .ack = 1, .payload = 1})
          .marks,
      segment_mark::kInvalidAck);
}

TEST_F(AcceptanceTest, ForgedResetThatIsTakenBackLeavesTheHandshakeOpen) {
  talk_.Client({.flags = kSyn});
  talk_.Server({.flags = kSyn | kAck, .ack = 1});
  talk_.Client({.flags = kRst, .seq = 1});
  TakeBackReset(talk_.PairOf(Side::kClient));
  EXPECT_EQ(talk_.client().state, TcpState::kEstablished);
  EXPECT_EQ(talk_.server().state, TcpState::kSynReceived);
}

}  // namespace
}  // namespace mosaic
