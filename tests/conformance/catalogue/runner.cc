#include "tests/conformance/catalogue/runner.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "dataplane/stats/core_counters.h"
#include "gtest/gtest.h"
#include "tests/support/packet_store.h"

namespace mosaic::conformance {

using mosaic::testing::EngineHarness;
using mosaic::testing::EngineSetup;
using mosaic::testing::Recording;

namespace {

constexpr uint16_t kClientPort = 40'000;
constexpr uint16_t kServerPort = 80;
constexpr std::string_view kAnomalyMetric = "mosaic_tcp_anomalies_total";
constexpr std::string_view kParseErrorMetric = "mosaic_parse_errors_total";

std::string NameOf(const Case& c, const Variant& variant,
                   std::string_view form) {
  std::string name = c.id + " " + c.name + ", IPv";
  name += std::to_string(variant.ip_version);
  name += variant.swapped ? ", swapped" : "";
  name += variant.wraps ? ", wraps" : "";
  name += variant.overlap == OverlapPolicy::kFirst ? ", FIRST" : ", LAST";
  (name += ", ") += form;
  return name;
}

std::string_view NameOf(Side side) {
  return side == Side::kClient ? "client" : "server";
}

std::string WithSides(std::string text, const Variant& variant) {
  for (const auto& [word, role] :
       {std::pair("{A}", Role::kA), std::pair("{B}", Role::kB)}) {
    while (true) {
      const size_t at = text.find(word);
      if (at == std::string::npos) break;
      text.replace(at, 3, NameOf(variant.SideOf(role)));
    }
  }
  return text;
}

EngineSetup SetupOf(const Case& c, const Variant& variant) {
  EngineSetup setup;
  for (SidePolicy& side : setup.monitors[0].side) {
    side.retain = Retain::kUnacked;
    side.overlap = variant.overlap;
  }
  if (c.setup) c.setup(setup);
  return setup;
}

// All variants of `c`; the transport's forms come besides.
std::vector<Variant> VariantsOf(const Case& c) {
  std::vector<Variant> variants;
  for (const uint8_t version : {uint8_t{4}, uint8_t{6}}) {
    if (version == 4 ? !c.ipv4 : !c.ipv6) continue;
    for (const bool swapped : {false, true}) {
      if (swapped && !c.swap) continue;
      for (const bool wraps : {false, true}) {
        if (wraps && !c.wrap) continue;
        for (const OverlapPolicy overlap :
             {OverlapPolicy::kFirst, OverlapPolicy::kLast}) {
          Variant variant;
          variant.ip_version = version;
          variant.swapped = swapped;
          variant.wraps = wraps;
          variant.overlap = overlap;
          if (c.opening == Opening::kHandshake && swapped) {
            variant.client = Role::kB;
          }
          for (const Role role : {Role::kA, Role::kB}) {
            if (!wraps) continue;
            variant.shift[Index(role)] =
                0u - kScriptIsn[Index(role)] - 1 - c.wrap_at[Index(role)];
          }
          variants.push_back(variant);
        }
      }
    }
  }
  return variants;
}

}  // namespace

Step FramesFrom(Step::MakeFrames make) {
  Step step;
  step.kind_ = Step::Kind::kFrames;
  step.frames_ = std::move(make);
  return step;
}

Step Wait(Duration duration) {
  Step step;
  step.kind_ = Step::Kind::kWait;
  step.wait_ = duration;
  return step;
}

Step Check(Step::Look look) {
  Step step;
  step.kind_ = Step::Kind::kCheck;
  step.look_ = std::move(look);
  return step;
}

Step Do(OnFlow act) {
  return Check(
      [act = std::move(act)](EngineHarness& harness, const Variant& variant) {
        const FlowHandle handle = harness.tracker().HandleOf(harness.flow());
        auto visit = [&](FlowView& flow) { act(flow, variant); };
        EXPECT_TRUE(harness.tracker().VisitFlow(
            handle, harness.slot(),
            [](FlowView& flow, void* to) {
              (*static_cast<decltype(visit)*>(to))(flow);
            },
            &visit));
        harness.RunTimers();
      });
}

Step Peeks(Role from, std::string text) {
  return Do([=](FlowView& flow, const Variant& variant) {
    const Side reader = variant.SideOf(Other(from));
    std::vector<uint8_t> to(text.size() + 1);
    const PeekResult result = flow.Peek(reader, to);
    EXPECT_EQ(result.missed, 0u);
    EXPECT_EQ(std::string(to.begin(), to.begin() + result.bytes), text);
  });
}

Step Misses(Role from, uint64_t bytes) {
  return Do([=](FlowView& flow, const Variant& variant) {
    std::vector<uint8_t> to(1);
    const PeekResult result = flow.Peek(variant.SideOf(Other(from)), to);
    EXPECT_EQ(result.missed, bytes);
    EXPECT_EQ(result.bytes, 0u);
  });
}

Step Resizes(Role from, uint32_t bytes) {
  return Do([=](FlowView& flow, const Variant& variant) {
    const Side reader = variant.SideOf(Other(from));
    EXPECT_TRUE(flow.SetBufferBytes(reader, bytes));
    EXPECT_EQ(flow.buffer_bytes(reader), bytes);
  });
}

Step InOneBurst(std::vector<Step> steps) {
  Step step;
  step.kind_ = Step::Kind::kBurst;
  step.burst_ = std::move(steps);
  return step;
}

Step States(TcpState a, TcpState b) {
  return Check([a, b](EngineHarness& harness, const Variant& variant) {
    const auto& end = harness.flow().end;
    EXPECT_EQ(Name(end[Index(variant.SideOf(Role::kA))].state), Name(a));
    EXPECT_EQ(Name(end[Index(variant.SideOf(Role::kB))].state), Name(b));
  });
}

PacketBuilder Base(const Variant& variant, const Step& step) {
  const Role from = step.from_;
  const bool from_low = (from == Role::kA) != variant.swapped;
  PacketBuilder packet;
  if (variant.ip_version == 6) {
    packet.Ipv6(from_low ? "2001:db8::1" : "2001:db8::2",
                from_low ? "2001:db8::2" : "2001:db8::1");
  } else {
    packet.Ipv4(from_low ? "10.0.0.1" : "10.0.0.2",
                from_low ? "10.0.0.2" : "10.0.0.1");
  }
  const bool from_client = from == variant.client;
  packet
      .Tcp(from_client ? kClientPort : kServerPort,
           from_client ? kServerPort : kClientPort)
      .Seq(step.seq_ + variant.shift[Index(from)])
      .Ack(step.ack_ ? *step.ack_ + variant.shift[Index(Other(from))] : 0)
      .Flags(step.flags_)
      .Window(step.window_)
      .TcpOptions(step.options_)
      .Payload(step.payload_);
  if (step.urgent_) packet.Urgent(*step.urgent_);
  return packet;
}

// One case in one variant.
class CaseRun {
 public:
  CaseRun(const Case& c, const Variant& variant, Transport& transport,
          size_t form)
      : case_(c),
        variant_(variant),
        transport_(transport),
        form_(form),
        harness_(SetupOf(c, variant)) {}

  void Run() {
    if (case_.opening == Opening::kHandshake) ShakeHands();
    for (const Step& step : case_.script) Play(step);
    const bool last =
        variant_.overlap == OverlapPolicy::kLast && case_.last.has_value();
    const Expect& expect = last ? *case_.last : case_.expect;
    CheckStreams(expect);
    CheckCounts(expect, "end ", false);
    CheckStates(expect);
    harness_.EndAll();
    CheckCounts(expect, "end ", true);
    CheckOrder(expect);
    CheckEnds(expect);
  }

 private:
  void ShakeHands() {
    const Role client = variant_.client;
    const Role server = Other(client);
    Play(Step(client, tcp_flag::kSyn)
             .Window(case_.syn_window[Index(client)])
             .Options(case_.syn_options[Index(client)]));
    Play(Step(server, tcp_flag::kSyn | tcp_flag::kAck)
             .Window(case_.syn_window[Index(server)])
             .Options(case_.syn_options[Index(server)]));
    Play(Step(client, tcp_flag::kAck)
             .Window(case_.syn_window[Index(client)])
             .Options(case_.ack_options));
  }

  void Play(const Step& step) {
    switch (step.kind_) {
      case Step::Kind::kSegment:
        Send(FrameOf(step));
        return;
      case Step::Kind::kFrames:
        for (const Frame& frame : step.frames_(variant_)) Send(frame);
        return;
      case Step::Kind::kWait:
        harness_.Wait(step.wait_);
        harness_.RunTimers();
        return;
      case Step::Kind::kCheck:
        step.look_(harness_, variant_);
        return;
      case Step::Kind::kBurst:
        harness_.BeginBurst();
        for (const Step& part : step.burst_) Play(part);
        harness_.EndBurst();
        return;
    }
  }

  Frame FrameOf(const Step& step) const {
    PacketBuilder packet = Base(variant_, step);
    if (step.edit_) step.edit_(packet, variant_);
    Frame frame{packet.Build(), packet.wire_length(), packet.link()};
    frame.ip_checksum = step.ip_offload_;
    frame.l4_checksum = step.l4_offload_;
    return frame;
  }

  void Send(const Frame& frame) { transport_.Send(harness_, frame, form_); }

  void CheckStreams(const Expect& expect) {
    const auto& data = harness_.recorded().data;
    // What A sent is what B received.
    EXPECT_EQ(data[Index(variant_.SideOf(Role::kB))], expect.from_a)
        << "what A sent";
    EXPECT_EQ(data[Index(variant_.SideOf(Role::kA))], expect.from_b)
        << "what B sent";
  }

  // Names that begin with `late_prefix` wait until flows were ended.
  void CheckCounts(const Expect& expect, std::string_view late_prefix,
                   bool late) {
    for (const auto& [name, count] : expect.counts) {
      if (name.starts_with(late_prefix) != late) continue;
      EXPECT_EQ(CountOf(name), count) << name;
    }
    if (late) return;
    const auto is_named = [&](const std::string& name) {
      return expect.counts.count(name) > 0;
    };
    for (const CounterInfo& info : CoreCounterInfo()) {
      const bool anomalies = info.name == kAnomalyMetric;
      if (!anomalies && info.name != kParseErrorMetric) continue;
      for (size_t i = 0; i < info.cells; ++i) {
        std::string name(info.label_values[i]);
        if (!anomalies) name = std::string(info.name) + ":" + name;
        if (is_named(name)) continue;
        EXPECT_EQ(SumOfCell(info.first + i), 0u)
            << name << ", which the case does not expect";
      }
    }
    for (const char* name : {"gap", "conflict"}) {
      if (!is_named(name)) {
        EXPECT_EQ(CountOf(name), 0u) << name;
      }
    }
    if (!is_named("flows")) {
      EXPECT_EQ(CountOf("flows"), 1u) << "flows created";
    }
  }

  // Of all workers.
  uint64_t SumOfCell(size_t cell) const {
    return harness_.Sum(
        [cell](const CoreCounters& c) { return CellOf(c, cell).Read(); });
  }

  uint64_t CountOf(const std::string& name) {
    const auto sum = [&](uint64_t (*read)(const CoreCounters&)) {
      return harness_.Sum(read);
    };
    using C = const CoreCounters&;
    if (name == "conflict") {
      return sum([](C c) { return c.conflict_bytes.Read(); });
    }
    if (name == "retransmitted") {
      return sum([](C c) { return c.retransmitted_packets.Read(); });
    }
    if (name == "out_of_order") {
      return sum([](C c) { return c.out_of_order_packets.Read(); });
    }
    if (name == "orphans") {
      return sum([](C c) { return c.orphan_packets.Read(); });
    }
    if (name == "pending") {
      return sum([](C c) { return c.pending_bytes.Read(); });
    }
    if (name == "gap") {
      return sum(
          [](C c) { return c.gap_bytes[0].Read() + c.gap_bytes[1].Read(); });
    }
    if (name == "flows") {
      return sum([](C c) { return c.flows_created.Read(); });
    }
    if (name == "live") return harness_.flows();
    for (const CounterInfo& info : CoreCounterInfo()) {
      for (size_t i = 0; i < info.cells; ++i) {
        const bool whole = info.label.empty() && name == info.name;
        const bool anomaly =
            info.name == kAnomalyMetric && info.label_values[i] == name;
        const bool cell = !info.label.empty() && info.second_label.empty() &&
                          name == std::string(info.name) + ":" +
                                      std::string(info.label_values[i]);
        if (whole || anomaly || cell) return SumOfCell(info.first + i);
      }
    }
    constexpr std::string_view kError = "error.";
    if (name.starts_with(kError)) {
      for (size_t cause = 0; cause < kErrorCauses; ++cause) {
        if (Name(static_cast<ErrorCause>(cause)) !=
            name.substr(kError.size())) {
          continue;
        }
        return harness_.recorded()
            .ErrorsOf(static_cast<ErrorCause>(cause))
            .size();
      }
      ADD_FAILURE() << "no such cause: " << name;
      return 0;
    }
    return harness_.recorded().Only(WithSides(name, variant_)).size();
  }

  void CheckStates(const Expect& expect) {
    for (const Role role : {Role::kA, Role::kB}) {
      const auto& state = role == Role::kA ? expect.state_a : expect.state_b;
      if (!state) continue;
      if (harness_.flows() != 1) {
        ADD_FAILURE() << "states are asked of " << harness_.flows() << " flows";
        return;
      }
      EXPECT_EQ(Name(harness_.flow().end[Index(variant_.SideOf(role))].state),
                Name(*state))
          << "state of " << (role == Role::kA ? "A" : "B");
    }
  }

  void CheckOrder(const Expect& expect) {
    const std::vector<std::string>& events = harness_.recorded().events;
    auto at = events.begin();
    for (const std::string& wanted : expect.order) {
      const std::string prefix = WithSides(wanted, variant_);
      at = std::find_if(at, events.end(), [&](const std::string& event) {
        return event.starts_with(prefix);
      });
      if (at == events.end()) {
        std::string all;
        for (const std::string& event : events) all += "\n  " + event;
        ADD_FAILURE() << "not, or too early: " << prefix << all;
        return;
      }
      ++at;
    }
  }

  void CheckEnds(const Expect& expect) {
    if (!expect.ends) return;
    const std::string prefix = "end snd client ";
    std::vector<std::string> got;
    for (const std::string& event : harness_.recorded().Only(prefix)) {
      got.push_back(event.substr(prefix.size()));
    }
    std::vector<std::string> wanted;
    for (const EndReason reason : *expect.ends) {
      wanted.emplace_back(Name(reason));
    }
    EXPECT_EQ(got, wanted) << "reasons of ends";
  }

  const Case& case_;
  const Variant& variant_;
  Transport& transport_;
  const size_t form_;
  EngineHarness harness_;
};

void MemoryTransport::Send(EngineHarness& harness, const Frame& frame, size_t) {
  harness.SendFrame(frame.bytes, [&](Packet& packet) {
    packet.link = frame.link;
    packet.port = frame.port;
    if (frame.wire_length != 0) {
      packet.wire_length = static_cast<uint32_t>(frame.wire_length);
    }
    packet.ip_checksum = frame.ip_checksum;
    packet.l4_checksum = frame.l4_checksum;
  });
}

void RunCases(const std::vector<Case>& cases, Transport& transport,
              Tallies& tallies) {
  const auto failures = [] {
    return ::testing::UnitTest::GetInstance()
        ->current_test_info()
        ->result()
        ->total_part_count();
  };
  for (const Case& c : cases) {
    if (!transport.Takes(c)) continue;
    Tally& tally = tallies[c.id.substr(0, 1)];
    const std::string entry = c.id.substr(0, std::string_view("F-05").size());
    tally.cases.insert(entry);
    if (!c.not_done.empty()) tally.undone.insert(entry);
    for (const Variant& variant : VariantsOf(c)) {
      for (size_t form = 0; form < transport.forms().size(); ++form) {
        tally.applicable += 1;
        if (!c.not_done.empty()) continue;
        tally.executed += 1;
        const int before = failures();
        {
          const ::testing::ScopedTrace trace(
              __FILE__, __LINE__, NameOf(c, variant, transport.forms()[form]));
          CaseRun(c, variant, transport, form).Run();
        }
        tally.passed += failures() == before ? 1 : 0;
      }
    }
  }
}

void PrintTallies(std::string_view transport, const Tallies& tallies) {
  std::printf("\nEvasion catalogue, %.*s\n", static_cast<int>(transport.size()),
              transport.data());
  std::printf("group  cases  done  applicable  executed  passed\n");
  Tally sum;
  const auto row = [](const char* group, const Tally& t) {
    std::printf("%-5s  %5zu  %4zu  %10llu  %8llu  %6llu\n", group,
                t.cases.size(), t.cases.size() - t.undone.size(),
                static_cast<unsigned long long>(t.applicable),
                static_cast<unsigned long long>(t.executed),
                static_cast<unsigned long long>(t.passed));
  };
  for (const auto& [group, tally] : tallies) {
    row(group.c_str(), tally);
    sum.cases.insert(tally.cases.begin(), tally.cases.end());
    sum.undone.insert(tally.undone.begin(), tally.undone.end());
    sum.applicable += tally.applicable;
    sum.executed += tally.executed;
    sum.passed += tally.passed;
  }
  row("all", sum);
}

}  // namespace mosaic::conformance
