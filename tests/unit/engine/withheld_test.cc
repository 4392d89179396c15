// Bytes that a function was offered and whose packet it dropped are asked about
// again when they are sent again.

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/wire_test.h"

namespace mosaic::testing {
namespace {

using Strings = std::vector<std::string>;

// Of three functions the middle one drops what begins with "bad" as long as
// `drops_` says so. What each is offered is "offset:bytes", with "again" where
// it is resent.
class WithheldTest : public WireTest {
 protected:
  WithheldTest() : WireTest(3) {
    for (size_t i = 0; i < 3; ++i) {
      setup_.functions[i].on_event = [this, i](const Event& event, FlowView&) {
        return event.kind == EventKind::kNewData ? Judge(i, event)
                                                 : Verdict::kForward;
      };
    }
  }

  Verdict Judge(size_t number, const Event& event) {
    const std::string bytes(event.data.begin(), event.data.end());
    offered_[number].push_back((event.resent ? "again " : "") +
                               std::to_string(event.offset) + ':' + bytes);
    return number == 1 && drops_ && bytes.find("bad") != std::string::npos
               ? Verdict::kDrop
               : Verdict::kForward;
  }
  uint64_t ResentAfterDrop() {
    return harness_->Sum([](const CoreCounters& c) {
      return c.resent_after_drop_packets.Read();
    });
  }

  bool drops_ = true;
  std::array<Strings, 3> offered_;
};

TEST_F(WithheldTest, TheOneWhoDroppedItIsAskedAgainAndThenThoseBehindIt) {
  Start();
  Data(0, "bad");
  Data(0, "bad");
  EXPECT_EQ(AtServer(), Strings());
  EXPECT_EQ(offered_[1], (Strings{"0:bad", "again 0:bad"}));
  EXPECT_EQ(offered_[2], Strings());
  drops_ = false;
  Data(0, "bad");
  EXPECT_EQ(AtServer(), Strings{"0:bad"});
  EXPECT_EQ(offered_[0], Strings{"0:bad"}) << "it has seen them";
  EXPECT_EQ(offered_[1].size(), 3u);
  EXPECT_EQ(offered_[2], Strings{"again 0:bad"});
  EXPECT_EQ(ResentAfterDrop(), 2u);
  Data(0, "bad");
  EXPECT_EQ(offered_[1].size(), 3u) << "the receiver was sent it now";
  EXPECT_EQ(AtServer(), Strings{"0:bad"});
}

TEST_F(WithheldTest, OfAnotherCutOnlyWhatWasDroppedIsAskedAbout) {
  Start();
  Data(0, "ok");
  Data(2, "bad");
  drops_ = false;
  Data(1, "kbadnew");
  EXPECT_EQ(offered_[1], (Strings{"0:ok", "2:bad", "again 2:bad", "5:new"}));
  EXPECT_EQ(offered_[0], (Strings{"0:ok", "2:bad", "5:new"}));
  EXPECT_EQ(AtServer(), (Strings{"0:ok", "1:kbadnew"}));
}

TEST_F(WithheldTest, APartThatIsSentAgainLeavesTheRestToBeAskedAbout) {
  Start();
  Data(0, "badxyz");
  drops_ = false;
  Data(0, "bad");
  Data(3, "xyz");
  EXPECT_EQ(offered_[1], (Strings{"0:badxyz", "again 0:bad", "again 3:xyz"}));
}

TEST_F(WithheldTest, WhatComesMeanwhileGoesOn) {
  Start();
  Data(0, "bad");
  Data(3, "new");
  EXPECT_EQ(AtServer(), Strings{"3:new"});
  Data(0, "bad");
  EXPECT_EQ(offered_[1], (Strings{"0:bad", "3:new", "again 0:bad"}));
  EXPECT_EQ(AtServer(), Strings());
}

TEST_F(WithheldTest, WhoDropsWhatAHoleHeldBackIsAskedAboutWhatFilledIt) {
  Start();
  Data(2, "bad");
  EXPECT_EQ(AtServer(), Strings{"2:bad"}) << "nobody has read it yet";
  Data(0, "ab");
  EXPECT_EQ(AtServer(), Strings());
  Data(0, "ab");
  EXPECT_EQ(offered_[1].back(), "again 0:ab");
}

TEST_F(WithheldTest, TheServersBytesAreAskedAboutInTheOtherOrder) {
  Start();
  const auto send = [this] {
    Send(Side::kServer, Frame(Side::kServer)
                            .Seq(kServerIsn + 1)
                            .Ack(kClientIsn + 1)
                            .Payload("bad"));
  };
  send();
  drops_ = false;
  send();
  EXPECT_EQ(offered_[2], Strings{"0:bad"});
  EXPECT_EQ(offered_[1], (Strings{"0:bad", "again 0:bad"}));
  EXPECT_EQ(offered_[0], Strings{"again 0:bad"});
}

TEST_F(WithheldTest, MoreRangesThanAreToldApartAreAskedAboutTogether) {
  Start();
  for (uint32_t i = 0; i < 6; ++i) {
    Data(8 * i, "bad" + std::to_string(i));
    Data(8 * i + 4, "good");
  }
  EXPECT_GT(harness_->Sum(
                [](const CoreCounters& c) { return c.withheld_joined.Read(); }),
            0u);
  drops_ = false;
  offered_[1].clear();
  for (uint32_t i = 0; i < 6; ++i) Data(8 * i, "bad" + std::to_string(i));
  for (uint32_t i = 0; i < 6; ++i) {
    EXPECT_EQ(offered_[1][i],
              "again " + std::to_string(8 * i) + ":bad" + std::to_string(i));
  }
}

TEST_F(WithheldTest, AfterAChangeOfTheChainAllAreAsked) {
  Start();
  Data(0, "bad");
  harness_->Configure({StreamMonitor({2, 1})},
                      EngineHarness::LiveFlows::kReevaluate);
  drops_ = false;
  Data(0, "bad");
  EXPECT_EQ(offered_[2], Strings{"again 0:bad"});
  EXPECT_EQ(offered_[1].back(), "again 0:bad");
}

TEST_F(WithheldTest, WhatWasHeldAndThenDroppedIsAskedAboutToo) {
  setup_.functions[1].on_event = [this](const Event& event, FlowView& flow) {
    if (event.kind != EventKind::kNewData) return Verdict::kForward;
    static_cast<void>(Judge(1, event));
    if (event.data[0] == 'x') flow.Release(HeldFate::kDrop);
    return event.resent || event.data[0] == 'x' ? Verdict::kForward
                                                : Verdict::kHold;
  };
  Start();
  Data(0, "bad");
  Data(3, "x");
  Data(0, "bad");
  EXPECT_EQ(offered_[1], (Strings{"0:bad", "3:x", "again 0:bad"}));
  EXPECT_EQ(AtServer(), (Strings{"3:x", "0:bad"}));
}

}  // namespace
}  // namespace mosaic::testing
