#include "dataplane/tcp/tcp_observer.h"

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/tcp/acceptance.h"
#include "gtest/gtest.h"
#include "tests/unit/tcp/conversation.h"

namespace mosaic {
namespace {

using tcp_flag::kAck;
using tcp_flag::kFin;
using tcp_flag::kPsh;
using tcp_flag::kRst;
using tcp_flag::kSyn;

std::vector<uint8_t> WindowScale(uint8_t shift) { return {3, 3, shift, 0}; }

// What an ISN may be: each relation to the signed halves, and every wrap.
const uint32_t kIsns[] = {0,          1,          0x7ffffffe, 0x7fffffff,
                          0x80000000, 0x80000001, 0xfffffff0, 0xffffffff};

// --- Judgement of RSTs ------------------------------------------------------

TEST(TcpResetTest, AnswerToASynMustAcknowledgeIt) {
  for (uint32_t isn : kIsns) {
    Conversation talk(isn, 0);
    talk.Client({.flags = kSyn});

    EXPECT_TRUE(talk.Server({.flags = kRst}).Is(segment_mark::kBadReset));
    for (uint32_t ack : {0u, 2u, 0x70000000u, 0x90000000u}) {
      EXPECT_TRUE(talk.Server({.flags = kRst | kAck, .ack = ack})
                      .Is(segment_mark::kBadReset))
          << isn << " " << ack;
    }
    EXPECT_EQ(talk.client().state, TcpState::kSynSent);

    const SegmentInfo info = talk.Server({.flags = kRst | kAck, .ack = 1});
    EXPECT_TRUE(info.Is(segment_mark::kResets));
    EXPECT_TRUE(info.Is(segment_mark::kRefuses));
    EXPECT_EQ(talk.client().state, TcpState::kClosed);
  }
}

TEST(TcpResetTest, ClientTakesItsSynBack) {
  Conversation talk;
  talk.Client({.flags = kSyn});
  const SegmentInfo info = talk.Client({.flags = kRst, .seq = 1});
  EXPECT_TRUE(info.Is(segment_mark::kResets));
  EXPECT_FALSE(info.Is(segment_mark::kRefuses));
}

TEST(TcpResetTest, OpenConnectionTakesOnlyTheNextNumberOrTheHighest) {
  for (uint32_t isn : kIsns) {
    const struct {
      uint32_t seq;
      bool resets;
    } rows[] = {{11, true},   // Next to be delivered.
                {31, true},   // Behind the highest byte sent.
                {10, false},  // One too low.
                {12, false},  // In the hole.
                {30, false}, {32, false}, {1, false}, {0x80000000u, false}};
    for (const auto& row : rows) {
      Conversation talk(isn, 99);
      talk.ShakeHands();
      talk.Client({.flags = kAck, .seq = 1, .ack = 1, .payload = 10});
      // Bytes 11 to 20 are missing.
      talk.Client({.flags = kAck, .seq = 21, .ack = 1, .payload = 10});

      const SegmentInfo info = talk.Client({.flags = kRst, .seq = row.seq});

      EXPECT_EQ(info.Is(segment_mark::kResets), row.resets)
          << isn << " " << row.seq;
      EXPECT_EQ(info.Is(segment_mark::kBadReset), !row.resets);
      EXPECT_EQ(talk.server().state,
                row.resets ? TcpState::kClosed : TcpState::kEstablished);
    }
  }
}

TEST(TcpResetTest, AfterAFinAnyNumberWithinAWindowResets) {
  const struct {
    uint32_t seq;
    bool resets;
  } rows[] = {{1, true},
              {500, true},
              {0x40000002u, true},    // 2^30 beyond the FIN's number.
              {0x40000003u, false},   // One more.
              {0xc0000002u, true},    // 2^30 before it.
              {0xc0000001u, false}};  // One more.
  for (const auto& row : rows) {
    Conversation talk(0xfffffff0, 7);
    talk.ShakeHands();
    talk.Client({.flags = kAck, .seq = 1, .ack = 1, .payload = 1});
    talk.Client({.flags = kFin | kAck, .seq = 2, .ack = 1});

    const SegmentInfo info = talk.Client({.flags = kRst, .seq = row.seq});

    EXPECT_EQ(info.Is(segment_mark::kResets), row.resets) << row.seq;
  }
}

TEST(TcpResetTest, SideThatWasNeverHeardMayResetAConnectionMetInItsMiddle) {
  Conversation talk;
  for (TcpEnd& end : talk.ends) StartMidstream(end);
  talk.Client({.flags = kAck, .seq = 100, .ack = 100});
  EXPECT_TRUE(
      talk.Server({.flags = kRst, .seq = 123456}).Is(segment_mark::kResets));
}

TEST(TcpResetTest, BadResetMovesNothing) {
  Conversation talk;
  talk.ShakeHands();
  const TcpEnd before = talk.client();

  talk.Client({.flags = kRst | kAck, .seq = 5000, .ack = 90, .window = 3});

  EXPECT_EQ(talk.client().snd_nxt, before.snd_nxt);
  EXPECT_EQ(talk.client().next_seq, before.next_seq);
  EXPECT_EQ(talk.client().window, before.window);
  EXPECT_EQ(talk.client().flags, before.flags);
  EXPECT_EQ(talk.Relative(Side::kServer, talk.server().snd_una), 1u);
}

// --- SYNs of other connections ----------------------------------------------

TEST(TcpSynTest, ConflictingSynMovesNothing) {
  for (uint32_t isn : kIsns) {
    Conversation talk(isn, 3);
    talk.ShakeHands();
    const TcpEnd before = talk.client();

    const SegmentInfo info = talk.Client({.flags = kSyn | kFin | kAck,
                                          .seq = 4000,
                                          .ack = 600,
                                          .payload = 8,
                                          .window = 1,
                                          .options = WindowScale(9)});

    EXPECT_TRUE(info.Is(segment_mark::kSynConflict));
    EXPECT_FALSE(info.Is(segment_mark::kNewFin));
    EXPECT_EQ(talk.client().snd_nxt, before.snd_nxt);
    EXPECT_EQ(talk.client().window, before.window);
    EXPECT_EQ(talk.client().window_shift, before.window_shift);
    EXPECT_EQ(talk.client().flags, before.flags);
    EXPECT_EQ(talk.client().state, TcpState::kEstablished);
    EXPECT_EQ(talk.Relative(Side::kServer, talk.server().snd_una), 1u);
    // Or whoever can send a SYN could reset the connection with two packets.
    EXPECT_TRUE(
        talk.Client({.flags = kRst, .seq = 4001}).Is(segment_mark::kBadReset));
  }
}

TEST(TcpSynTest, SynBehindItsFirstDataIsANewSyn) {
  Conversation talk(0xfffffffe, 3);
  for (TcpEnd& end : talk.ends) StartMidstream(end);
  talk.Client({.flags = kAck | kPsh, .seq = 1, .ack = 1, .payload = 10});

  const SegmentInfo info = talk.Client({.flags = kSyn});

  EXPECT_TRUE(info.Is(segment_mark::kNewSyn));
  EXPECT_EQ(info.offset, 0);
  EXPECT_EQ(talk.client().delivered, 10u);
  EXPECT_EQ(talk.Relative(Side::kClient, talk.client().isn()), 0u);
}

TEST(TcpSynTest, AFinInFrontOfTheSynIsNoneOfItsStream) {
  Conversation talk(1, 59'247);
  talk.Client({.flags = kSyn});
  talk.Server({.flags = kAck | kFin, .seq = 0u - 59'247, .ack = 1});

  const SegmentInfo info = talk.Server({.flags = kSyn | kAck, .ack = 1});

  EXPECT_TRUE(info.Is(segment_mark::kNewSyn));
  EXPECT_FALSE(talk.server().Has(end_flag::kFinSeen));
}

// --- Numbers ----------------------------------------------------------------

TEST(TcpNumbersTest, OffsetCountsFromTheFirstByteWhereverTheIsnIs) {
  for (uint32_t isn : kIsns) {
    Conversation talk(isn, 0);
    talk.ShakeHands();
    EXPECT_EQ(talk.SendOnly(Side::kClient,
                            {.flags = kAck, .seq = 1, .ack = 1, .payload = 5})
                  .offset,
              0);
    EXPECT_EQ(talk.SendOnly(Side::kClient,
                            {.flags = kAck, .seq = 101, .ack = 1, .payload = 5})
                  .offset,
              100);
    EXPECT_EQ(talk.SendOnly(Side::kClient, {.flags = kSyn}).offset, 0);
    EXPECT_EQ(talk.SendOnly(Side::kClient, {.flags = kAck, .ack = 1}).offset,
              -1);
  }
}

TEST(TcpNumbersTest, OffsetGoesOnBeyondFourGigabytes) {
  Conversation talk(0xffffff00, 0);
  talk.ShakeHands();
  constexpr uint32_t kStep = 1u << 30;
  uint32_t seq = 1;
  for (uint64_t i = 0; i < 10; ++i) {
    const SegmentInfo info =
        talk.Client({.flags = kAck, .seq = seq, .ack = 1, .payload = kStep});
    EXPECT_EQ(info.offset, static_cast<int64_t>(i * kStep));
    EXPECT_EQ(talk.Relative(Side::kClient, talk.client().snd_nxt), seq + kStep);
    seq += kStep;
  }
}

TEST(TcpNumbersTest, AcknowledgementsOnlyMoveForwardAcrossTheWrap) {
  for (uint32_t isn : kIsns) {
    Conversation talk(isn, 0);
    talk.ShakeHands();
    talk.Client({.flags = kAck, .seq = 1, .ack = 1, .payload = 100});
    for (uint32_t ack : {50u, 101u, 20u}) {
      talk.Server({.flags = kAck, .seq = 1, .ack = ack});
    }
    EXPECT_EQ(talk.Relative(Side::kClient, talk.client().snd_una), 101u) << isn;
  }
}

TEST(TcpNumbersTest, FirstAcknowledgementIsTakenAsItIs) {
  for (uint32_t isn : kIsns) {
    Conversation talk(isn, 0);
    for (TcpEnd& end : talk.ends) StartMidstream(end);
    talk.Server({.flags = kAck, .seq = 1, .ack = 700});
    EXPECT_EQ(talk.Relative(Side::kClient, talk.client().snd_una), 700u) << isn;
  }
}

TEST(TcpNumbersTest, AcknowledgementOfBytesNotSeenIsMarked) {
  Conversation talk;
  talk.ShakeHands();
  talk.Client({.flags = kAck, .seq = 1, .ack = 1, .payload = 10});
  EXPECT_FALSE(talk.Server({.flags = kAck, .seq = 1, .ack = 11})
                   .Is(segment_mark::kAcksUnseen));
  EXPECT_TRUE(talk.Server({.flags = kAck, .seq = 1, .ack = 12})
                  .Is(segment_mark::kAcksUnseen));
}

// --- Windows ----------------------------------------------------------------

TEST(TcpWindowTest, ScalesOnlyIfBothOfferedAndNeverInASyn) {
  const struct {
    bool client;
    bool server;
    uint32_t window;
  } rows[] = {{true, true, 100u << 7},
              {true, false, 100},
              {false, true, 100},
              {false, false, 100}};
  for (const auto& row : rows) {
    Conversation talk;
    using Options = std::vector<uint8_t>;
    talk.Client({.flags = kSyn,
                 .window = 100,
                 .options = row.client ? WindowScale(7) : Options()});
    EXPECT_EQ(talk.client().window, 100u);
    talk.Server({.flags = kSyn | kAck,
                 .ack = 1,
                 .window = 200,
                 .options = row.server ? WindowScale(3) : Options()});
    EXPECT_EQ(talk.server().window, 200u);
    talk.Client({.flags = kAck, .seq = 1, .ack = 1, .window = 100});
    EXPECT_EQ(talk.client().window, row.window);
  }
}

TEST(TcpWindowTest, LargestWindowIsAGigabyte) {
  Conversation talk;
  talk.Client({.flags = kSyn, .options = WindowScale(200)});
  talk.Server({.flags = kSyn | kAck, .ack = 1, .options = WindowScale(14)});
  talk.Client({.flags = kAck, .seq = 1, .ack = 1, .window = 65535});
  EXPECT_EQ(talk.client().window, 65535u << 14);
}

// --- Keep-alives and FINs ---------------------------------------------------

TEST(TcpKeepAliveTest, OneByteBelowTheNextIsAKeepAlive) {
  for (uint32_t isn : kIsns) {
    Conversation talk(isn, 0);
    talk.ShakeHands();
    talk.Client({.flags = kAck, .seq = 1, .ack = 1, .payload = 10});
    const auto is_probe = [&](const Segment& segment) {
      return talk.SendOnly(Side::kClient, segment).Is(segment_mark::kKeepAlive);
    };
    EXPECT_TRUE(is_probe({.flags = kAck, .seq = 10, .ack = 1, .payload = 1}));
    EXPECT_FALSE(is_probe({.flags = kAck, .seq = 10, .ack = 1, .payload = 2}));
    EXPECT_FALSE(is_probe({.flags = kAck, .seq = 9, .ack = 1, .payload = 1}));
    EXPECT_FALSE(is_probe({.flags = kAck, .seq = 11, .ack = 1, .payload = 1}));
    EXPECT_FALSE(
        is_probe({.flags = kAck | kFin, .seq = 10, .ack = 1, .payload = 1}));
  }
}

TEST(TcpFinTest, DataAtOrBeyondAFinIsMarked) {
  for (uint32_t isn : kIsns) {
    Conversation talk(isn, 0);
    talk.ShakeHands();
    talk.Client({.flags = kFin | kAck, .seq = 1, .ack = 1, .payload = 10});
    const auto past = [&](uint32_t seq, uint32_t payload) {
      const ParsedPacket packet = talk.Packet(
          Side::kClient,
          {.flags = kAck, .seq = seq, .ack = 1, .payload = payload});
      const Judgement judgement =
          Judge(talk.PairOf(Side::kClient), packet, TcpOptions(), {});
      return (judgement.marks & segment_mark::kPastFin) != 0;
    };
    EXPECT_FALSE(past(1, 10));
    EXPECT_FALSE(past(12, 0));
    EXPECT_TRUE(past(1, 11));
    EXPECT_TRUE(past(11, 1));
    EXPECT_TRUE(past(500, 1));
  }
}

// --- New incarnations -------------------------------------------------------

TEST(TcpIncarnationTest, OnlyABareSynStartsOne) {
  Conversation talk;
  talk.ShakeHands();
  EXPECT_TRUE(talk.IsNewIncarnation(Side::kClient, {.flags = kSyn, .seq = 5}));
  for (uint8_t more : {kAck, kRst, kFin}) {
    EXPECT_FALSE(talk.IsNewIncarnation(
        Side::kClient, {.flags = static_cast<uint8_t>(kSyn | more), .seq = 5}));
  }
  EXPECT_FALSE(talk.IsNewIncarnation(Side::kClient, {.flags = kAck, .seq = 5}));
}

TEST(TcpIncarnationTest, SideWithAnInitialNumberStartsOneWithAnother) {
  for (uint32_t isn : kIsns) {
    Conversation talk(isn, isn ^ 0x80000000);
    talk.ShakeHands();
    for (Side side : {Side::kClient, Side::kServer}) {
      EXPECT_FALSE(talk.IsNewIncarnation(side, {.flags = kSyn, .seq = 0}));
      for (uint32_t seq : {1u, 0x80000000u, 0xffffffffu}) {
        EXPECT_TRUE(talk.IsNewIncarnation(side, {.flags = kSyn, .seq = seq}));
      }
    }
  }
}

TEST(TcpIncarnationTest, SideMetInItsMiddleStartsOneUnlessTheSynIsItsOwn) {
  for (uint32_t isn : kIsns) {
    Conversation talk(isn, 0);
    for (TcpEnd& end : talk.ends) StartMidstream(end);
    talk.Client({.flags = kAck, .seq = 1, .ack = 1, .payload = 10});

    EXPECT_FALSE(
        talk.IsNewIncarnation(Side::kClient, {.flags = kSyn, .seq = 0}, 1));
    EXPECT_TRUE(
        talk.IsNewIncarnation(Side::kClient, {.flags = kSyn, .seq = 1}, 1));
    EXPECT_TRUE(
        talk.IsNewIncarnation(Side::kClient, {.flags = kSyn, .seq = 10}, 1));
  }
}

TEST(TcpIncarnationTest, OwnSynStartsOneOnceBothSidesHaveSentTheirFins) {
  Conversation talk;
  for (TcpEnd& end : talk.ends) StartMidstream(end);
  const Segment syn = {.flags = kSyn, .seq = 0};
  talk.Client({.flags = kFin | kAck, .seq = 1, .ack = 1});
  EXPECT_FALSE(talk.IsNewIncarnation(Side::kClient, syn, 1));
  talk.Server({.flags = kFin | kAck, .seq = 1, .ack = 2});
  EXPECT_TRUE(talk.IsNewIncarnation(Side::kClient, syn, 1));
}

TEST(TcpIncarnationTest, SilentSideStartsOneAgainstMoreThanAnAnswer) {
  const Segment syn = {.flags = kSyn, .seq = 0};
  {
    Conversation nothing;
    EXPECT_FALSE(nothing.IsNewIncarnation(Side::kClient, syn));
  }
  {
    Conversation bare_syn;
    bare_syn.Server({.flags = kSyn});
    EXPECT_FALSE(bare_syn.IsNewIncarnation(Side::kClient, syn));
  }
  for (uint32_t isn : kIsns) {
    Conversation answer(isn, 9);
    answer.Server({.flags = kSyn | kAck, .ack = 1});
    EXPECT_FALSE(answer.IsNewIncarnation(Side::kClient, syn));
    EXPECT_TRUE(
        answer.IsNewIncarnation(Side::kClient, {.flags = kSyn, .seq = 1}));
  }
  {
    Conversation fast_open_answer;
    fast_open_answer.Server({.flags = kSyn | kAck, .ack = 1, .payload = 30});
    EXPECT_FALSE(fast_open_answer.IsNewIncarnation(Side::kClient, syn));
  }
  {
    Conversation data;
    for (TcpEnd& end : data.ends) StartMidstream(end);
    data.Server({.flags = kAck, .seq = 1, .ack = 1, .payload = 1});
    EXPECT_TRUE(data.IsNewIncarnation(Side::kClient, syn));
  }
}

}  // namespace
}  // namespace mosaic
