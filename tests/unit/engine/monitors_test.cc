// Several monitors and functions on one flow: who is attached, in which order
// they are called, and what their verdicts and faults do.

#include <stdexcept>
#include <string>
#include <vector>

#include "dataplane/command/flow_listing.h"
#include "gmock/gmock.h"
#include "tests/support/connection.h"
#include "tests/support/engine_harness.h"

namespace mosaic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

EngineSetup WithFunctions(size_t count) {
  EngineSetup setup;
  setup.functions.resize(count);
  return setup;
}

uint64_t Dropped(EngineHarness& harness, DropReason reason) {
  return harness.counters().dropped_packets[static_cast<size_t>(reason)].Read();
}

uint64_t DiscardedAsDropped(EngineHarness& harness) {
  return harness.counters()
      .discarded_bytes[static_cast<size_t>(DiscardedBytes::kDropped)]
      .Read();
}

TEST(Monitors, EachIsAttachedToWhatItsOwnFilterMatches) {
  EngineSetup setup = WithFunctions(3);
  for (FunctionSetup& function : setup.functions) {
    function.wants = EventsOf({EventKind::kNewData});
  }
  Monitor web = StreamMonitor({0});
  web.syn_filter = StreamFilter("tcp dst port 80");
  Monitor tls = StreamMonitor({1});
  tls.syn_filter = StreamFilter("tcp dst port 443");
  setup.monitors = {web, tls, StreamMonitor({2})};
  for (const uint8_t ip_version : {4, 6}) {
    EngineHarness harness(setup);
    ConnectionOptions options;
    options.ip_version = ip_version;
    options.vlan = 12;
    Connection first(harness, options);
    first.Handshake();
    first.client().Data(0, "web ");
    options.server_port = 443;
    Connection second(harness, options);
    second.Handshake();
    second.client().Data(0, "tls");
    EXPECT_EQ(harness.recorded(0).data[1], "web ");
    EXPECT_EQ(harness.recorded(1).data[1], "tls");
    EXPECT_EQ(harness.recorded(2).data[1], "web tls");
  }
}

TEST(Monitors, OneOfOtherWorkersSeesNothing) {
  EngineSetup setup = WithFunctions(4);
  for (FunctionSetup& function : setup.functions) {
    function.wants = EventsOf({EventKind::kConnectionStart, EventKind::kOrphan,
                               EventKind::kPacketIn});
  }
  Monitor others = StreamMonitor({0});
  others.workers = 0b10;
  Monitor own = StreamMonitor({1});
  own.workers = 0b01;
  own.syn_filter = StreamFilter("port 443");
  Monitor raw_of_others = RawMonitor({2});
  raw_of_others.workers = 0b10;
  Monitor raw = RawMonitor({3});
  raw.workers = 0b01;
  setup.monitors = {others, own, raw_of_others, raw};
  EngineHarness harness(setup);
  Connection(harness).Syn();
  EXPECT_EQ(harness.flows(), 0u);
  EXPECT_THAT(harness.recorded(0).events, IsEmpty());
  EXPECT_THAT(harness.recorded(1).events, ElementsAre("orphan"));
  EXPECT_THAT(harness.recorded(2).events, IsEmpty());
  EXPECT_THAT(harness.recorded(3).events, SizeIs(1));
}

TEST(Monitors, AConnectionThatNobodyWantsIsAnOrphanWithoutState) {
  EngineSetup setup;
  setup.monitors[0].syn_filter = StreamFilter("port 443");
  setup.monitors[0].orphan_filter = StreamFilter("dst port 80");
  EngineHarness harness(setup);
  Connection c(harness);
  c.Syn();
  c.SynAck();
  EXPECT_EQ(harness.flows(), 0u);
  EXPECT_EQ(harness.counters().orphan_packets.Read(), 2u);
  EXPECT_THAT(harness.recorded().events, ElementsAre("orphan"));
}

// As through a row of middleboxes, whose first stands next to the client.
TEST(Monitors, TheChainIsWalkedForwardForTheClientAndBackForTheServer) {
  EngineSetup setup = WithFunctions(3);
  std::string order;
  for (size_t i = 0; i < 3; ++i) {
    setup.functions[i].wants = EventsOf({EventKind::kNewData});
    setup.functions[i].on_event = [&order, i](const Event&, FlowView&) {
      order += static_cast<char>('0' + i);
      return Verdict::kForward;
    };
  }
  setup.monitors = {StreamMonitor({2}), StreamMonitor({0, 1})};
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "ask");
  order += ' ';
  c.server().Data(0, "answer");
  EXPECT_EQ(order, "201 102");
}

TEST(Monitors, AFunctionInTwoMonitorsHearsAFlowOnce) {
  EngineSetup setup;
  setup.functions[0].wants = EventsOf({EventKind::kNewData});
  setup.monitors = {StreamMonitor({0}), StreamMonitor({0})};
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "once");
  EXPECT_EQ(harness.recorded().data[1], "once");
}

TEST(Monitors, CountTheirFlowsPacketsAndMatches) {
  EngineSetup setup = WithFunctions(1);
  Monitor web = StreamMonitor({0});
  web.name = "monitors/web";
  web.syn_filter = StreamFilter("tcp dst port 80");
  web.orphan_filter = StreamFilter("port 22");
  Monitor all = StreamMonitor({});
  all.name = "monitors/all";
  all.syn_filter = StreamFilter("tcp dst port 80 or 443");
  setup.monitors = {web, all};
  EngineHarness harness(setup);
  ConnectionOptions options;
  Connection first(harness, options);
  first.Handshake();
  options.server_port = 443;
  Connection second(harness, options);
  second.Handshake();
  second.client().Data(0, "x");
  options.server_port = 22;
  Connection(harness, options).Syn();  // An orphan.

  const auto matches = [](const MonitorCounters& counters, MonitorFilter f) {
    return counters.filter_matches[static_cast<size_t>(f)].Read();
  };
  const MonitorCounters& of_web = harness.monitor_counters("monitors/web");
  const MonitorCounters& of_all = harness.monitor_counters("monitors/all");
  EXPECT_EQ(of_web.flows.Read(), 1u);
  EXPECT_EQ(of_web.packets.Read(), 3u);
  EXPECT_EQ(matches(of_web, MonitorFilter::kSyn), 1u);
  EXPECT_EQ(matches(of_web, MonitorFilter::kOrphan), 1u);
  EXPECT_EQ(of_all.flows.Read(), 2u);
  EXPECT_EQ(of_all.packets.Read(), 7u);
  EXPECT_EQ(matches(of_all, MonitorFilter::kSyn), 2u);
  EXPECT_EQ(matches(of_all, MonitorFilter::kOrphan), 1u);
  EXPECT_EQ(Summarise(harness.flow()).monitors, 0b11u);

  // The same monitor goes on under a new configuration, in another place.
  harness.Configure({all}, EngineHarness::LiveFlows::kReevaluate);
  first.client().Data(0, "y");
  EXPECT_EQ(of_web.flows.Read(), 0u);
  EXPECT_EQ(of_all.flows.Read(), 2u);
  EXPECT_EQ(of_all.packets.Read(), 8u);
  EXPECT_EQ(Summarise(harness.flow()).monitors, 0b1u);
  harness.EndAll();
  EXPECT_EQ(of_all.flows.Read(), 0u);
}

TEST(Monitors, ARawMonitorCountsThePacketsItMatched) {
  EngineSetup setup;
  setup.monitors = {RawMonitor({0})};
  setup.monitors[0].raw_filter = FrameFilter("udp");
  EngineHarness harness(setup);
  harness.Send(PacketBuilder().Udp(1, 2));
  harness.Send(PacketBuilder().Icmp(8, 0));
  const MonitorCounters& counters = harness.monitor_counters("monitors/raw");
  EXPECT_EQ(counters.packets.Read(), 1u);
  EXPECT_EQ(
      counters.filter_matches[static_cast<size_t>(MonitorFilter::kRaw)].Read(),
      1u);
}

TEST(Parsing, OddHeadersAreCountedByKind) {
  EngineHarness harness;
  const auto count = [&](size_t bit) {
    return harness.counters().parse_anomalies[bit].Read();
  };
  Connection c(harness);
  c.Handshake();
  for (size_t bit = 0; bit < kParseAnomalies; ++bit) EXPECT_EQ(count(bit), 0u);
  harness.Send(PacketBuilder().TcpReservedBits(1));
  harness.Send(PacketBuilder()
                   .Ipv6("2001:db8::1", "2001:db8::2")
                   .ExtensionHeader(60)
                   .ExtensionHeader(0)
                   .TcpReservedBits(2));
  EXPECT_EQ(count(0), 1u) << "hop-by-hop order";
  EXPECT_EQ(count(1), 0u) << "routing type zero";
  EXPECT_EQ(count(2), 2u) << "reserved bits";
}

TEST(Verdicts, ADropAtTheSendersHookDoesNotReachTheReceiver) {
  EngineSetup setup;
  bool dropping = false;
  setup.functions[0].on_event = [&](const Event& event, FlowView&) {
    return dropping && event.kind == EventKind::kPacketIn &&
                   event.hook == Hook::kSender
               ? Verdict::kDrop
               : Verdict::kForward;
  };
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  harness.recorded().Clear();
  dropping = true;
  c.client().Data(0, "lost");
  c.client().Fin(4);
  EXPECT_THAT(harness.recorded().events,
              ElementsAre("packet snd client", "packet snd client",
                          "state snd client established>fin_wait_1"));
  EXPECT_EQ(harness.flow().end[1].state, TcpState::kEstablished);
  EXPECT_EQ(Dropped(harness, DropReason::kNfDrop), 2u);
  EXPECT_EQ(DiscardedAsDropped(harness), 4u);
  dropping = false;
  c.client().Data(0, "sent");
  c.client().Fin(4);
  EXPECT_EQ(harness.recorded().data[1], "sent");
  EXPECT_EQ(harness.flow().end[1].state, TcpState::kCloseWait);
}

TEST(Verdicts, ADropEndsTheWalkOfTheChain) {
  EngineSetup setup = WithFunctions(2);
  setup.monitors = {StreamMonitor({0, 1})};
  setup.functions[0].on_event = [](const Event& event, FlowView&) {
    return event.kind == EventKind::kPacketIn ? Verdict::kDrop
                                              : Verdict::kForward;
  };
  EngineHarness harness(setup);
  Connection c(harness);
  c.Syn();
  EXPECT_THAT(harness.recorded(1).Only("packet"), IsEmpty());
}

// There is no packet to drop: everybody has to hear of it.
TEST(Verdicts, ADropAtTheEndOfAFlowKeepsItFromNobody) {
  EngineSetup setup = WithFunctions(3);
  setup.monitors = {StreamMonitor({0, 1, 2})};
  setup.functions[1].on_event = [](const Event& event, FlowView&) {
    return event.kind == EventKind::kConnectionEnd ? Verdict::kDrop
                                                   : Verdict::kForward;
  };
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  harness.EndAll();
  for (size_t i : {0, 1, 2}) {
    EXPECT_THAT(harness.recorded(i).Only("end"), SizeIs(4)) << i;
  }
}

TEST(Verdicts, ABlockedFlowIsDroppedFromThenOn) {
  EngineSetup setup;
  setup.functions[0].on_event = [](const Event& event, FlowView&) {
    return event.kind == EventKind::kNewData ? Verdict::kBlockFlow
                                             : Verdict::kForward;
  };
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "evil");
  harness.recorded().Clear();
  c.client().Data(4, "more");
  c.server().Data(0, "answer");
  c.Send(c.client().Segment(8, "bad").BadL4Checksum());
  c.client().Rst(4);
  EXPECT_THAT(harness.recorded().events, IsEmpty());
  EXPECT_EQ(Dropped(harness, DropReason::kFlowBlocked), 5u);
  EXPECT_EQ(DiscardedAsDropped(harness), 13u);
  harness.EndAll();
  EXPECT_THAT(harness.recorded().Only("end"), SizeIs(4));
}

TEST(Verdicts, ABlockedFlowOfDatagramsIsDroppedFromThenOn) {
  EngineSetup setup;
  setup.functions[0].on_event = [](const Event&, FlowView&) {
    return Verdict::kBlockFlow;
  };
  EngineHarness harness(setup);
  harness.Send(PacketBuilder().Udp(1, 2).Payload("x"));
  harness.Send(PacketBuilder().Udp(1, 2).Payload("x"));
  harness.Send(PacketBuilder().Udp(1, 2).Payload("x").BadL4Checksum());
  EXPECT_EQ(Dropped(harness, DropReason::kFlowBlocked), 3u);
  EXPECT_THAT(harness.recorded().events,
              ElementsAre("start snd client", "packet snd client"));
}

class Faults : public ::testing::Test {
 protected:
  // Function 0 throws at each packet, function 1 listens behind it.
  static EngineSetup Throwing(FailurePolicy policy) {
    EngineSetup setup = WithFunctions(2);
    setup.monitors = {StreamMonitor({0, 1})};
    setup.functions[0].failure_policy = policy;
    setup.functions[0].wants =
        EventMask::Of(EventKind::kPacketIn, Hook::kSender) |
        EventMask::Of(EventKind::kConnectionEnd, Hook::kSender);
    setup.functions[0].on_event = [](const Event& event, FlowView&) -> Verdict {
      if (event.kind == EventKind::kPacketIn) throw std::runtime_error("fault");
      return Verdict::kForward;
    };
    setup.functions[1].wants =
        EventsOf({EventKind::kNewData, EventKind::kConnectionEnd});
    return setup;
  }
};

TEST_F(Faults, OpenMeansThatTrafficGoesOnWithoutTheFunction) {
  EngineHarness harness(Throwing(FailurePolicy::kOpen));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "on");
  EXPECT_EQ(harness.recorded(1).data[1], "on");
  EXPECT_EQ(harness.slot(0).faults.Read(), 4u);
  EXPECT_EQ(Dropped(harness, DropReason::kNfDrop), 0u);
}

TEST_F(Faults, ClosedMeansThatThePacketIsDropped) {
  EngineHarness harness(Throwing(FailurePolicy::kClosed));
  Connection c(harness);
  c.Syn();
  EXPECT_EQ(Dropped(harness, DropReason::kNfDrop), 1u);
  EXPECT_EQ(harness.flow().end[1].state, TcpState::kClosed);
}

TEST_F(Faults, AFunctionIsDetachedAtItsHundredthFault) {
  for (const FailurePolicy policy :
       {FailurePolicy::kOpen, FailurePolicy::kClosed}) {
    EngineHarness harness(Throwing(policy));
    for (uint16_t i = 0; i < NfSlot::kFaultLimit; ++i) {
      EXPECT_FALSE(harness.slot(0).detached());
      ConnectionOptions options;
      options.client_port = static_cast<uint16_t>(2000 + i);
      Connection(harness, options).Syn();
    }
    EXPECT_TRUE(harness.slot(0).detached());
    harness.recorded(0).Clear();
    Connection c(harness);
    c.Syn();
    EXPECT_THAT(harness.recorded(0).events, IsEmpty());
    EXPECT_EQ(Dropped(harness, DropReason::kNfDrop),
              policy == FailurePolicy::kClosed ? 101u : 0u);
    harness.EndAll();
    EXPECT_THAT(harness.recorded(0).events, IsEmpty());
    EXPECT_THAT(harness.recorded(1).Only("end"), SizeIs(4 * 101));
  }
}

TEST_F(Faults, AThrowInsideEndIsContainedAndTheRecordGoes) {
  EngineSetup setup;
  setup.functions[0].on_event = [](const Event& event, FlowView&) -> Verdict {
    if (event.kind == EventKind::kConnectionEnd) throw 1;
    return Verdict::kForward;
  };
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  c.client().Data(4, "island");
  harness.EndAll();
  EXPECT_EQ(harness.slot(0).faults.Read(), 4u);
  EXPECT_EQ(harness.flows(), 0u);
}

TEST(Contexts, AFlowsContextStartsClearAndIsItsOwn) {
  EngineSetup setup;
  setup.functions[0].context_bytes = sizeof(uint64_t);
  setup.functions[0].wants =
      EventsOf({EventKind::kNewData, EventKind::kConnectionEnd});
  std::vector<uint64_t> at_end;
  setup.functions[0].on_event = [&](const Event& event, FlowView& flow) {
    auto& bytes = flow.Context<uint64_t>();
    bytes += event.data.size();
    if (event.kind == EventKind::kConnectionEnd &&
        event.hook == Hook::kSender && event.side == Side::kClient) {
      at_end.push_back(bytes);
    }
    return Verdict::kForward;
  };
  EngineHarness harness(setup);
  for (int round = 0; round < 2; ++round) {
    ConnectionOptions options;
    Connection first(harness, options);
    options.client_port = 1001;
    Connection second(harness, options);
    first.Handshake();
    second.Handshake();
    first.client().Data(0, "abc");
    second.client().Data(0, "12345");
    harness.EndAll();
  }
  EXPECT_THAT(at_end, ElementsAre(3, 5, 3, 5));
}

class RawMonitors : public ::testing::Test {
 protected:
  static EngineSetup Raw(std::string_view filter) {
    EngineSetup setup;
    setup.monitors = {RawMonitor({0})};
    if (!filter.empty()) setup.monitors[0].raw_filter = FrameFilter(filter);
    return setup;
  }
};

TEST_F(RawMonitors, EachIpPacketIsSeenOnceWithOrWithoutAFlow) {
  for (const std::string_view filter : {"", "ip or ip6 or vlan"}) {
    EngineSetup setup = Raw(filter);
    setup.functions.resize(2);
    setup.monitors.push_back(StreamMonitor({1}));
    EngineHarness harness(setup);
    Connection c(harness);
    c.Handshake();
    harness.Send(PacketBuilder().Udp(1, 2));
    harness.Send(
        PacketBuilder().Ipv6("2001:db8::1", "2001:db8::2").Icmp(128, 0));
    harness.Send(PacketBuilder().Vlan(7).NoTransport().Protocol(132));
    harness.Send(PacketBuilder().Fragment(9, 1480, false).NoTransport());
    harness.Send(PacketBuilder().EtherType(0x0806));
    EXPECT_THAT(harness.recorded(0).events, SizeIs(7)) << filter;
  }
}

TEST_F(RawMonitors, AFilterChoosesByTheFrame) {
  EngineHarness harness(Raw("udp and port 53 or vlan 7"));
  harness.Send(PacketBuilder().Udp(1, 53));
  harness.Send(PacketBuilder().Udp(1, 54));
  harness.Send(PacketBuilder().Vlan(7).Udp(1, 54));
  EXPECT_THAT(harness.recorded().events, SizeIs(2));
}

TEST_F(RawMonitors, AFilterHoldsOnALinkThatIsNoEthernet) {
  EngineHarness harness(Raw("udp port 53"));
  for (const LinkType link :
       {LinkType::kRawIp, LinkType::kLinuxSll, LinkType::kNull}) {
    harness.Send(PacketBuilder().Link(link).Udp(1, 53));
    harness.Send(PacketBuilder().Link(link).Udp(1, 54));
    harness.Send(PacketBuilder()
                     .Link(link)
                     .Ipv6("2001:db8::1", "2001:db8::2")
                     .Udp(1, 53));
  }
  EXPECT_THAT(harness.recorded().events, SizeIs(6));
}

TEST_F(RawMonitors, ADropKeepsThePacketFromItsFlow) {
  EngineSetup setup = Raw("tcp[tcpflags] & tcp-syn != 0");
  setup.functions.resize(2);
  setup.functions[0].on_packet = [](const Event&) { return Verdict::kDrop; };
  setup.monitors.push_back(StreamMonitor({1}));
  EngineHarness harness(setup);
  Connection c(harness);
  c.Syn();
  EXPECT_EQ(harness.flows(), 0u);
  EXPECT_EQ(Dropped(harness, DropReason::kNfDrop), 1u);
}

TEST_F(RawMonitors, WhatTheyThrowIsContained) {
  EngineSetup setup = Raw("");
  setup.functions[0].on_packet = [](const Event&) -> Verdict { throw 1; };
  EngineHarness harness(setup);
  harness.Send(PacketBuilder().Udp(1, 2));
  EXPECT_EQ(harness.slot(0).faults.Read(), 1u);
}

TEST(Datagrams, AUdpFlowStartsShowsItsPacketsAndEnds) {
  EngineHarness harness;
  harness.Send(PacketBuilder().Udp(5000, 53).Payload("?"));
  harness.Send(
      PacketBuilder().Ipv4("10.0.0.2", "10.0.0.1").Udp(53, 5000).Payload("!"));
  harness.EndAll();
  EXPECT_THAT(
      harness.recorded().events,
      ElementsAre("start snd client", "packet snd client", "start rcv server",
                  "packet rcv server", "packet snd server", "packet rcv client",
                  "end snd client shutdown", "end rcv client shutdown",
                  "end snd server shutdown", "end rcv server shutdown"));
  EXPECT_EQ(harness.counters().tcp_flows_created.Read(), 0u);
}

TEST(Datagrams, AnIcmpEchoAndItsAnswerAreOneFlow) {
  EngineHarness harness;
  harness.Send(PacketBuilder().Icmp(8, 0));
  harness.Send(PacketBuilder().Ipv4("10.0.0.2", "10.0.0.1").Icmp(0, 0));
  EXPECT_EQ(harness.flows(), 1u);
  EXPECT_EQ(harness.counters().flows_created.Read(), 1u);
}

TEST(Datagrams, AWrongChecksumMakesNoFlow) {
  EngineHarness harness;
  harness.Send(PacketBuilder().Udp(5000, 53).Payload("?").BadL4Checksum());
  EXPECT_EQ(harness.flows(), 0u);
}

}  // namespace
}  // namespace mosaic::testing
