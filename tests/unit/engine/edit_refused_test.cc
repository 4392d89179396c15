// Edits of bytes that went on, and that their receiver may have refused.

#include <cstdint>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/wire_test.h"

namespace mosaic::testing {
namespace {

using EditRefusedTest = WireTest;
using Strings = std::vector<std::string>;

// The function forwards the second segment as it is: it has nothing to change
// in it. Its receiver takes the part inside its window.
TEST_F(EditRefusedTest,
       BytesThatTheirReceiverRefusedGoOnAsBeforeWhenTheyComeAgain) {
  constexpr uint32_t kWindow = 8192;
  EditResult last = EditResult::kDone;
  AtData(0, [&last](PacketView& packet, FlowView&) {
    const size_t end = packet.payload().size();
    if (packet.payload()[end - 1] != '!') return Verdict::kForward;
    last = packet.Insert(PacketRegion::kPayload, end, BytesOf("X"));
    return Verdict::kForward;
  });
  Start();
  Send(Side::kServer, Frame(Side::kServer)
                          .Seq(kServerIsn + 1)
                          .Ack(kClientIsn + 1)
                          .Window(static_cast<uint16_t>(kWindow)));
  Data(0, std::string(kWindow - 4, 'a'));
  Data(kWindow - 4, "abcdef");
  Send(Side::kServer, Frame(Side::kServer)
                          .Seq(kServerIsn + 1)
                          .Ack(kClientIsn + 1 + kWindow)
                          .Window(static_cast<uint16_t>(kWindow)));
  AtServer();
  Data(kWindow, "ef");
  EXPECT_EQ(AtServer(), Strings{std::to_string(kWindow) + ":ef"});
  Data(kWindow + 2, "gh!");
  EXPECT_EQ(last, EditResult::kDone);
  EXPECT_EQ(AtServer(), Strings{std::to_string(kWindow + 2) + ":gh!X"});
}

TEST_F(EditRefusedTest, RefusedBytesOfSeveralSegmentsGoOnAsBeforeOneByOne) {
  EditResult last = EditResult::kDone;
  bool edits = false;
  AtData(0, [&](PacketView& packet, FlowView&) {
    if (!edits) return Verdict::kForward;
    last = packet.Insert(PacketRegion::kPayload, 1, BytesOf("Y"));
    return last == EditResult::kDone || last == EditResult::kAlreadySent
               ? Verdict::kForward
               : Verdict::kDrop;
  });
  Start();
  // They acknowledge nothing: a host would not take them.
  for (uint32_t i = 0; i < 3; ++i) {
    Send(Side::kClient, Frame(Side::kClient)
                            .Seq(kClientIsn + 1 + 2 * i)
                            .Flags(tcp_flag::kPsh)
                            .Payload("ab"));
  }
  AtServer();
  edits = true;
  Data(0, "ab");
  EXPECT_EQ(last, EditResult::kAlreadySent);
  Data(2, "ab");
  EXPECT_EQ(last, EditResult::kAlreadySent);
  Data(4, "abcd");
  EXPECT_EQ(last, EditResult::kAlreadySent);
  Data(8, "ef");
  EXPECT_EQ(last, EditResult::kDone);
  EXPECT_EQ(AtServer(), (Strings{"0:ab", "2:ab", "4:abcd", "8:eYf"}));
}

TEST_F(EditRefusedTest, OfASideThatNobodyReadsTheFrontFollowsTheReceiver) {
  constexpr uint32_t kWindow = 8192;
  EditResult last = EditResult::kOutOfOrder;
  AtData(0, [&last](PacketView& packet, FlowView&) {
    if (packet.payload()[0] == '!') {
      last = packet.Insert(PacketRegion::kPayload, 1, BytesOf("X"));
    }
    return Verdict::kForward;
  });
  for (FunctionSetup& function : setup_.functions) {
    function.wants = EventMask::Of(EventKind::kPacketIn, Hook::kSender);
  }
  Start();
  const auto server_says = [this](uint32_t acked) {
    Send(Side::kServer, Frame(Side::kServer)
                            .Seq(kServerIsn + 1)
                            .Ack(kClientIsn + 1 + acked)
                            .Window(static_cast<uint16_t>(kWindow)));
  };
  server_says(0);
  Data(0, std::string(kWindow - 4, 'a'));
  Data(kWindow - 4, "abcdef");
  // It took more than its window.
  server_says(kWindow + 2);
  AtServer();
  Data(kWindow + 2, "!");
  EXPECT_EQ(last, EditResult::kDone);
  EXPECT_EQ(AtServer(), Strings{std::to_string(kWindow + 2) + ":!X"});
}

TEST_F(EditRefusedTest, WhatIsSentBehindRefusedBytesCanBeEdited) {
  constexpr uint32_t kWindow = 8192;
  EditResult first = EditResult::kDone;
  EditResult second = EditResult::kDone;
  AtData(0, [&](PacketView& packet, FlowView&) {
    const size_t end = packet.payload().size();
    if (packet.payload()[end - 1] != '!') return Verdict::kForward;
    first = packet.Insert(PacketRegion::kPayload, 1, BytesOf("Y"));
    second = packet.Insert(PacketRegion::kPayload, end, BytesOf("X"));
    return Verdict::kForward;
  });
  Start();
  Send(Side::kServer, Frame(Side::kServer)
                          .Seq(kServerIsn + 1)
                          .Ack(kClientIsn + 1)
                          .Window(static_cast<uint16_t>(kWindow)));
  Data(0, std::string(kWindow - 4, 'a'));
  Data(kWindow - 4, "abcdef");
  Send(Side::kServer, Frame(Side::kServer)
                          .Seq(kServerIsn + 1)
                          .Ack(kClientIsn + 1 + kWindow)
                          .Window(static_cast<uint16_t>(kWindow)));
  AtServer();
  Data(kWindow, "efgh!");
  EXPECT_EQ(first, EditResult::kAlreadySent);
  EXPECT_EQ(second, EditResult::kDone);
  EXPECT_EQ(AtServer(), Strings{std::to_string(kWindow) + ":efgh!X"});
  ServerAck(kWindow + 6);
  EXPECT_EQ(AckAtClient(), static_cast<int32_t>(kWindow) + 5);
}

}  // namespace
}  // namespace mosaic::testing
