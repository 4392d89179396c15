// User-defined events and handlers on whole packets: defaults, what a flow
// registers for itself, and which flows share.

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/support/connection.h"
#include "tests/support/engine_harness.h"

namespace mosaic::testing {
namespace {

ConnectionOptions FromPort(uint16_t port) {
  ConnectionOptions options;
  options.client_port = port;
  return options;
}

ConnectionOptions ToPort(uint16_t port) {
  ConnectionOptions options;
  options.server_port = port;
  return options;
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr EventId kPacket = EventIdOf(EventKind::kPacketIn);
constexpr EventId kData = EventIdOf(EventKind::kNewData);
constexpr EventId kEnd = EventIdOf(EventKind::kConnectionEnd);

// A handler that counts its calls.
Verdict Count(void* opaque, const EventCall&) {
  ++*static_cast<int*>(opaque);
  return Verdict::kForward;
}
EventHandler CountIn(int& calls) { return {Count, &calls}; }

bool CarriesPayload(void*, const EventCall& call) {
  return call.event.packet != nullptr && !call.event.packet->payload().empty();
}

EngineSetup HandlerSetup() {
  EngineSetup setup;
  setup.functions[0].wants = EventMask();
  setup.functions[0].uses_handlers = true;
  return setup;
}

TEST(Handlers, DefaultsAreForFlowsAttachedAfterwards) {
  int packets = 0;
  EngineSetup setup = HandlerSetup();
  WorkerView worker;
  setup.functions[0].on_start = [&](const WorkerView& view) { worker = view; };
  EngineHarness harness(std::move(setup));
  Connection before(harness);
  before.Syn();
  ASSERT_EQ(worker.Register(kPacket, Hook::kSender, CountIn(packets)),
            RegisterError::kNone);
  before.SynAck();
  EXPECT_EQ(packets, 0);
  Connection after(harness, FromPort(2000));
  after.Syn();
  EXPECT_EQ(packets, 1);
}

TEST(Handlers, OnlyWhatIsHandledIsRaisedAtAll) {
  int data = 0;
  EngineSetup setup = HandlerSetup();
  setup.functions[0].on_start = [&](const WorkerView& worker) {
    worker.Register(kData, Hook::kNone, CountIn(data));
  };
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "a");
  c.server().Data(0, "b");
  EXPECT_EQ(data, 2);
  EXPECT_THAT(harness.recorded().events,
              ElementsAre("data server 0 a", "data client 0 b"));
}

TEST(Handlers, UserDefinedEventRunsWhereItsFilterSays) {
  int with_payload = 0;
  EngineSetup setup = HandlerSetup();
  setup.functions[0].on_start = [&](const WorkerView& worker) {
    const EventId event =
        worker.DefineEvent(kPacket, {CarriesPayload, nullptr}, {}).id;
    worker.Register(event, Hook::kReceiver, CountIn(with_payload));
  };
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "a");
  c.server().Ack(1);
  EXPECT_EQ(with_payload, 1);
}

// What a flow does on its first packet from the client, by its client's port.
struct OnFirstPacket {
  std::map<uint16_t, std::function<void(FlowView&)>> by_port;
  EngineSetup Setup() {
    EngineSetup setup = HandlerSetup();
    setup.functions[0].wants =
        EventMask::Of(EventKind::kConnectionStart, Hook::kSender);
    setup.functions[0].on_event = [this](const Event& event, FlowView& flow) {
      const auto it = by_port.find(flow.client().port);
      if (event.kind == EventKind::kConnectionStart && it != by_port.end()) {
        it->second(flow);
      }
      return Verdict::kForward;
    };
    return setup;
  }
};

TEST(Handlers, FlowRegistersForItselfAtOnce) {
  int packets = 0;
  OnFirstPacket first;
  first.by_port[1000] = [&](FlowView& flow) {
    EXPECT_EQ(flow.Register(kPacket, Hook::kSender, CountIn(packets)),
              RegisterError::kNone);
    EXPECT_EQ(flow.HandlerOf(kPacket, Hook::kSender), CountIn(packets));
  };
  EngineHarness harness(first.Setup());
  Connection c(harness);
  Connection other(harness, FromPort(2000));
  c.Syn();
  EXPECT_EQ(packets, 1) << "the same packet's next event";
  other.Syn();
  other.SynAck();
  EXPECT_EQ(packets, 1) << "this flow only";
  c.SynAck();
  EXPECT_EQ(packets, 2);
}

// Repair: unregister and re-register work.
TEST(Handlers, UnregisterAndReRegisterWorkOnAFlow) {
  int first_calls = 0;
  int second_calls = 0;
  std::vector<std::function<void(FlowView&)>> script = {
      [&](FlowView& f) {
        f.Register(kPacket, Hook::kSender, CountIn(first_calls));
      },
      [&](FlowView& f) { f.Register(kPacket, Hook::kSender, {}); },
      [&](FlowView& f) {
        f.Register(kPacket, Hook::kSender, CountIn(second_calls));
      }};
  size_t step = 0;
  EngineSetup setup = HandlerSetup();
  setup.functions[0].wants =
      EventMask::Of(EventKind::kPacketIn, Hook::kReceiver);
  setup.functions[0].on_event = [&](const Event& event, FlowView& flow) {
    if (event.hook == Hook::kReceiver && step < script.size()) {
      script[step++](flow);
    }
    return Verdict::kForward;
  };
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Syn();  // Registers the first.
  EXPECT_EQ(first_calls, 0);
  c.SynAck();  // The first runs, then is unregistered.
  EXPECT_EQ(first_calls, 1);
  c.HandshakeAck();  // Nobody runs; the second is registered.
  EXPECT_EQ(first_calls + second_calls, 1);
  c.client().Data(0, "a");
  EXPECT_EQ(first_calls, 1);
  EXPECT_EQ(second_calls, 1);
}

// Repair: raise_event works.
TEST(Handlers, RaiseEventWorksFromAHandler) {
  static EventId made = kNoEvent;
  int calls = 0;
  EngineSetup setup = HandlerSetup();
  setup.functions[0].on_start = [&](const WorkerView& worker) {
    made = worker.AllocEvent(kPacket).id;
    worker.Register(made, Hook::kSender, CountIn(calls));
    worker.Register(kPacket, Hook::kSender,
                    {[](void*, const EventCall& call) {
                       EXPECT_EQ(call.Raise(made), RaiseResult::kRaised);
                       return Verdict::kForward;
                     },
                     nullptr});
  };
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Syn();
  c.SynAck();
  EXPECT_EQ(calls, 2);
}

TEST(Handlers, DropFromAHandlerDropsThePacket) {
  EngineSetup setup = HandlerSetup();
  setup.functions[0].on_start = [](const WorkerView& worker) {
    const EventId event =
        worker.DefineEvent(kPacket, {CarriesPayload, nullptr}, {}).id;
    worker.Register(
        event, Hook::kSender,
        {[](void*, const EventCall&) { return Verdict::kDrop; }, nullptr});
  };
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "abc");
  EXPECT_EQ(harness.counters()
                .dropped_packets[static_cast<size_t>(DropReason::kNfDrop)]
                .Read(),
            1u);
  EXPECT_EQ(harness.flow().end[Index(Side::kClient)].delivered, 0u);
}

// Repair: STOP_MON BOTH stops both.
TEST(Handlers, StopMonitoringOfBothSidesStopsBothAtOnce) {
  int packets = 0;
  int ends = 0;
  EngineSetup setup = HandlerSetup();
  setup.functions[0].wants = EventMask();
  setup.functions[0].on_start = [&](const WorkerView& worker) {
    for (Hook hook : {Hook::kSender, Hook::kReceiver}) {
      worker.Register(kPacket, hook, CountIn(packets));
      worker.Register(kEnd, hook, CountIn(ends));
    }
  };
  setup.functions[0].on_event = [&](const Event& event, FlowView& flow) {
    if (event.kind == EventKind::kPacketIn) {
      flow.StopMonitoring(Side::kClient);
      flow.StopMonitoring(Side::kServer);
      EXPECT_TRUE(flow.is_stopped(Side::kClient));
      EXPECT_TRUE(flow.is_stopped(Side::kServer));
    }
    return Verdict::kForward;
  };
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Syn();
  EXPECT_EQ(packets, 1) << "not even the same packet at the other hook";
  c.SynAck();
  c.HandshakeAck();
  c.client().Data(0, "abc");
  EXPECT_EQ(packets, 1);
  EXPECT_EQ(harness.flow().hot[Index(Side::kClient)].packets, 3u)
      << "counters go on";
  harness.EndAll();
  EXPECT_EQ(ends, 4);
}

TEST(Handlers, FlowsWithTheSameHandlersShareOneSubscription) {
  int packets = 0;
  OnFirstPacket first;
  for (uint16_t port = 1000; port < 1100; ++port) {
    first.by_port[port] = [&](FlowView& flow) {
      flow.Register(kPacket, Hook::kSender, CountIn(packets));
    };
  }
  EngineHarness harness(first.Setup());
  for (uint16_t port = 1000; port < 1100; ++port) {
    Connection c(harness, FromPort(port));
    c.Syn();
  }
  FlowTable& table = harness.tracker().table();
  std::map<const Subscription*, int> used;
  for (uint32_t i = 0; i < table.high_water(); ++i) {
    ++used[table.At(i).subscription];
  }
  EXPECT_EQ(used.size(), 1u);
  EXPECT_EQ(harness.tracker().handler_sets().size(), 2u) << "and no handlers";
}

// Repair: a monitor attaches only to flows its own filter matched.
TEST(Handlers, MonitorAttachesOnlyToFlowsItsOwnFilterMatched) {
  std::array<int, 2> packets = {};
  EngineSetup setup;
  setup.functions.resize(2);
  for (size_t i = 0; i < 2; ++i) {
    setup.functions[i].wants = EventMask();
    setup.functions[i].uses_handlers = true;
    setup.functions[i].on_start = [&packets, i](const WorkerView& worker) {
      worker.Register(kPacket, Hook::kSender, CountIn(packets[i]));
    };
  }
  setup.monitors = {StreamMonitor({0}), StreamMonitor({1})};
  setup.monitors[0].name = "monitors/a";
  setup.monitors[0].syn_filter = StreamFilter("dst port 80");
  setup.monitors[1].name = "monitors/b";
  setup.monitors[1].syn_filter = StreamFilter("dst port 81");
  EngineHarness harness(std::move(setup));
  Connection to_80(harness, ToPort(80));
  Connection to_81(harness, ToPort(81));
  to_80.Handshake();
  EXPECT_THAT(packets, ElementsAre(3, 0));
  to_81.Syn();
  EXPECT_THAT(packets, ElementsAre(3, 1));
}

TEST(Handlers, SeveralMonitorsAreCalledInChainOrderAndBackwardsForTheServer) {
  static std::string order;
  order.clear();
  std::array<std::string, 2> names = {"a", "b"};
  EngineSetup setup;
  setup.functions.resize(2);
  for (size_t i = 0; i < 2; ++i) {
    setup.functions[i].wants = EventMask();
    setup.functions[i].uses_handlers = true;
    setup.functions[i].on_start = [i, &names](const WorkerView& worker) {
      worker.Register(kPacket, Hook::kSender,
                      {[](void* name, const EventCall&) {
                         order += *static_cast<std::string*>(name);
                         return Verdict::kForward;
                       },
                       &names[i]});
    };
  }
  setup.monitors = {StreamMonitor({0}), StreamMonitor({1})};
  setup.monitors[1].name = "monitors/b";
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Syn();
  EXPECT_EQ(order, "ab");
  c.SynAck();
  EXPECT_EQ(order, "abba");
}

// Repair: RAW sees each packet once.
TEST(Handlers, RawMonitorSeesEachPacketOnceWithOrWithoutFilter) {
  for (const bool filtered : {false, true}) {
    int packets = 0;
    EngineSetup setup = HandlerSetup();
    WorkerView worker;
    setup.functions[0].on_start = [&](const WorkerView& view) {
      worker = view;
      view.Register(kPacket, Hook::kNone, CountIn(packets));
    };
    setup.functions[0].on_packet = [&](const Event& event) {
      return worker.RunHandlers(event, nullptr);
    };
    setup.monitors = {RawMonitor({0})};
    if (filtered) setup.monitors[0].raw_filter = FrameFilter("ip");
    EngineHarness harness(std::move(setup));
    Connection c(harness);
    c.Handshake();
    c.client().Data(0, "abc");
    EXPECT_EQ(packets, 4) << filtered;
  }
}

TEST(Handlers, OrphansReachTheDefaultHandlers) {
  int orphans = 0;
  EngineSetup setup = HandlerSetup();
  WorkerView worker;
  setup.functions[0].on_start = [&](const WorkerView& view) {
    worker = view;
    view.Register(EventIdOf(EventKind::kOrphan), Hook::kNone, CountIn(orphans));
  };
  setup.functions[0].on_packet = [&](const Event& event) {
    return worker.RunHandlers(event, nullptr);
  };
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.client().Data(0, "no flow");
  EXPECT_EQ(orphans, 1);
  EXPECT_EQ(worker.Register(EventIdOf(EventKind::kOrphan), Hook::kNone, {}),
            RegisterError::kNone);
  c.client().Data(0, "no flow");
  EXPECT_EQ(orphans, 1);
}

TEST(Handlers, WhatAFlowRegisteredOutlivesANewConfiguration) {
  int packets = 0;
  OnFirstPacket first;
  first.by_port[1000] = [&](FlowView& flow) {
    flow.Register(kPacket, Hook::kSender, CountIn(packets));
    flow.set_user(&packets);
  };
  EngineSetup setup = first.Setup();
  void* user = nullptr;
  auto on_event = setup.functions[0].on_event;
  setup.functions[0].on_event = [&](const Event& event, FlowView& flow) {
    user = flow.user();
    return on_event(event, flow);
  };
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Syn();
  harness.Configure({StreamMonitor({0})},
                    EngineHarness::LiveFlows::kReevaluate);
  c.SynAck();
  EXPECT_EQ(packets, 2);
  EXPECT_EQ(user, &packets);
}

TEST(Handlers, FunctionWithoutHandlersCannotRegister) {
  int calls = 0;
  RegisterError error = RegisterError::kNone;
  EngineSetup setup;
  setup.functions[0].on_event = [&](const Event&, FlowView& flow) {
    error = flow.Register(kPacket, Hook::kSender, CountIn(calls));
    return Verdict::kForward;
  };
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Syn();
  EXPECT_EQ(error, RegisterError::kNoHandlers);
}

TEST(Handlers, FlowThatChangesInEveryCallbackIsToldByTheNewHandlers) {
  static int calls = 0;
  calls = 0;
  static const EventHandler kEven{[](void* odd, const EventCall& call) {
                                    ++calls;
                                    call.flow->Register(
                                        kPacket, Hook::kSender,
                                        *static_cast<EventHandler*>(odd));
                                    return Verdict::kForward;
                                  },
                                  nullptr};
  static EventHandler odd{
      [](void*, const EventCall& call) {
        ++calls;
        call.flow->Register(kPacket, Hook::kSender, {kEven.run, &odd});
        return Verdict::kForward;
      },
      nullptr};
  EngineSetup setup = HandlerSetup();
  setup.functions[0].on_start = [](const WorkerView& worker) {
    worker.Register(kPacket, Hook::kSender, odd);
  };
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Handshake();
  for (uint64_t i = 0; i < 1000; ++i) c.client().Data(i, "x");
  EXPECT_EQ(calls, 1003);
  EXPECT_LE(harness.tracker().handler_sets().size(), 4u);
}

}  // namespace
}  // namespace mosaic::testing
