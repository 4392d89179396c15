#include <cstdint>
#include <string>
#include <utility>

#include "dataplane/tcp/tcp_observer.h"
#include "gtest/gtest.h"
#include "tests/unit/tcp/conversation.h"

namespace mosaic {
namespace {

using tcp_flag::kAck;
using tcp_flag::kFin;
using tcp_flag::kPsh;
using tcp_flag::kRst;
using tcp_flag::kSyn;

// Every test runs from these initial numbers: plain ones, beyond 2^31, and such
// that either side wraps within the first bytes.
class TcpStateTableTest
    : public ::testing::TestWithParam<std::pair<uint32_t, uint32_t>> {
 protected:
  TcpStateTableTest() : talk_(GetParam().first, GetParam().second) {}

  void ExpectStates(TcpState client, TcpState server) {
    EXPECT_EQ(Name(talk_.client().state), Name(client));
    EXPECT_EQ(Name(talk_.server().state), Name(server));
  }

  Conversation talk_;
};

INSTANTIATE_TEST_SUITE_P(
    InitialNumbers, TcpStateTableTest,
    ::testing::Values(std::pair(0u, 0u), std::pair(1000u, 5000u),
                      std::pair(0x7fffffffu, 0x80000000u),
                      std::pair(0x80000001u, 0x90000000u),
                      std::pair(0xffffffffu, 0xfffffffeu),
                      std::pair(0xfffffff0u, 0x7ffffff0u)));

TEST_P(TcpStateTableTest, HandshakeOpensTheServerWithTheLastAcknowledgement) {
  ExpectStates(TcpState::kClosed, TcpState::kClosed);
  EXPECT_TRUE(talk_.Client({.flags = kSyn}).Is(segment_mark::kNewSyn));
  ExpectStates(TcpState::kSynSent, TcpState::kSynReceived);
  talk_.Server({.flags = kSyn | kAck, .ack = 1});
  ExpectStates(TcpState::kEstablished, TcpState::kSynReceived);
  talk_.Client({.flags = kAck, .seq = 1, .ack = 1});
  ExpectStates(TcpState::kEstablished, TcpState::kEstablished);
}

TEST_P(TcpStateTableTest, SimultaneousOpenPassesThroughSynReceived) {
  talk_.Client({.flags = kSyn});
  talk_.Server({.flags = kSyn});
  ExpectStates(TcpState::kSynReceived, TcpState::kSynReceived);
  talk_.Client({.flags = kSyn | kAck, .ack = 1});
  ExpectStates(TcpState::kSynReceived, TcpState::kEstablished);
  talk_.Server({.flags = kSyn | kAck, .ack = 1});
  ExpectStates(TcpState::kEstablished, TcpState::kEstablished);
}

TEST_P(TcpStateTableTest, RepeatedSynAndSynAckChangeNothing) {
  talk_.Client({.flags = kSyn});
  EXPECT_TRUE(talk_.Client({.flags = kSyn}).Is(segment_mark::kRepeatedSyn));
  talk_.Server({.flags = kSyn | kAck, .ack = 1});
  EXPECT_TRUE(talk_.Server({.flags = kSyn | kAck, .ack = 1})
                  .Is(segment_mark::kRepeatedSyn));
  ExpectStates(TcpState::kEstablished, TcpState::kSynReceived);
  EXPECT_EQ(talk_.Relative(Side::kServer, talk_.server().next_seq), 1u);
}

TEST_P(TcpStateTableTest, DroppedSynIsSentAndNotReceived) {
  talk_.SendOnly(Side::kClient, {.flags = kSyn});
  ExpectStates(TcpState::kSynSent, TcpState::kClosed);
}

// RFC 9293, section 3.10.7.3: such an acknowledgement does not answer the SYN.
TEST_P(TcpStateTableTest, SynAckThatAcknowledgesSomethingElseIsIgnored) {
  talk_.Client({.flags = kSyn});
  for (uint32_t ack : {0u, 2u, 0x70000000u, 0x90000000u}) {
    EXPECT_TRUE(talk_.Server({.flags = kSyn | kAck, .seq = 77, .ack = ack})
                    .Is(segment_mark::kSynConflict));
    ExpectStates(TcpState::kSynSent, TcpState::kSynReceived);
  }

  EXPECT_TRUE(
      talk_.Server({.flags = kSyn | kAck, .ack = 1}).Is(segment_mark::kNewSyn));
  ExpectStates(TcpState::kEstablished, TcpState::kSynReceived);
}

TEST_P(TcpStateTableTest, SynAckMayAcknowledgeDataOfTheSynOrNot) {
  for (uint32_t ack : {1u, 5u}) {
    Conversation talk(GetParam().first, GetParam().second);
    talk.Client({.flags = kSyn, .payload = 4});
    talk.Server({.flags = kSyn | kAck, .ack = ack});
    EXPECT_EQ(talk.client().state, TcpState::kEstablished) << ack;
  }
}

TEST_P(TcpStateTableTest, EitherSideClosesFirst) {
  for (Side first : {Side::kClient, Side::kServer}) {
    Conversation talk(GetParam().first, GetParam().second);
    const Side second = Other(first);
    TcpEnd& active = talk.ends[Index(first)];
    TcpEnd& passive = talk.ends[Index(second)];
    talk.ShakeHands();

    talk.Send(first, {.flags = kFin | kAck, .seq = 1, .ack = 1});
    EXPECT_EQ(active.state, TcpState::kFinWait1);
    EXPECT_EQ(passive.state, TcpState::kCloseWait);
    talk.Send(second, {.flags = kAck, .seq = 1, .ack = 2});
    EXPECT_EQ(active.state, TcpState::kFinWait2);
    EXPECT_EQ(passive.state, TcpState::kCloseWait);
    EXPECT_FALSE(BothClosed(active, passive));
    talk.Send(second, {.flags = kFin | kAck, .seq = 1, .ack = 2});
    EXPECT_EQ(active.state, TcpState::kTimeWait);
    EXPECT_EQ(passive.state, TcpState::kLastAck);
    EXPECT_FALSE(BothClosed(active, passive));
    talk.Send(first, {.flags = kAck, .seq = 2, .ack = 2});
    EXPECT_EQ(active.state, TcpState::kTimeWait);
    EXPECT_EQ(passive.state, TcpState::kClosed);
    EXPECT_TRUE(BothClosed(active, passive));
  }
}

TEST_P(TcpStateTableTest, HalfClosedEndGoesOnReceiving) {
  talk_.ShakeHands();
  talk_.Client({.flags = kFin | kAck, .seq = 1, .ack = 1});
  talk_.Server({.flags = kAck | kPsh, .seq = 1, .ack = 2, .payload = 100});
  ExpectStates(TcpState::kFinWait2, TcpState::kCloseWait);
  talk_.Client({.flags = kAck, .seq = 2, .ack = 101});
  ExpectStates(TcpState::kFinWait2, TcpState::kCloseWait);
}

TEST_P(TcpStateTableTest, FinThatAcknowledgesAFinEndsInTimeWait) {
  talk_.ShakeHands();
  talk_.Client({.flags = kFin | kAck, .seq = 1, .ack = 1});
  talk_.Server({.flags = kFin | kAck, .seq = 1, .ack = 2});
  ExpectStates(TcpState::kTimeWait, TcpState::kLastAck);
}

TEST_P(TcpStateTableTest, FinsThatCrossPassThroughClosing) {
  talk_.ShakeHands();
  talk_.Client({.flags = kFin | kAck, .seq = 1, .ack = 1});
  talk_.Server({.flags = kFin | kAck, .seq = 1, .ack = 1});
  ExpectStates(TcpState::kClosing, TcpState::kLastAck);
  talk_.Server({.flags = kAck, .seq = 2, .ack = 2});
  ExpectStates(TcpState::kTimeWait, TcpState::kLastAck);
  talk_.Client({.flags = kAck, .seq = 2, .ack = 2});
  ExpectStates(TcpState::kTimeWait, TcpState::kClosed);
  EXPECT_TRUE(BothClosed(talk_.client(), talk_.server()));
}

TEST_P(TcpStateTableTest, FinBehindAHoleIsReceivedWhenTheHoleFills) {
  talk_.ShakeHands();
  talk_.Client({.flags = kFin | kAck, .seq = 11, .ack = 1});
  ExpectStates(TcpState::kFinWait1, TcpState::kEstablished);
  // The server closes too before it got there.
  talk_.Server({.flags = kFin | kAck, .seq = 1, .ack = 1});
  ExpectStates(TcpState::kClosing, TcpState::kFinWait1);
  talk_.Client({.flags = kAck, .seq = 1, .ack = 1, .payload = 10});
  ExpectStates(TcpState::kClosing, TcpState::kClosing);
  talk_.Client({.flags = kAck, .seq = 12, .ack = 2});
  talk_.Server({.flags = kAck, .seq = 2, .ack = 12});
  ExpectStates(TcpState::kTimeWait, TcpState::kTimeWait);
  EXPECT_TRUE(BothClosed(talk_.client(), talk_.server()));
}

TEST_P(TcpStateTableTest, FinWithTheLastAcknowledgementOfTheHandshakeCloses) {
  talk_.Client({.flags = kSyn});
  talk_.Server({.flags = kSyn | kAck, .ack = 1});
  talk_.Client({.flags = kFin | kAck, .seq = 1, .ack = 1});
  ExpectStates(TcpState::kFinWait1, TcpState::kCloseWait);
}

TEST_P(TcpStateTableTest, ServerMayCloseBeforeTheHandshakeIsAcknowledged) {
  talk_.Client({.flags = kSyn});
  talk_.Server({.flags = kSyn | kAck, .ack = 1});
  talk_.Server({.flags = kFin | kAck, .seq = 1, .ack = 1});
  ExpectStates(TcpState::kCloseWait, TcpState::kFinWait1);
  talk_.Client({.flags = kAck, .seq = 1, .ack = 2});
  ExpectStates(TcpState::kCloseWait, TcpState::kFinWait2);
}

TEST_P(TcpStateTableTest, DroppedFinIsSentAndNotReceived) {
  talk_.ShakeHands();
  talk_.SendOnly(Side::kClient, {.flags = kFin | kAck, .seq = 1, .ack = 1});
  ExpectStates(TcpState::kFinWait1, TcpState::kEstablished);
}

TEST_P(TcpStateTableTest, RepeatedFinChangesNothing) {
  talk_.ShakeHands();
  EXPECT_TRUE(talk_.Client({.flags = kFin | kAck, .seq = 1, .ack = 1})
                  .Is(segment_mark::kNewFin));
  EXPECT_TRUE(talk_.Client({.flags = kFin | kAck, .seq = 1, .ack = 1})
                  .Is(segment_mark::kRepeatedFin));
  ExpectStates(TcpState::kFinWait1, TcpState::kCloseWait);
}

// A receiver that has taken a FIN takes no other; one that is beyond it must
// not make the first look unacknowledged for good.
TEST_P(TcpStateTableTest, SecondFinBeyondOneThatWasReceivedDoesNotMoveIt) {
  talk_.ShakeHands();
  talk_.Client({.flags = kFin | kAck, .seq = 1, .ack = 1});
  talk_.Client({.flags = kFin | kAck, .seq = 1, .ack = 1, .payload = 50});

  talk_.Server({.flags = kFin | kAck, .seq = 1, .ack = 2});
  talk_.Client({.flags = kAck, .seq = 2, .ack = 2});

  ExpectStates(TcpState::kTimeWait, TcpState::kClosed);
}

TEST_P(TcpStateTableTest, ResetClosesBothEndsFromEveryState) {
  talk_.ShakeHands();
  talk_.Client({.flags = kAck | kPsh, .seq = 1, .ack = 1, .payload = 10});
  EXPECT_TRUE(talk_.Server({.flags = kRst | kAck, .seq = 1, .ack = 11})
                  .Is(segment_mark::kResets));
  ExpectStates(TcpState::kClosed, TcpState::kClosed);
  EXPECT_TRUE(BothClosed(talk_.client(), talk_.server()));
}

TEST_P(TcpStateTableTest, DroppedResetClosesItsSenderOnly) {
  talk_.ShakeHands();
  talk_.SendOnly(Side::kServer, {.flags = kRst, .seq = 1});
  ExpectStates(TcpState::kEstablished, TcpState::kClosed);
}

TEST_P(TcpStateTableTest, ConnectionMetInItsMiddleCloses) {
  for (TcpEnd& end : talk_.ends) StartMidstream(end);
  talk_.Client({.flags = kAck | kPsh, .seq = 500, .ack = 900, .payload = 20});
  ExpectStates(TcpState::kEstablished, TcpState::kEstablished);
  EXPECT_EQ(talk_.client().delivered, 20u);
  talk_.Server({.flags = kFin | kAck, .seq = 900, .ack = 520});
  talk_.Client({.flags = kFin | kAck, .seq = 520, .ack = 901});
  talk_.Server({.flags = kAck, .seq = 901, .ack = 521});
  ExpectStates(TcpState::kClosed, TcpState::kTimeWait);
  EXPECT_TRUE(BothClosed(talk_.client(), talk_.server()));
}

}  // namespace
}  // namespace mosaic
