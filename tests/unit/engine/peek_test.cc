// Reading by peeking: what is kept for who has still to fetch it, and what is
// told when it cannot be kept.

#include <algorithm>
#include <array>
#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/support/connection.h"
#include "tests/support/engine_harness.h"

namespace mosaic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Side kClient = Side::kClient;
constexpr Side kServer = Side::kServer;

// What one Peek() gave: the text, or "missed n", or "".
std::string PeekText(FlowView& flow, Side side, size_t most = 1000) {
  std::vector<uint8_t> to(most);
  const PeekResult result = flow.Peek(side, to);
  if (result.missed > 0) return "missed " + std::to_string(result.missed);
  return {to.begin(), to.begin() + result.bytes};
}

std::string PeekAtText(FlowView& flow, Side side, uint64_t offset,
                       size_t most = 1000) {
  std::vector<uint8_t> to(most);
  const uint32_t n = flow.PeekAt(side, offset, to);
  return {to.begin(), to.begin() + n};
}

// A function that peeks, and is told of data and errors.
EngineSetup Peeking(FullBuffer full = FullBuffer::kStop,
                    uint32_t buffer_bytes = 256 * 1024) {
  EngineSetup setup;
  setup.functions[0].wants = EventsOf(
      {EventKind::kNewData, EventKind::kError, EventKind::kConnectionEnd});
  setup.functions[0].peeks = true;
  for (SidePolicy& side : setup.monitors[0].side) {
    side.full = full;
    side.buffer_bytes = buffer_bytes;
  }
  return setup;
}

// Runs `act` on the flow in the callback of an event; `gave` is what it said.
struct InCallback {
  std::string gave;
  std::function<std::string(FlowView&)> act;
  Verdict operator()(const Event&, FlowView& flow) {
    if (act) gave = act(flow);
    act = nullptr;
    return Verdict::kForward;
  }
};

TEST(Peeking, BytesAreReadInTheCallbackThatTellsOfThem) {
  EngineSetup setup = Peeking();
  std::string read;
  setup.functions[0].on_event = [&](const Event& event, FlowView& flow) {
    if (event.kind == EventKind::kNewData) read += PeekText(flow, event.side);
    return Verdict::kForward;
  };
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "one ");
  EXPECT_EQ(read, "one ");
  c.client().Data(8, "three");
  EXPECT_EQ(read, "one ");
  c.client().Data(4, "two ");
  EXPECT_EQ(read, "one two three");
  EXPECT_EQ(harness.tracker().stream_states().lent(), 0u) << "all was fetched";
}

TEST(Peeking, SegmentAcrossAChunkIsToldAsOne) {
  EngineHarness harness(Peeking());
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, std::string(1400, 'a'));
  c.client().Data(1400, std::string(1400, 'b'));
  EXPECT_EQ(harness.recorded().Only("data").size(), 2u);
}

TEST(Peeking, BytesWaitUntilTheyAreFetchedInPieces) {
  EngineSetup setup = Peeking();
  InCallback callback;
  setup.functions[0].on_event = std::ref(callback);
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "abcdef");
  callback.act = [](FlowView& flow) {
    std::string all;
    for (int i = 0; i < 4; ++i) all += PeekText(flow, kServer, 4) + "|";
    return all;
  };
  c.client().Data(6, "ghi");
  EXPECT_EQ(callback.gave, "abcd|efgh|i||");
}

// Repair: peek past the end returns 0.
TEST(Peeking, PeekPastTheEndReturnsNothing) {
  EngineSetup setup = Peeking();
  InCallback callback;
  setup.functions[0].on_event = std::ref(callback);
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Handshake();
  callback.act = [](FlowView& flow) {
    EXPECT_EQ(PeekText(flow, kServer), "abc");
    EXPECT_EQ(PeekText(flow, kServer), "");
    EXPECT_EQ(PeekText(flow, kClient), "");
    for (const uint64_t offset :
         {uint64_t{3}, uint64_t{1} << 20, uint64_t{1} << 40, UINT64_MAX}) {
      EXPECT_EQ(PeekAtText(flow, kServer, offset), "") << offset;
    }
    return "done";
  };
  c.client().Data(0, "abc");
  EXPECT_EQ(callback.gave, "done");
}

TEST(Peeking, PositionalPeekReadsAnyFragmentAndMovesNothing) {
  EngineSetup setup = Peeking();
  InCallback callback;
  setup.functions[0].wants = EventsOf({EventKind::kPacketIn});
  setup.functions[0].on_event = std::ref(callback);
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "abc");
  c.client().Data(6, "ghi");
  callback.act = [](FlowView& flow) {
    EXPECT_EQ(PeekAtText(flow, kServer, 0), "abc");
    EXPECT_EQ(PeekAtText(flow, kServer, 1, 1), "b");
    EXPECT_EQ(PeekAtText(flow, kServer, 4), "");
    EXPECT_EQ(PeekAtText(flow, kServer, 7), "hi");
    EXPECT_EQ(flow.read_offset(kServer), 0u);
    EXPECT_EQ(PeekText(flow, kServer), "abc");
    EXPECT_EQ(PeekText(flow, kServer), "") << "the hole";
    return "done";
  };
  c.server().Ack(3);
  EXPECT_EQ(callback.gave, "done");
}

TEST(Peeking, EachFunctionHasItsOwnOffset) {
  EngineSetup setup = Peeking();
  setup.functions.push_back(setup.functions[0]);
  std::array<std::string, 2> read;
  for (size_t i = 0; i < 2; ++i) {
    setup.functions[i].on_event = [&read, i](const Event& event,
                                             FlowView& flow) {
      // The second fetches only from the third piece on.
      if (event.kind == EventKind::kNewData && (i == 0 || event.offset >= 4)) {
        read[i] += PeekText(flow, kServer);
      }
      return Verdict::kForward;
    };
  }
  setup.monitors[0].nf_instances = {0, 1};
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "ab");
  c.client().Data(2, "cd");
  c.client().Data(4, "ef");
  EXPECT_THAT(read, ElementsAre("abcdef", "abcdef"));
}

TEST(Peeking, GivenUpHoleIsMissedOnce) {
  EngineSetup setup = Peeking();
  InCallback callback;
  setup.functions[0].on_event = std::ref(callback);
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "ab");
  c.client().Data(5, "fg");
  for (int i = 0; i < 3; ++i) c.server().Ack(7);
  callback.act = [](FlowView& flow) {
    std::string all;
    for (int i = 0; i < 4; ++i) all += PeekText(flow, kServer) + "|";
    return all;
  };
  c.client().Data(7, "h");
  EXPECT_EQ(callback.gave, "ab|missed 3|fgh||");
}

TEST(Peeking, DropOldestTellsFirstAndThenDropsTheExactRange) {
  EngineSetup setup = Peeking(FullBuffer::kDropOldest, 8);
  InCallback callback;
  EngineHarness harness(std::move(setup));
  harness.function().on_event = std::ref(callback);
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "abcdef");
  c.client().Data(6, "ghijk");
  EXPECT_THAT(harness.recorded().Only("error"),
              ElementsAre("error server buffer_full 8+3",
                          "error server overwritten 0+3"));
  callback.act = [](FlowView& flow) {
    std::string all;
    for (int i = 0; i < 4; ++i) all += PeekText(flow, kServer) + "|";
    return all;
  };
  c.server().Data(0, "x");
  EXPECT_EQ(callback.gave, "missed 3|defghijk|||");
  EXPECT_EQ(harness.counters().unfetched_bytes.Read(), 3u);
}

TEST(Peeking, ReaderThatFetchesWhenToldThatItIsFullLosesNothing) {
  EngineSetup setup = Peeking(FullBuffer::kDropOldest, 8);
  std::string read;
  setup.functions[0].on_event = [&](const Event& event, FlowView& flow) {
    if (event.kind == EventKind::kError) read += PeekText(flow, kServer);
    return Verdict::kForward;
  };
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Handshake();
  std::string sent;
  for (uint64_t i = 0; i < 20; ++i) {
    const std::string piece(5, static_cast<char>('a' + i));
    c.client().Data(5 * i, piece);
    sent += piece;
  }
  EXPECT_EQ(read, sent.substr(0, read.size()));
  EXPECT_GE(read.size(), sent.size() - 8);
  EXPECT_THAT(harness.recorded().ErrorsOf(ErrorCause::kOverwritten), IsEmpty());
}

TEST(Peeking, StopKeepsWhatIsThereAndTellsWhatIsNotKept) {
  EngineSetup setup = Peeking(FullBuffer::kStop, 8);
  InCallback callback;
  EngineHarness harness(std::move(setup));
  harness.function().on_event = std::ref(callback);
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "abcdef");
  c.client().Data(6, "ghijk");
  c.client().Data(11, "lm");
  EXPECT_THAT(harness.recorded().Only("error"),
              ElementsAre("error server buffer_full 8+3",
                          "error server buffer_full 11+2"));
  callback.act = [](FlowView& flow) {
    std::string all;
    for (int i = 0; i < 4; ++i) all += PeekText(flow, kServer) + "|";
    return all;
  };
  c.server().Data(0, "x");
  EXPECT_EQ(callback.gave, "abcdefgh|missed 5|||");
  callback.act = [](FlowView& flow) { return PeekText(flow, kServer); };
  c.client().Data(13, "again");
  EXPECT_EQ(callback.gave, "again");
}

TEST(Peeking, StopGoesOnOnceEverythingHeldWasFetched) {
  EngineSetup setup = Peeking(FullBuffer::kStop, 8);
  InCallback callback;
  EngineHarness harness(std::move(setup));
  harness.function().on_event = std::ref(callback);
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "abcdefgh");
  c.client().Data(8, "lost");
  callback.act = [](FlowView& flow) { return PeekText(flow, kServer); };
  c.server().Data(0, "x");
  EXPECT_EQ(callback.gave, "abcdefgh");
  callback.act = [](FlowView& flow) {
    const std::string first = PeekText(flow, kServer);
    return first + "|" + PeekText(flow, kServer);
  };
  c.client().Data(12, "kept");
  EXPECT_EQ(callback.gave, "missed 4|kept");
}

TEST(Peeking, SegmentLargerThanTheBufferLeavesItsEnd) {
  EngineSetup setup = Peeking(FullBuffer::kDropOldest, 8);
  InCallback callback;
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "0123456789abcdefghij");
  harness.function().on_event = std::ref(callback);
  callback.act = [](FlowView& flow) {
    const std::string first = PeekText(flow, kServer);
    return first + "|" + PeekText(flow, kServer);
  };
  c.server().Data(0, "x");
  EXPECT_EQ(callback.gave, "missed 12|cdefghij");
}

TEST(Peeking, UnreadBytesAreReadableAtTheEnd) {
  EngineSetup setup = Peeking();
  std::string read;
  setup.functions[0].on_event = [&](const Event& event, FlowView& flow) {
    if (event.kind == EventKind::kConnectionEnd && event.side == kServer &&
        event.hook == Hook::kReceiver) {
      for (int i = 0; i < 3; ++i) read += PeekText(flow, kServer) + "|";
    }
    return Verdict::kForward;
  };
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "abc");
  c.client().Data(5, "fg");
  harness.EndAll();
  EXPECT_EQ(read, "abc|missed 2|fg|");
}

TEST(Peeking, SideWithoutABufferKeepsNothingAndReadsNothing) {
  EngineSetup setup = Peeking(FullBuffer::kStop, 0);
  setup.functions[0].wants = EventsOf({EventKind::kPacketIn});
  InCallback callback;
  EngineHarness harness(std::move(setup));
  harness.function().on_event = std::ref(callback);
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "abc");
  callback.act = [](FlowView& flow) {
    return PeekText(flow, kServer) + PeekAtText(flow, kServer, 0);
  };
  c.server().Ack(3);
  EXPECT_EQ(callback.gave, "");
  EXPECT_EQ(harness.tracker().stream_states().lent(), 0u);
}

// Repair: tcp_buf_info holds sequence numbers.
TEST(Peeking, BufferInfoHoldsSequenceNumbers) {
  EngineSetup setup = Peeking();
  setup.functions[0].wants = EventsOf({EventKind::kPacketIn});
  InCallback callback;
  setup.functions[0].on_event = std::ref(callback);
  EngineHarness harness(std::move(setup));
  ConnectionOptions options;
  options.isn = {0xfffffffe, 5000};
  Connection c(harness, options);
  c.Handshake();
  c.client().Data(0, "abcd");
  c.client().Data(6, "gh");
  callback.act = [](FlowView& flow) {
    EXPECT_EQ(PeekText(flow, kServer, 3), "abc");
    const BufferInfo info = flow.buffer_info(kServer);
    EXPECT_EQ(info.init_seq, SeqNum(0xfffffffe));
    EXPECT_EQ(info.last_byte_read, SeqNum(1));
    EXPECT_EQ(info.next_byte_expected, SeqNum(3));
    EXPECT_EQ(info.last_byte_received, SeqNum(6));
    const BufferInfo other = flow.buffer_info(kClient);
    EXPECT_EQ(other.init_seq, SeqNum(5000));
    EXPECT_EQ(other.last_byte_read, SeqNum(5000));
    EXPECT_EQ(other.next_byte_expected, SeqNum(5001));
    EXPECT_EQ(other.last_byte_received, SeqNum(5000));
    return "done";
  };
  c.server().Ack(4);
  EXPECT_EQ(callback.gave, "done");
}

TEST(Peeking, FragmentsHeldAreListed) {
  EngineSetup setup = Peeking();
  setup.functions[0].wants = EventsOf({EventKind::kPacketIn});
  InCallback callback;
  setup.functions[0].on_event = std::ref(callback);
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "ab");
  c.client().Data(4, "ef");
  c.client().Data(10, "klm");
  callback.act = [](FlowView& flow) {
    std::string all;
    for (HeldRange held = flow.NextHeld(kServer, 0); held.length > 0;
         held = flow.NextHeld(kServer, held.offset + held.length)) {
      all +=
          std::to_string(held.offset) + "+" + std::to_string(held.length) + " ";
    }
    return all;
  };
  c.server().Ack(2);
  EXPECT_EQ(callback.gave, "0+2 4+2 10+3 ");
}

}  // namespace
}  // namespace mosaic::testing
