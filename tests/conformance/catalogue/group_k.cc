// Group K: what makes a flow's key, and finding flows by it.

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/base/byte_order.h"
#include "dataplane/flow/flow_hash.h"
#include "dataplane/parse/parser.h"
#include "gtest/gtest.h"
#include "tests/conformance/catalogue/fragment_steps.h"
#include "tests/conformance/catalogue/groups.h"
#include "tests/conformance/catalogue/runner.h"
#include "tests/support/packet_store.h"
#include "tests/support/tunnel_cases.h"

namespace mosaic::conformance {
namespace {

using mosaic::testing::EngineHarness;
using mosaic::testing::EngineSetup;
using Bytes = PacketBuilder::Bytes;

const std::string kOne = "one place,";
const std::string kOther = "other place,";

using Place = std::function<Frame(PacketBuilder)>;

Step At(const Place& place, Step step) {
  return FramesFrom([=](const Variant& variant) {
    return std::vector<Frame>{place(Base(variant, step))};
  });
}

// The same connection at two places: two flows, or one whose bytes come from
// both.
enum class Flows : uint8_t { kSeparate, kMerged };
Case TwoPlaces(std::string id, std::string name, Flows flows, Place one,
               Place other, std::function<void(EngineSetup&)> setup) {
  const bool merged = flows == Flows::kMerged;
  const auto at = static_cast<int64_t>(merged ? kOne.size() : 0);
  Case c;
  c.id = std::move(id);
  c.name = std::move(name);
  c.opening = Opening::kByScript;
  for (const Place& place :
       merged ? std::vector{one} : std::vector{one, other}) {
    c.script.push_back(At(place, A(tcp_flag::kSyn)));
    c.script.push_back(At(place, B(tcp_flag::kSyn | tcp_flag::kAck)));
    c.script.push_back(At(place, A()));
  }
  c.script.push_back(At(one, A().Data(0, kOne)));
  c.script.push_back(At(other, A().Data(at, kOther)));
  c.script.push_back(
      At(other, A().Data(at + static_cast<int64_t>(kOther.size()), kOn)));
  c.expect.from_a = kOne + kOther + kOn;
  c.expect.counts = {{"flows", merged ? 1 : 2}, {"live", merged ? 1 : 2}};
  c.setup = std::move(setup);
  return c;
}

Place InVlans(std::vector<uint16_t> ids) {
  return [ids](PacketBuilder packet) {
    for (const uint16_t id : ids) packet.Vlan(id);
    return FrameOf(packet);
  };
}

Place OnPort(uint16_t port) {
  return [port](const PacketBuilder& packet) {
    Frame frame = FrameOf(packet);
    frame.port = port;
    return frame;
  };
}

Frame Plain(const PacketBuilder& packet) { return FrameOf(packet); }

Place InGre(uint8_t key) {
  return [key](const PacketBuilder& packet) {
    const Bytes inner = IpBytesOf(packet);
    const bool ipv6 = inner[0] >> 4 == 6;
    Bytes payload = {0x20, 0, 0x08, 0x00, 0, 0, 0, key};
    if (ipv6) WriteBig16(payload.data() + 2, 0x86dd);
    payload.insert(payload.end(), inner.begin(), inner.end());
    // The tunnel's ends are those of the connection inside.
    PacketBuilder outer;
    outer.NoTransport().Protocol(47).Payload(payload);
    return FrameOf(outer);
  };
}

// K-01 to K-03, K-06.
void AddPlaces(std::vector<Case>& cases) {
  const auto vlans = [](EngineSetup& setup) {
    setup.pipeline.parser.vlan_in_key = true;
  };
  cases.push_back(TwoPlaces("K-01", "two VLANs, in the key", Flows::kSeparate,
                            InVlans({10}), InVlans({20}), vlans));
  cases.push_back(TwoPlaces("K-01off", "two VLANs, not in the key",
                            Flows::kMerged, InVlans({10}), InVlans({20}), {}));
  cases.push_back(TwoPlaces("K-02", "two inner VLANs, in the key",
                            Flows::kSeparate, InVlans({10, 20}),
                            InVlans({10, 21}), vlans));
  cases.push_back(TwoPlaces("K-02order", "two VLANs in either order",
                            Flows::kSeparate, InVlans({10, 20}),
                            InVlans({20, 10}), vlans));
  cases.push_back(TwoPlaces("K-02off", "two inner VLANs, not in the key",
                            Flows::kMerged, InVlans({10, 20}),
                            InVlans({10, 21}), {}));

  Case port = TwoPlaces(
      "K-03", "two ports, in the key", Flows::kSeparate, OnPort(0), OnPort(1),
      [](EngineSetup& setup) { setup.pipeline.parser.port_in_key = true; });
  port.port = false;
  cases.push_back(port);
  port = TwoPlaces("K-03off", "two ports, not in the key", Flows::kMerged,
                   OnPort(0), OnPort(1), {});
  port.port = false;
  cases.push_back(port);

  const auto tunnels = [](EngineSetup& setup) {
    setup.pipeline.parser.tunnel_in_key = true;
  };
  cases.push_back(TwoPlaces("K-06", "inside a tunnel and outside, in the key",
                            Flows::kSeparate, Plain, InGre(0), tunnels));
  cases.push_back(TwoPlaces("K-06keys", "two tunnels, in the key",
                            Flows::kSeparate, InGre(1), InGre(2), tunnels));
  cases.push_back(TwoPlaces("K-06off", "inside and outside, not in the key",
                            Flows::kMerged, Plain, InGre(1), {}));
}

// K-04 and K-05: endpoints that no connection has. Their segments make no flow,
// whatever is picked up, and one that is there goes on.
Case Impossible(
    std::string id, std::string name, const std::string& anomaly,
    std::vector<std::function<void(PacketBuilder&, const Variant&)>> edits) {
  Case c;
  c.id = std::move(id);
  c.name = std::move(name);
  const uint64_t segments = 3 * edits.size();
  c.script = {FramesFrom([edits = std::move(edits)](const Variant& variant) {
                std::vector<PacketBuilder> packets;
                for (const auto& edit : edits) {
                  for (const Step& step :
                       {A(tcp_flag::kSyn), A(tcp_flag::kSyn | tcp_flag::kAck),
                        A().Data(0, "nobody's")}) {
                    packets.push_back(Base(variant, step));
                    edit(packets.back(), variant);
                  }
                }
                return FramesOf(packets);
              }),
              A().Data(0, kOn)};
  c.expect.from_a = kOn;
  c.expect.counts = {{anomaly, segments},
                     {"orphans", segments},
                     {"orphan", segments},
                     {"live", 1}};
  c.setup = [](EngineSetup& setup) {
    setup.monitors[0].midstream = Midstream::kPickup;
  };
  return c;
}

void AddImpossible(std::vector<Case>& cases) {
  const auto addresses = [](const char* from4, const char* to4,
                            const char* from6, const char* to6) {
    return [=](PacketBuilder& packet, const Variant& variant) {
      if (variant.ip_version == 6) {
        packet.Ipv6(from6, to6);
      } else {
        packet.Ipv4(from4, to4);
      }
    };
  };
  const auto ports = [](uint16_t from, uint16_t to) {
    return [=](PacketBuilder& packet, const Variant&) { packet.Tcp(from, to); };
  };
  const auto itself =
      addresses("10.0.0.1", "10.0.0.1", "2001:db8::1", "2001:db8::1");
  cases.push_back(
      Impossible("K-04", "from an endpoint to itself", "land",
                 {[=](PacketBuilder& packet, const Variant& variant) {
                   itself(packet, variant);
                   packet.Tcp(80, 80);
                 }}));
  cases.push_back(Impossible("K-05", "from or to port 0", "port_zero",
                             {ports(0, 80), ports(80, 0)}));
  cases.push_back(Impossible(
      "K-05group", "from or to an address of many hosts", "group_address",
      {addresses("10.0.0.1", "224.0.0.1", "2001:db8::1", "ff02::1"),
       addresses("239.1.2.3", "10.0.0.1", "ff0e::1", "2001:db8::1"),
       addresses("10.0.0.1", "255.255.255.255", "2001:db8::1", "ff05::2")}));

  // One host may speak to itself, and class E is no group.
  Case hosts;
  hosts.id = "K-05hosts";
  hosts.name = "addresses and ports beside these";
  hosts.script = {FramesFrom([=](const Variant& variant) {
    const PacketBuilder syn = Base(variant, A(tcp_flag::kSyn));
    PacketBuilder same = syn;
    itself(same, variant);
    std::vector<PacketBuilder> packets = {same};
    for (const auto& edit :
         {addresses("223.255.255.255", "240.0.0.1", "fe80::1", "fec0::1"),
          addresses("255.255.255.254", "10.0.0.1", "fdff::1", "2001:db8::1")}) {
      packets.push_back(syn);
      edit(packets.back(), variant);
    }
    return FramesOf(packets);
  })};
  hosts.expect.counts = {{"flows", 4}, {"live", 4}, {"orphans", 0}};
  cases.push_back(hosts);
}

// A connection's frames, to be sent with other source ports and addresses. Its
// checksums are said to be good.
class Stamp {
 public:
  Stamp(const Variant& variant, const Step& step, Role from)
      : bytes_(Base(variant, step).Build()),
        ports_at_(14 + (variant.ip_version == 6 ? 40 : 20) +
                  (from == variant.client ? 0 : 2)),
        address_at_(AddressAt(variant, from)) {}

  // `number` is told by the client's address and port.
  Bytes& Numbered(uint32_t number) {
    WriteBig16(bytes_.data() + ports_at_,
               static_cast<uint16_t>(1024 + number % 50'000));
    WriteBig16(bytes_.data() + address_at_,
               static_cast<uint16_t>(256 + number / 50'000));
    return bytes_;
  }

  void Send(EngineHarness& harness, uint32_t number) {
    harness.SendFrame(Numbered(number), [](Packet& packet) {
      packet.ip_checksum = ChecksumVerdict::kGood;
      packet.l4_checksum = ChecksumVerdict::kGood;
    });
  }

 private:
  // Two bytes of the client's address that are 0 in both variants.
  static size_t AddressAt(const Variant& variant, Role from) {
    const bool ipv6 = variant.ip_version == 6;
    const size_t source = ipv6 ? 14 + 8 + 8 : 14 + 12 + 1;
    return source + (from == variant.client ? 0 : ipv6 ? 16 : 4);
  }

  Bytes bytes_;
  const size_t ports_at_;
  const size_t address_at_;
};

// K-07: each packet of a flow to another worker than the one before.
Case AnyQueue() {
  static constexpr uint32_t kTuples = 65'536;
  static constexpr size_t kWorkers = 4;
  Case c;
  c.id = "K-07";
  c.name = "65,536 tuples, each packet on another queue";
  c.script = {
      Check([](EngineHarness& harness, const Variant& variant) {
        Stamp syn(variant, A(tcp_flag::kSyn), Role::kA);
        Stamp answer(variant, B(tcp_flag::kSyn | tcp_flag::kAck), Role::kB);
        Stamp data(variant, A().Data(0, "x"), Role::kA);
        const auto send = [&](Stamp& stamp, uint32_t i, size_t receiver) {
          harness.BeginBurst();
          stamp.Send(harness, i);
          harness.EndBurst(receiver % kWorkers);
        };
        for (uint32_t i = 0; i < kTuples; ++i) {
          send(syn, i, i);
          send(answer, i, i + 1);
          send(data, i, i + 2);
        }
        size_t of_two_packets = 0;
        size_t one_sided = 0;
        for (size_t worker = 0; worker < kWorkers; ++worker) {
          FlowTable& table = harness.tracker(worker).table();
          EXPECT_GT(table.size(), kTuples / kWorkers / 2);
          for (uint32_t i = 0; i < table.high_water(); ++i) {
            if (!table.InUse(i)) continue;
            const Flow& flow = table.At(i);
            of_two_packets +=
                flow.hot[0].packets == 2 && flow.hot[1].packets == 1;
            one_sided += flow.hot[0].packets == 0 || flow.hot[1].packets == 0;
          }
        }
        // The opening connection has three of its own.
        EXPECT_EQ(of_two_packets, kTuples + 1);
        EXPECT_EQ(one_sided, 0u);
      }),
      A().Data(0, kOn)};
  c.expect.from_a = std::string(kTuples, 'x') + kOn;
  c.expect.counts = {{"flows", kTuples + 1}, {"live", kTuples + 1}};
  c.setup = [](EngineSetup& setup) {
    setup.workers = kWorkers;
    setup.pipeline.limits.flows = kTuples;
    // Nothing else is looked at, and every event would be written down.
    setup.functions[0].wants = mosaic::testing::EventsOf({EventKind::kNewData});
  };
  c.swap = c.wrap = false;  // A is the client.
  c.port = false;           // The engine's own queues.
  return c;
}

// Numbers whose tuples fall into one bucket of any table up to 4,096 buckets.
std::vector<uint32_t> Colliding(const Variant& variant, size_t count) {
  const FlowHash hash({1, 2});
  Stamp syn(variant, A(tcp_flag::kSyn), Role::kA);
  ParserConfig config;
  config.checksum = ChecksumPolicy::kIgnore;
  const Parser parser(config);
  std::vector<uint32_t> found;
  for (uint32_t i = 0; found.size() < count; ++i) {
    Bytes& frame = syn.Numbered(i);
    Packet packet;
    packet.data = frame.data();
    packet.length = packet.wire_length = static_cast<uint32_t>(frame.size());
    ParsedPacket parsed;
    parser.ParseOne(packet, parsed);
    if ((hash.Of(parsed.key) & 0xfff) == 0) found.push_back(i);
  }
  return found;
}

// K-08: all in one bucket, half of them leave, and others come.
Case OneBucket() {
  static constexpr size_t kFlows = 100;
  Case c;
  c.id = "K-08";
  c.name = "a hundred flows in one bucket";
  c.script = {
      Check([](EngineHarness& harness, const Variant& variant) {
        const std::vector<uint32_t> numbers = Colliding(variant, kFlows);
        Stamp syn(variant, A(tcp_flag::kSyn), Role::kA);
        Stamp answer(variant, B(tcp_flag::kSyn | tcp_flag::kAck), Role::kB);
        Stamp first(variant, A().Data(0, "1"), Role::kA);
        Stamp reset(variant, B(tcp_flag::kRst | tcp_flag::kAck), Role::kB);
        Stamp second(variant, A().Data(1, "2"), Role::kA);
        for (Stamp* stamp : {&syn, &answer, &first}) {
          for (const uint32_t number : numbers) stamp->Send(harness, number);
        }
        EXPECT_EQ(harness.flows(), kFlows + 1);
        for (size_t i = 0; i < kFlows; i += 2) reset.Send(harness, numbers[i]);
        harness.Wait(Duration::Seconds(6));
        harness.RunTimers();
        EXPECT_EQ(harness.flows(), kFlows / 2 + 1);
        for (size_t i = 1; i < kFlows; i += 2) second.Send(harness, numbers[i]);
        for (size_t i = 0; i < kFlows; i += 2) syn.Send(harness, numbers[i]);
        EXPECT_EQ(harness.flows(), kFlows + 1);
      }),
      A().Data(0, kOn)};
  c.expect.from_a =
      std::string(kFlows, '1') + std::string(kFlows / 2, '2') + kOn;
  c.expect.counts = {{"flows", kFlows + kFlows / 2 + 1}, {"orphans", 0}};
  c.setup = [](EngineSetup& setup) {
    setup.pipeline.limits.timeouts.enabled = true;
    // All of them are in their handshake at once.
    setup.pipeline.limits.pressure.half_open_percent = 100;
  };
  c.swap = c.wrap = false;  // A is the client.
  return c;
}

// K-09: two starts with seeds of their own.
Case TwoSeeds() {
  Case c;
  c.id = "K-09";
  c.name = "another seed, other buckets, the same results";
  c.script = {Check([](EngineHarness&, const Variant& variant) {
                std::vector<std::string> events[2];
                std::vector<uint64_t> hashes[2];
                for (size_t start = 0; start < 2; ++start) {
                  EngineSetup setup;
                  setup.seed = FlowHash::RandomSeed();
                  const FlowHash hash(setup.seed);
                  EngineHarness harness(setup);
                  Stamp syn(variant, A(tcp_flag::kSyn), Role::kA);
                  Stamp data(variant, A().Data(0, "data"), Role::kA);
                  for (uint32_t i = 0; i < 50; ++i) syn.Send(harness, i);
                  for (uint32_t i = 50; i-- > 0;) data.Send(harness, i);
                  FlowTable& table = harness.tracker().table();
                  for (uint32_t i = 0; i < table.high_water(); ++i) {
                    hashes[start].push_back(hash.Of(table.At(i).key) & 0xff);
                  }
                  events[start] = harness.recorded().events;
                }
                EXPECT_FALSE(events[0].empty());
                EXPECT_EQ(events[0], events[1]);
                EXPECT_NE(hashes[0], hashes[1]);
              }),
              A().Data(0, kOn)};
  c.expect.from_a = kOn;
  c.swap = c.wrap = false;  // A is the client.
  return c;
}

}  // namespace

std::vector<Case> GroupK() {
  std::vector<Case> cases;
  AddPlaces(cases);
  AddImpossible(cases);
  cases.push_back(AnyQueue());
  cases.push_back(OneBucket());
  cases.push_back(TwoSeeds());
  return cases;
}

}  // namespace mosaic::conformance
