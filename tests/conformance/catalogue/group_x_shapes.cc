// forty-one shapes of malformed fragments and costly extension headers,
// made after the kinds that public collections of IPv6 evasions have.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/conformance/catalogue/fragment_steps.h"
#include "tests/conformance/catalogue/runner.h"
#include "tests/support/tunnel_cases.h"

namespace mosaic::conformance {
namespace {

using Bytes = PacketBuilder::Bytes;
using Packets = std::vector<PacketBuilder>;

constexpr uint8_t kHopByHop = 0;
constexpr uint8_t kAuthentication = 51;
constexpr uint8_t kDestinationOptions = 60;
constexpr size_t kFragmentHeaderAt = 14 + 40;

const Counts kBadChain = {
    {"mosaic_parse_errors_total:ip_extension_headers", 1}};
const Counts kOne = {{"held", 1}, {"completed", 1}, {"reassembled", 1}};
const Counts kTwo = {{"held", 2}, {"completed", 1}, {"reassembled", 1}};
const Counts kThree = {{"held", 3}, {"completed", 1}, {"reassembled", 1}};

enum class Text : uint8_t { kDelivered, kLost };

struct Shape {
  const char* name;
  Text text;
  std::vector<Part> parts;  // Of the datagram, in their order; or
  std::function<Packets(const PacketBuilder& datagram)> packets;
  Counts results;  // Of fragments.
  Counts others;
};

const std::vector<Shape>& FragmentShapes() {
  static const std::vector<Shape> kShapes = {
      {"an empty first part",
       Text::kLost,
       {{0, 0, true}},
       {},
       {{"bad_length", 1}},
       {}},
      {"an empty last part",
       Text::kLost,
       {{0, 24, true}, {24, 48, true}, {48, 48, false}},
       {},
       {{"held", 2}, {"bad_length", 1}},
       {}},
      {"a first part of half a unit",
       Text::kLost,
       {{0, 28, true}},
       {},
       {{"bad_length", 1}},
       {}},
      {"a last part alone",
       Text::kLost,
       {{24, 48, false}},
       {},
       {{"held", 1}},
       {}},
      {"a middle part alone",
       Text::kLost,
       {{24, 32, true}},
       {},
       {{"held", 1}},
       {}},
      {"a first part alone",
       Text::kLost,
       {{0, 24, true}},
       {},
       {{"held", 1}},
       {}},
      {"no last part",
       Text::kLost,
       {{0, 24, true}, {24, 48, true}},
       {},
       {{"held", 2}},
       {}},
      {"the last part first",
       Text::kDelivered,
       {{24, 48, false}, {0, 24, true}},
       {},
       kOne,
       {}},
      {"a hole",
       Text::kLost,
       {{0, 24, true}, {32, 48, false}},
       {},
       {{"held", 2}},
       {}},
      {"an overlap with the front of the last part",
       Text::kLost,
       {{24, 48, false}, {16, 32, true, 'x'}, {0, 24, true}},
       {},
       {{"held", 1}, {"overlap", 1}, {"refused", 1}, {"refused_datagram", 1}},
       {}},
      {"an overlap with the end of the first part",
       Text::kLost,
       {{0, 32, true}, {24, 48, false}},
       {},
       {{"held", 1}, {"overlap", 1}, {"refused", 1}},
       {}},
      {"a part inside another",
       Text::kLost,
       {{0, 40, true}, {16, 24, true, 'x'}, {40, 48, false}},
       {},
       {{"held", 1}, {"overlap", 1}, {"refused", 1}, {"refused_datagram", 1}},
       {}},
      {"a part that covers another",
       Text::kLost,
       {{24, 32, true}, {16, 40, true, 'x'}, {40, 48, false}},
       {},
       {{"held", 1}, {"overlap", 1}, {"refused", 1}, {"refused_datagram", 1}},
       {}},
      {"the same part with other bytes",
       Text::kLost,
       {{0, 24, true}, {24, 32, true}, {24, 32, true, 'x'}, {32, 48, false}},
       {},
       {{"held", 2}, {"overlap", 1}, {"refused", 1}, {"refused_datagram", 1}},
       {}},
      {"every part twice",
       Text::kDelivered,
       {{0, 24, true},
        {0, 24, true},
        {32, 48, false},
        {32, 48, false},
        {24, 32, true}},
       {},
       {{"held", 2}, {"duplicate", 2}, {"completed", 1}, {"reassembled", 1}},
       {}},
      {"half of a part again",
       Text::kDelivered,
       {{0, 32, true}, {24, 32, true}, {32, 48, false}},
       {},
       {{"held", 1}, {"duplicate", 1}, {"completed", 1}, {"reassembled", 1}},
       {}},
      {"a byte more than IP allows",
       Text::kLost,
       {{0, 24, true}, {65528, 65536, false, 'x'}},
       {},
       {{"held", 1}, {"oversize", 1}, {"refused", 1}},
       {}},
      {"as long as IP allows, with a hole",
       Text::kLost,
       {{0, 24, true}, {65528, 65535, false, 'x'}},
       {},
       {{"held", 2}},
       {}},
      {"a second end before the first",
       Text::kLost,
       {{24, 48, false}, {24, 40, false}},
       {},
       {{"held", 1}, {"end", 1}, {"refused", 1}},
       {}},
      {"an end before what is held",
       Text::kLost,
       {{40, 48, true}, {24, 32, false}},
       {},
       {{"held", 1}, {"end", 1}, {"refused", 1}},
       {}},
      {"a first part without a TCP header",
       Text::kLost,
       {{0, 8, true}, {8, 48, false}},
       {},
       {{"header_chain", 1}, {"refused", 1}, {"refused_datagram", 1}},
       {}},
      {"a first part with most of a TCP header",
       Text::kLost,
       {{0, 16, true}, {16, 48, false}},
       {},
       {{"header_chain", 1}, {"refused", 1}, {"refused_datagram", 1}},
       {}},
      {"small parts in reverse",
       Text::kDelivered,
       {{40, 48, false}, {32, 40, true}, {24, 32, true}, {0, 24, true}},
       {},
       kThree,
       {}},
  };
  return kShapes;
}

PacketBuilder First(const PacketBuilder& data) {
  return FragmentOf(data, 7, {0, 24, true});
}
PacketBuilder Last(const PacketBuilder& data) {
  return FragmentOf(data, 7, {24, 48, false});
}
PacketBuilder Atomic(const PacketBuilder& data) {
  return PacketBuilder(data).Fragment(7, 0, false);
}

// Sets all bits of the fragment header that RFC 8200 reserves.
PacketBuilder WithReservedBits(const PacketBuilder& fragment) {
  Bytes frame = fragment.Build();
  frame[kFragmentHeaderAt + 1] = 0xff;
  frame[kFragmentHeaderAt + 3] |= 0x06;
  return PacketBuilder().Verbatim(frame);
}

const std::vector<Shape>& FragmentHeaderShapes() {
  static const std::vector<Shape> kShapes = {
      {"an atomic fragment between two parts",
       Text::kDelivered,
       {},
       [](const PacketBuilder& data) {
         return Packets{First(data), Atomic(data), Last(data)};
       },
       kOne,
       {{"retransmitted", 1}}},
      {"an atomic fragment twice",
       Text::kDelivered,
       {},
       [](const PacketBuilder& data) {
         return Packets{Atomic(data), Atomic(data)};
       },
       {},
       {{"retransmitted", 1}}},
      {"a fragment header in the first part",
       Text::kLost,
       {},
       [](const PacketBuilder& data) {
         return Packets{PacketBuilder(data)
                            .NoTransport()
                            .Fragment(7, 0, true)
                            .Protocol(44)
                            .Payload(Bytes{6, 0, 0, 1, 0, 0, 0, 9})};
       },
       {{"header_chain", 1}, {"refused", 1}},
       {}},
      {"two atomic fragment headers",
       Text::kLost,
       {},
       [](const PacketBuilder& data) {
         return Packets{Atomic(data).Fragment(8, 0, false)};
       },
       {},
       kBadChain},
      {"a fragment in an atomic fragment",
       Text::kLost,
       {},
       [](const PacketBuilder& data) {
         return Packets{Atomic(data).Fragment(8, 24, true)};
       },
       {},
       kBadChain},
      {"a cut header behind a useless fragment header",
       Text::kLost,
       {},
       [](const PacketBuilder& data) {
         return Packets{Atomic(PacketBuilder(data).NoTransport())
                            .Protocol(kDestinationOptions)
                            .Payload(Bytes{6, 20, 1, 4, 0, 0, 0, 0})};
       },
       {},
       kBadChain},
      {"reserved bits of the fragment header",
       Text::kDelivered,
       {},
       [](const PacketBuilder& data) {
         return Packets{WithReservedBits(First(data)),
                        WithReservedBits(Last(data))};
       },
       kOne,
       {}},
      {"parts that disagree about what follows",
       Text::kDelivered,
       {},
       [](const PacketBuilder& data) {
         return Packets{Last(data).Protocol(99), First(data)};
       },
       kOne,
       {}},
      {"parts of different hop limits",
       Text::kDelivered,
       {},
       [](const PacketBuilder& data) {
         return Packets{Last(data).Ttl(1), First(data).Ttl(255)};
       },
       kOne,
       {{"ttl_anomaly", 1}}},
      {"options before the first part only",
       Text::kDelivered,
       {},
       [](const PacketBuilder& data) {
         const Bytes frame = First(data).Build();
         return Packets{
             Last(data),
             PacketBuilder(data)
                 .NoTransport()
                 .ExtensionHeader(kHopByHop)
                 .Fragment(7, 0, true)
                 .Protocol(6)
                 .Payload(Bytes(frame.begin() + 14 + 40 + 8, frame.end()))};
       },
       kOne,
       {}},
  };
  return kShapes;
}

PacketBuilder TooBig(const PacketBuilder& data) {
  const Bytes quoted = IpBytesOf(data);
  PacketBuilder error;
  // To who sent the packet.
  const bool from_low = quoted[8 + 15] == 1;
  error.Ipv6("2001:db8::99", from_low ? "2001:db8::1" : "2001:db8::2")
      .Icmp(2, 0)
      .Payload(quoted);
  return error;
}

const std::vector<Shape>& OptionShapes() {
  static const std::vector<Shape> kShapes = {
      {"264 bytes of unknown hop-by-hop options",
       Text::kLost,
       {},
       [](const PacketBuilder& data) {
         return Packets{
             PacketBuilder(data).ExtensionHeader(kHopByHop, Bytes(262, 0x1e))};
       },
       {},
       kBadChain},
      {"264 bytes of unknown destination options",
       Text::kLost,
       {},
       [](const PacketBuilder& data) {
         return Packets{PacketBuilder(data).ExtensionHeader(kDestinationOptions,
                                                            Bytes(262, 0x1e))};
       },
       {},
       kBadChain},
      {"256 bytes of router alerts",
       Text::kDelivered,
       {},
       [](const PacketBuilder& data) {
         Bytes alerts;
         for (int i = 0; i < 63; ++i) {
           alerts.insert(alerts.end(), {5, 2, 0, 0});
         }
         alerts.insert(alerts.end(), {1, 0});
         return Packets{PacketBuilder(data).ExtensionHeader(kHopByHop, alerts)};
       },
       {},
       {}},
      {"256 bytes of padding",
       Text::kDelivered,
       {},
       [](const PacketBuilder& data) {
         return Packets{PacketBuilder(data).ExtensionHeader(kDestinationOptions,
                                                            Bytes(254, 0))};
       },
       {},
       {}},
      {"an authentication header",
       Text::kDelivered,
       {},
       [](const PacketBuilder& data) {
         return Packets{PacketBuilder(data).ExtensionHeader(kAuthentication,
                                                            Bytes(22, 1))};
       },
       {},
       {}},
      {"a router alert before a first part alone",
       Text::kLost,
       {},
       [](const PacketBuilder& data) {
         return Packets{PacketBuilder(data)
                            .NoTransport()
                            .ExtensionHeader(kHopByHop, {5, 2, 0, 0, 1, 0})
                            .Fragment(7, 0, true)
                            .Protocol(17)
                            .Payload(Bytes(64, 0))};
       },
       {{"held", 1}},
       {}},
      {"nine headers",
       Text::kLost,
       {},
       [](const PacketBuilder& data) {
         PacketBuilder packet = data;
         for (int i = 0; i < 9; ++i) {
           packet.ExtensionHeader(kDestinationOptions);
         }
         return Packets{packet};
       },
       {},
       kBadChain},
      {"a packet too big, then atomic fragments",
       Text::kDelivered,
       {},
       [](const PacketBuilder& data) {
         return Packets{TooBig(data), Atomic(data)};
       },
       {},
       {{"mosaic_icmp_errors_total:matched", 1}}},
  };
  return kShapes;
}

Case CaseOf(const Shape& shape, size_t number) {
  const auto step =
      shape.packets == nullptr
          ? SendParts(A().Data(0, kText), 7, shape.parts)
          : FramesFrom([&shape](const Variant& variant) {
              return FramesOf(shape.packets(Base(variant, A().Data(0, kText))));
            });
  Case c =
      Fragmented("X-15:" + std::to_string(number), shape.name, {step},
                 shape.text == Text::kDelivered ? kText : "", shape.results);
  for (const auto& [counter, count] : shape.others) {
    c.expect.counts[counter] = count;
  }
  c.ipv4 = false;
  return c;
}

}  // namespace

void AddEvasionShapes(std::vector<Case>& cases) {
  size_t number = 0;
  for (const auto& shapes :
       {&FragmentShapes(), &FragmentHeaderShapes(), &OptionShapes()}) {
    for (const Shape& shape : *shapes) cases.push_back(CaseOf(shape, ++number));
  }
  EXPECT_EQ(number, 41u);
}

}  // namespace mosaic::conformance
