// What functions do to packets and flows, through the whole engine.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/byte_order.h"
#include "gtest/gtest.h"
#include "tests/support/engine_harness.h"
#include "tests/support/packet_builder.h"
#include "tests/support/recording_sink.h"
#include "tests/support/wire_test.h"

namespace mosaic::testing {
namespace {

using Bytes = PacketBuilder::Bytes;

class EditTest : public WireTest {
 protected:
  uint64_t Edits(EditResult result) {
    return harness_->Sum([result](const CoreCounters& c) {
      return c.packet_edits[static_cast<size_t>(result)].Read();
    });
  }
  uint64_t Originated() {
    return harness_->Sum(
        [](const CoreCounters& c) { return c.originated_packets.Read(); });
  }
};

using Strings = std::vector<std::string>;

TEST_F(EditTest, TheNextFunctionTheReceiverAndReadersSeeWhatWasLeft) {
  std::string seen;
  AtData(0, [](PacketView& packet, FlowView&) {
    EXPECT_EQ(packet.Insert(PacketRegion::kPayload, 2, BytesOf("XY")),
              EditResult::kDone);
    return Verdict::kForward;
  });
  AtData(1, [&seen](PacketView& packet, FlowView&) {
    seen.assign(packet.payload().begin(), packet.payload().end());
    return Verdict::kForward;
  });
  Start();
  Data(0, "abcd");
  EXPECT_EQ(seen, "abXYcd");
  EXPECT_EQ(AtServer(), Strings{"0:abXYcd"});
  EXPECT_EQ(harness_->recorded(1).data[Index(Side::kServer)], "abXYcd");
}

TEST_F(EditTest, NumbersAreShiftedBehindAnEditAndAcknowledgementsBack) {
  bool edits = true;
  AtData(0, [&edits](PacketView& packet, FlowView&) {
    if (edits) {
      EXPECT_EQ(packet.Insert(PacketRegion::kPayload, 2, BytesOf("XY")),
                EditResult::kDone);
    }
    return Verdict::kForward;
  });
  Start();
  Data(0, "abcd");
  edits = false;
  Data(4, "efgh");
  EXPECT_EQ(AtServer(), (Strings{"0:abXYcd", "6:efgh"}));
  ServerAck(3);
  EXPECT_EQ(AckAtClient(), 1) << "b holds what was put in behind it";
  ServerAck(6);
  EXPECT_EQ(AckAtClient(), 4);
  ServerAck(10);
  EXPECT_EQ(AckAtClient(), 8);
}

TEST_F(EditTest, ARetransmissionCarriesTheEditHoweverItIsCut) {
  bool edits = true;
  std::string seen;
  AtData(0, [&](PacketView& packet, FlowView&) {
    seen.assign(packet.payload().begin(), packet.payload().end());
    if (edits) {
      EXPECT_EQ(packet.Insert(PacketRegion::kPayload, 2, BytesOf("XY")),
                EditResult::kDone);
      EXPECT_EQ(packet.Remove(PacketRegion::kPayload, 5, 1), EditResult::kDone);
    } else {
      EXPECT_EQ(packet.Insert(PacketRegion::kPayload, 0, BytesOf("again")),
                EditResult::kAlreadySent);
    }
    return Verdict::kForward;
  });
  Start();
  Data(0, "abcdef");  // a bXY c e f
  EXPECT_EQ(AtServer(), Strings{"0:abXYcef"});
  edits = false;
  Data(0, "abcdef");
  EXPECT_EQ(seen, "abXYcef") << "functions see it as it was left";
  Data(0, "a");
  Data(1, "b");
  Data(2, "cd");
  Data(3, "def");
  EXPECT_EQ(AtServer(), (Strings{"0:abXYcef", "0:a", "1:bXY", "4:c", "5:ef"}));
}

TEST_F(EditTest, OfASegmentThatBeginsWithRepeatedBytesTheRestCanBeEdited) {
  AtData(0, [](PacketView& packet, FlowView&) {
    const auto payload = packet.payload();
    if (payload[0] == '<') return Verdict::kForward;
    if (payload.size() == 4) {
      EXPECT_EQ(packet.Insert(PacketRegion::kPayload, 4, BytesOf("!")),
                EditResult::kDone);
      return Verdict::kForward;
    }
    EXPECT_EQ(packet.Insert(PacketRegion::kPayload, 4, BytesOf("?")),
              EditResult::kAlreadySent);
    EXPECT_EQ(packet.Insert(PacketRegion::kPayload, 5, BytesOf("<")),
              EditResult::kDone);
    EXPECT_EQ(packet.Remove(PacketRegion::kPayload, 8, 2), EditResult::kDone);
    return Verdict::kForward;
  });
  Start();
  Data(0, "abcd");
  Data(0, "abcdefgh");
  Data(4, "ef");
  EXPECT_EQ(AtServer(), (Strings{"0:abcd!", "0:abcd!<ef", "5:<ef"}));
}

TEST_F(EditTest, LengthsChangeInOrderOnly) {
  std::vector<EditResult> results;
  AtData(0, [&results](PacketView& packet, FlowView&) {
    results.push_back(packet.Insert(PacketRegion::kPayload, 0, BytesOf("X")));
    return Verdict::kForward;
  });
  Start();
  Data(4, "late");
  Data(0, "abcd");
  Data(8, "next");
  EXPECT_EQ(results, (std::vector<EditResult>{EditResult::kOutOfOrder,
                                              EditResult::kOutOfOrder,
                                              EditResult::kDone}));
  EXPECT_EQ(AtServer(), (Strings{"4:late", "0:abcd", "8:Xnext"}));
}

TEST_F(EditTest, WhatItsReceiverMayRefuseKeepsItsLength) {
  AtData(0, [](PacketView& packet, FlowView&) {
    EXPECT_EQ(packet.Insert(PacketRegion::kPayload, 1, BytesOf("X")),
              EditResult::kOutOfOrder);
    EXPECT_EQ(packet.Overwrite(PacketRegion::kPayload, 0, BytesOf("Z")),
              EditResult::kDone);
    return Verdict::kForward;
  });
  Start();
  // It acknowledges nothing.
  Send(Side::kClient, Frame(Side::kClient)
                          .Seq(kClientIsn + 1)
                          .Flags(tcp_flag::kPsh)
                          .Payload("abcd"));
  EXPECT_EQ(AtServer(), Strings{"0:Zbcd"});
  EXPECT_EQ(harness_->recorded().data[Index(Side::kServer)], "");
  ServerAck(4);
  EXPECT_EQ(harness_->recorded().data[Index(Side::kServer)], "Zbcd");
}

TEST_F(EditTest, WhatWasDroppedMayBeEditedWhenItComesAgain) {
  int turn = 0;
  AtData(0, [&turn](PacketView& packet, FlowView&) {
    if (turn++ == 0) return Verdict::kDrop;
    EXPECT_EQ(packet.Insert(PacketRegion::kPayload, 4, BytesOf("!")),
              EditResult::kDone);
    return Verdict::kForward;
  });
  Start();
  Data(0, "abcd");
  Data(0, "abcd");
  EXPECT_EQ(AtServer(), Strings{"0:abcd!"});
}

TEST_F(EditTest, AnEmptiedSegmentGoesOnAsAProbeSoThatItIsAcknowledged) {
  AtData(0, [](PacketView& packet, FlowView&) {
    EXPECT_EQ(packet.Remove(PacketRegion::kPayload, 0, 4), EditResult::kDone);
    return Verdict::kForward;
  });
  Start();
  Data(0, "abcd");
  EXPECT_EQ(AtServer(), Strings{"-1:"});
  ServerAck(0);
  EXPECT_EQ(AckAtClient(), 4);
}

TEST_F(EditTest, AFinStaysBehindItsData) {
  AtData(0, [](PacketView& packet, FlowView&) {
    EXPECT_EQ(packet.Insert(PacketRegion::kPayload, 4, BytesOf("more")),
              EditResult::kDone);
    return Verdict::kForward;
  });
  Start();
  Data(0, "abcd", tcp_flag::kFin);
  EXPECT_EQ(AtServer(), Strings{"0:abcdmore"});
  ServerAck(9);
  EXPECT_EQ(AckAtClient(), 5);
  EXPECT_EQ(harness_->flow().end[Index(Side::kClient)].state,
            TcpState::kFinWait2);
}

TEST_F(EditTest, AFinThatWasDroppedMovesWithTheDataInFrontOfIt) {
  int turn = 0;
  AtData(0, [&turn](PacketView& packet, FlowView&) {
    ++turn;
    if (turn == 1) return Verdict::kDrop;
    if (turn == 2) {
      EXPECT_EQ(packet.Insert(PacketRegion::kPayload, 2, BytesOf("++")),
                EditResult::kDone);
    }
    return Verdict::kForward;
  });
  Start();
  Data(2, "cd", tcp_flag::kFin);
  const TcpEnd& client = harness_->flow().end[Index(Side::kClient)];
  EXPECT_EQ(client.state, TcpState::kEstablished);
  Data(0, "ab");
  Data(2, "cd", tcp_flag::kFin);
  EXPECT_EQ(AtServer(), (Strings{"0:ab++", "4:cd"}));
  ServerAck(7);
  EXPECT_EQ(AckAtClient(), 5);
  EXPECT_EQ(client.state, TcpState::kFinWait2);
}

TEST_F(EditTest, ASegmentBeyondTheReceiversMssLeavesInParts) {
  AtData(0, [](PacketView& packet, FlowView&) {
    EXPECT_EQ(packet.Insert(PacketRegion::kPayload, 0,
                            BytesOf(std::string(100, 'X'))),
              EditResult::kDone);
    return Verdict::kForward;
  });
  harness_ = std::make_unique<EngineHarness>(setup_);
  Syn();
  SynAck(kClientIsn + 1, {2, 4, 0, 64});  // An MSS of 64.
  Data(0, "");
  to_server_.sent.clear();
  Data(0, "abcd", tcp_flag::kPsh | tcp_flag::kFin);
  EXPECT_EQ(to_server_.sent.size(), 2u);
  EXPECT_EQ(Received(to_server_.sent[0]).parsed.tcp_flags, tcp_flag::kAck);
  EXPECT_EQ(Received(to_server_.sent[1]).parsed.tcp_flags,
            tcp_flag::kAck | tcp_flag::kPsh | tcp_flag::kFin);
  EXPECT_EQ(AtServer(), (Strings{"0:" + std::string(64, 'X'),
                                 "64:" + std::string(36, 'X') + "abcd"}));
  EXPECT_EQ(Originated(), 1u);
}

TEST_F(EditTest, OverwritesAtTheReceiversHookReachTheWireAndReaders) {
  AtData(
      0,
      [](PacketView& packet, FlowView&) {
        EXPECT_EQ(packet.Overwrite(PacketRegion::kPayload, 0, BytesOf("J")),
                  EditResult::kDone);
        EXPECT_EQ(packet.Insert(PacketRegion::kPayload, 0, BytesOf("J")),
                  EditResult::kTooLate);
        return Verdict::kForward;
      },
      Hook::kReceiver);
  Start();
  Data(0, "hello");
  EXPECT_EQ(AtServer(), Strings{"0:Jello"});
  EXPECT_EQ(harness_->recorded().data[Index(Side::kServer)], "Jello");
}

TEST_F(EditTest, ANatChangesThePortAndTheFlowStaysTheSame) {
  AtData(0, [](PacketView& packet, FlowView&) {
    EXPECT_EQ(packet.Overwrite(PacketRegion::kTransportHeader, 0,
                               BytesOf("\x30\x39")),
              EditResult::kDone);
    EXPECT_EQ(packet.source().port, 12345);
    return Verdict::kForward;
  });
  Start();
  Data(0, "abcd");
  Data(4, "efgh");
  for (const Bytes& frame : to_server_.sent) {
    EXPECT_EQ(ReadBig16(Received(frame).parsed.l4_header), 12345);
  }
  EXPECT_EQ(harness_->flows(), 1u);
}

TEST_F(EditTest, FlowsBeyondTheRemapsKeepTheirLengths) {
  setup_.pipeline.limits.edit.remapped_flows = 0;
  AtData(0, [](PacketView& packet, FlowView&) {
    EXPECT_EQ(packet.Insert(PacketRegion::kPayload, 0, BytesOf("X")),
              EditResult::kRemapFull);
    EXPECT_EQ(packet.Overwrite(PacketRegion::kPayload, 0, BytesOf("A")),
              EditResult::kDone);
    return Verdict::kForward;
  });
  Start();
  Data(0, "abcd");
  EXPECT_EQ(AtServer(), Strings{"0:Abcd"});
  EXPECT_EQ(Edits(EditResult::kRemapFull), 1u);
}

TEST_F(EditTest, WithoutABufferTheNumbersCannotBeWrittenAndThePacketIsDropped) {
  setup_.pipeline.limits.edit.buffers = 1;
  AtData(0, [](PacketView& packet, FlowView&) {
    if (packet.payload()[0] == 'a') {
      EXPECT_EQ(packet.Insert(PacketRegion::kPayload, 0, BytesOf("X")),
                EditResult::kDone);
    }
    return Verdict::kForward;
  });
  Start();
  // Both in one burst: the first one's buffer is free again when it has left.
  harness_->BeginBurst();
  Data(0, "abcd");
  Data(4, "efgh");
  harness_->EndBurst();
  EXPECT_EQ(AtServer().size(), 1u);
  EXPECT_EQ(harness_->Sum([](const CoreCounters& c) {
    return c.dropped_packets[static_cast<size_t>(DropReason::kNotRemapped)]
        .Read();
  }),
            1u);
}

TEST_F(EditTest, AShiftAtTheSynMovesTheWholeConnection) {
  setup_.functions[0].on_event = [](const Event& event, FlowView& flow) {
    if (event.kind == EventKind::kConnectionStart &&
        event.hook == Hook::kSender && event.side == Side::kClient) {
      EXPECT_EQ(flow.RemapSequence(Side::kClient, 7000, event.packet->seq()),
                RemapResult::kSet);
    }
    return Verdict::kForward;
  };
  harness_ = std::make_unique<EngineHarness>(setup_);
  Syn();
  SynAck(kClientIsn + 7001);
  EXPECT_EQ(AckAtClient(), 0);
  Data(0, "abcd");
  EXPECT_EQ(AtServer(), (Strings{"6999:", "7000:abcd"}));
  Syn();
  EXPECT_EQ(AtServer(), Strings{"6999:"}) << "a repeated SYN, no new one";
  EXPECT_EQ(harness_->flows(), 1u);
  ServerAck(7004);
  EXPECT_EQ(AckAtClient(), 4);
  EXPECT_EQ(harness_->recorded().data[Index(Side::kServer)], "abcd");
}

TEST_F(EditTest, AShiftIsRefusedBelowWhatWasSent) {
  std::vector<RemapResult> results;
  AtData(1, [&results](PacketView& packet, FlowView& flow) {
    results.push_back(flow.RemapSequence(Side::kClient, 10, packet.seq() - 1));
    results.push_back(flow.RemapSequence(Side::kClient, int64_t{1} << 31,
                                         packet.seq() + 100));
    return Verdict::kForward;
  });
  Start();
  Data(0, "abcd");
  EXPECT_EQ(results, (std::vector<RemapResult>{RemapResult::kAlreadySent,
                                               RemapResult::kBadOffset}));
}

TEST_F(EditTest, RoomMadeByAShiftIsFilledByASentSegment) {
  AtData(0, [](PacketView& packet, FlowView& flow) {
    if (packet.payload()[0] != 'a') return Verdict::kForward;
    const SeqNum behind = packet.seq() + 4;
    EXPECT_EQ(flow.RemapSequence(Side::kClient, 3, behind), RemapResult::kSet);
    SegmentSpec spec;
    spec.seq = behind;
    spec.payload = BytesOf("XYZ");
    EXPECT_EQ(flow.Send(spec), SendResult::kQueued);
    return Verdict::kForward;
  });
  Start();
  Data(0, "abcd");
  Data(4, "efgh");
  EXPECT_EQ(AtServer(), (Strings{"0:abcd", "4:XYZ", "7:efgh"}));
  ServerAck(11);
  EXPECT_EQ(AckAtClient(), 8);
  EXPECT_EQ(Originated(), 1u);
  EXPECT_EQ(harness_->recorded().data[Index(Side::kServer)], "abcdefgh")
      << "the function's words are not the peer's";
}

TEST_F(EditTest, SegmentsAreSentToEitherEndAndSplitAtItsMss) {
  AtData(0, [](PacketView&, FlowView& flow) {
    SegmentSpec spec;
    spec.from = Side::kServer;
    spec.tcp_flags = tcp_flag::kAck | tcp_flag::kPsh;
    const std::string text(600, 'r');  // The MSS is unknown: 536.
    spec.payload = BytesOf(text);
    EXPECT_EQ(flow.Send(spec), SendResult::kQueued);
    return Verdict::kForward;
  });
  Start();
  Data(0, "abcd");
  ASSERT_EQ(to_client_.sent.size(), 2u);
  const Received first(to_client_.sent[0]);
  EXPECT_EQ(first.parsed.tcp_flags, tcp_flag::kAck);
  EXPECT_EQ(first.parsed.ack.raw(), kClientIsn + 1) << "acknowledged so far";
  EXPECT_EQ(Received(to_client_.sent[1]).parsed.tcp_flags,
            tcp_flag::kAck | tcp_flag::kPsh);
  EXPECT_EQ(
      Take(to_client_, kServerIsn),
      (Strings{"0:" + std::string(536, 'r'), "536:" + std::string(64, 'r')}));
  EXPECT_EQ(AtServer(), Strings{"0:abcd"});
}

TEST_F(EditTest, WhatCannotBeSentIsRefused) {
  AtData(0, [](PacketView&, FlowView& flow) {
    SegmentSpec spec;
    const Bytes options(3);
    spec.options = options;
    EXPECT_EQ(flow.Send(spec), SendResult::kBadSegment);
    spec = {};
    const std::string big(kMaxSegmentBytes + 1, 'x');
    spec.payload = BytesOf(big);
    EXPECT_EQ(flow.Send(spec), SendResult::kBadSegment);
    spec = {};
    spec.source = Endpoint{.ip_version = 6};
    EXPECT_EQ(flow.Send(spec), SendResult::kBadSegment);
    spec = {};
    for (size_t i = 0; i < SegmentSender::kMaxWaiting; ++i) {
      EXPECT_EQ(flow.Send(spec), SendResult::kQueued);
    }
    EXPECT_EQ(flow.Send(spec), SendResult::kQueueFull);
    return Verdict::kForward;
  });
  Start();
  Data(0, "abcd");
  EXPECT_EQ(Originated(), SegmentSender::kMaxWaiting);
}

TEST_F(EditTest, OnAReceivingPortNothingIsSent) {
  setup_.sinks.clear();
  SendResult sent = SendResult::kQueued, reset = SendResult::kQueued;
  AtData(0, [&](PacketView& packet, FlowView& flow) {
    sent = flow.Send({});
    reset = flow.Reset();
    EXPECT_EQ(packet.Overwrite(PacketRegion::kPayload, 0, BytesOf("A")),
              EditResult::kDone);
    return Verdict::kForward;
  });
  Start();
  Data(0, "abcd");
  EXPECT_EQ(sent, SendResult::kNoPath);
  EXPECT_EQ(reset, SendResult::kNoPath);
  EXPECT_EQ(harness_->recorded(1).data[Index(Side::kServer)], "Abcd");
  EXPECT_EQ(Originated(), 0u);
}

TEST_F(EditTest, AResetReachesBothEndsWithTheNumbersThatTheyExpect) {
  AtData(0, [](PacketView&, FlowView& flow) {
    EXPECT_EQ(flow.Reset(), SendResult::kQueued);
    return Verdict::kForward;
  });
  Start();
  Data(0, "abcd");
  ASSERT_EQ(to_server_.sent.size(), 2u);
  const Received at_server(to_server_.sent[1]);
  EXPECT_EQ(at_server.parsed.tcp_flags, tcp_flag::kRst);
  EXPECT_EQ(at_server.parsed.seq.raw(), kClientIsn + 5);
  ASSERT_EQ(to_client_.sent.size(), 1u);
  const Received at_client(to_client_.sent[0]);
  EXPECT_EQ(at_client.parsed.tcp_flags, tcp_flag::kRst);
  EXPECT_EQ(at_client.parsed.seq.raw(), kServerIsn + 1);
  EXPECT_EQ(at_client.frame[0], at_server.frame[6]) << "MACs change places";
  EXPECT_EQ(harness_->recorded().Only("state rcv"),
            (Strings{"state rcv client established>closed",
                     "state rcv server established>closed"}));
  harness_->EndAll();
  EXPECT_EQ(harness_->recorded().Only("end rcv server"),
            Strings{"end rcv server reset"});
}

TEST_F(EditTest, WhatStillComesIsDroppedAndAnsweredWithAReset) {
  AtData(0, [](PacketView&, FlowView& flow) {
    static_cast<void>(flow.Reset());
    return Verdict::kDrop;
  });
  Start();
  Data(0, "abcd");
  EXPECT_EQ(to_server_.sent.size(), 1u) << "the RST alone";
  to_server_.sent.clear();
  to_client_.sent.clear();
  ServerAck(0);  // Its answer to a RST that was not the next number.
  ASSERT_EQ(to_server_.sent.size(), 1u);
  const Received got(to_server_.sent[0]);
  EXPECT_EQ(got.parsed.tcp_flags, tcp_flag::kRst);
  EXPECT_EQ(got.parsed.seq.raw(), kClientIsn + 1) << "what it acknowledged";
  EXPECT_TRUE(to_client_.sent.empty());
  Send(Side::kServer, Frame(Side::kServer)
                          .Seq(kServerIsn + 1)
                          .Ack(kClientIsn + 1)
                          .Flags(tcp_flag::kRst));
  EXPECT_EQ(to_server_.sent.size(), 1u) << "no RST answers a RST";
}

TEST_F(EditTest, AResetInTheHandshakeIsBelieved) {
  setup_.functions[0].on_event = [](const Event& event, FlowView& flow) {
    if (event.kind == EventKind::kPacketIn && event.hook == Hook::kSender) {
      EXPECT_EQ(flow.Reset(), SendResult::kQueued);
      return Verdict::kDrop;
    }
    return Verdict::kForward;
  };
  harness_ = std::make_unique<EngineHarness>(setup_);
  Syn();
  ASSERT_EQ(to_client_.sent.size(), 1u);
  const Received got(to_client_.sent[0]);
  EXPECT_EQ(got.parsed.tcp_flags, tcp_flag::kRst | tcp_flag::kAck);
  EXPECT_EQ(got.parsed.ack.raw(), kClientIsn + 1) << "it acknowledges the SYN";
}

}  // namespace
}  // namespace mosaic::testing
