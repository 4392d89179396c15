// Group X: IPv6 and its extension headers.

#include <string>
#include <utility>
#include <vector>

#include "dataplane/base/byte_order.h"
#include "gtest/gtest.h"
#include "tests/conformance/catalogue/fragment_steps.h"
#include "tests/conformance/catalogue/groups.h"
#include "tests/conformance/catalogue/runner.h"
#include "tests/support/tunnel_cases.h"

namespace mosaic::conformance {
namespace {

using mosaic::testing::EngineHarness;
using Bytes = PacketBuilder::Bytes;

constexpr uint8_t kHopByHop = 0;
constexpr uint8_t kRouting = 43;
constexpr uint8_t kEsp = 50;
constexpr uint8_t kAuthentication = 51;
constexpr uint8_t kNoNextHeader = 59;
constexpr uint8_t kDestinationOptions = 60;
constexpr size_t kLink = 14;
constexpr size_t kIp = 40;

const std::string kExtensionErrors =
    "mosaic_parse_errors_total:ip_extension_headers";
const std::string kLengthErrors = "mosaic_parse_errors_total:ip_total_length";

using Edit = std::function<std::vector<PacketBuilder>(const PacketBuilder&)>;

// What `edit` makes of A's segment with kText at `offset`.
Step Edited(int64_t offset, Edit edit) {
  return FramesFrom([=](const Variant& variant) {
    return FramesOf(edit(Base(variant, A().Data(offset, kText))));
  });
}

// A case of frames that `edit` makes of A's first segment; `delivered` says
// whether its text arrives.
enum class Text : uint8_t { kDelivered, kLost };
Case Headers(std::string id, std::string name, Text text, Edit edit,
             const Counts& results = {}, const Counts& others = {}) {
  Case c =
      Fragmented(std::move(id), std::move(name), {Edited(0, std::move(edit))},
                 text == Text::kDelivered ? kText : "", results);
  c.ipv4 = false;
  for (const auto& [counter, count] : others) c.expect.counts[counter] = count;
  return c;
}

PacketBuilder PartOf(const PacketBuilder& data, uint32_t offset, uint32_t end,
                     bool more = true, char filled = 0) {
  return FragmentOf(data, 7, {offset, end, more, filled});
}

//
void AddFragments(std::vector<Case>& cases) {
  Case atomic = Fragmented(
      "X-01", "an atomic fragment between those of a datagram",
      {SendParts(A().Data(0, kText), 7, {{0, 24, true}}),
       Edited(28,
              [](const PacketBuilder& data) {
                return std::vector{PacketBuilder(data).Fragment(7, 0, false)};
              }),
       Held(1), SendParts(A().Data(0, kText), 7, {{24, kLength, false}})},
      kText + kText, {{"held", 1}, {"completed", 1}, {"reassembled", 1}});
  atomic.ipv4 = false;
  cases.push_back(atomic);

  Case overlap = Fragmented(
      "X-02", "an overlap, a policy notwithstanding, and what comes later",
      {SendParts(A().Data(0, kText), 7,
                 {{0, 32, true},
                  {24, 40, true, 'x'},
                  {32, 48, false},
                  {0, 32, true}}),
       NothingDelivered(), InFragments(A().Data(0, kText), 8, {24})},
      kText,
      {{"held", 2},
       {"overlap", 1},
       {"refused", 1},
       {"refused_datagram", 2},
       {"completed", 1},
       {"reassembled", 1}});
  overlap = UnderPolicy(OverlapPolicy::kLast, overlap);
  overlap.ipv4 = false;
  cases.push_back(overlap);

  cases.push_back(Headers(
      "X-03", "exact duplicates", Text::kDelivered,
      [](const PacketBuilder& data) {
        const PacketBuilder first = PartOf(data, 0, 24);
        const PacketBuilder last = PartOf(data, 32, 48, false);
        return std::vector{first, first, last, last, PartOf(data, 24, 32)};
      },
      {{"held", 2}, {"duplicate", 2}, {"completed", 1}, {"reassembled", 1}}));

  cases.push_back(Headers(
      "X-04", "a first fragment without all of the TCP header", Text::kLost,
      [](const PacketBuilder& data) {
        return std::vector{PartOf(data, 0, 16), PartOf(data, 16, 48, false)};
      },
      {{"header_chain", 1}, {"refused", 1}, {"refused_datagram", 1}}));
  cases.push_back(Headers(
      "X-04options", "a first fragment that ends in its options", Text::kLost,
      [](const PacketBuilder& data) {
        return std::vector{PacketBuilder(data)
                               .NoTransport()
                               .Fragment(7, 0, true)
                               .Protocol(kDestinationOptions)
                               .Payload(Bytes{6, 1, 1, 4, 0, 0, 0, 0})};
      },
      {{"header_chain", 1}, {"refused", 1}}));
}

//
void AddChains(std::vector<Case>& cases) {
  cases.push_back(Headers("X-05", "every header in one chain", Text::kDelivered,
                          [](const PacketBuilder& data) {
                            return std::vector{
                                PacketBuilder(data)
                                    .ExtensionHeader(kHopByHop)
                                    .ExtensionHeader(kDestinationOptions)
                                    .ExtensionHeader(kRouting, {4, 0})
                                    .Fragment(7, 0, false)
                                    .ExtensionHeader(kDestinationOptions)};
                          }));
  cases.push_back(Headers(
      "X-05parts", "every header, in fragments", Text::kDelivered,
      [](const PacketBuilder& data) {
        Bytes content = {6, 0, 1, 4, 0, 0, 0, 0};
        const Bytes frame = data.Build();
        content.insert(content.end(), frame.begin() + kLink + kIp, frame.end());
        const auto part = [&](uint16_t from, size_t to, bool more) {
          return PacketBuilder(data)
              .NoTransport()
              .ExtensionHeader(kHopByHop)
              .ExtensionHeader(kDestinationOptions)
              .ExtensionHeader(kRouting, {4, 0})
              .Fragment(7, from, more)
              .Protocol(kDestinationOptions)
              .Payload(Bytes(content.begin() + from,
                             content.begin() + static_cast<ptrdiff_t>(to)));
        };
        return std::vector{part(32, content.size(), false), part(0, 32, true)};
      },
      {{"held", 1}, {"completed", 1}, {"reassembled", 1}}));

  const auto chain = [](size_t headers) {
    return [headers](const PacketBuilder& data) {
      PacketBuilder packet = data;
      for (size_t i = 0; i < headers; ++i) {
        packet.ExtensionHeader(kDestinationOptions);
      }
      return std::vector{packet};
    };
  };
  cases.push_back(Headers("X-06", "a hundred headers", Text::kLost, chain(100),
                          {}, {{kExtensionErrors, 1}}));
  cases.push_back(
      Headers("X-06most", "eight headers", Text::kDelivered, chain(8)));
  cases.push_back(Headers("X-06more", "nine headers", Text::kLost, chain(9), {},
                          {{kExtensionErrors, 1}}));

  for (const bool two : {false, true}) {
    cases.push_back(Headers(
        two ? "X-07two" : "X-07",
        two ? "two hop-by-hop headers"
            : "a hop-by-hop header that is not first",
        Text::kDelivered,
        [two](const PacketBuilder& data) {
          return std::vector{
              PacketBuilder(data)
                  .ExtensionHeader(two ? kHopByHop : kDestinationOptions)
                  .ExtensionHeader(kHopByHop)};
        },
        {{"hop_by_hop_order", 1}}));
  }

  cases.push_back(
      Headers("X-09", "a routing header of type 0", Text::kDelivered,
              [](const PacketBuilder& data) {
                return std::vector{PacketBuilder(data).ExtensionHeader(
                    kRouting, Bytes(22, 0))};
              },
              {{"routing_type_zero", 1}}));
}

// every truncation of a chain that ends in TCP, where the frame is too
// short for what the IP header says and where that was made to fit.
void AddTruncations(std::vector<Case>& cases) {
  const auto chain = [](const PacketBuilder& data) {
    return PacketBuilder(data)
        .ExtensionHeader(kHopByHop)
        .ExtensionHeader(kRouting,
                         Bytes{4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
        .Fragment(7, 0, false)
        .ExtensionHeader(kDestinationOptions)
        .Build();
  };
  constexpr size_t kHeaders = 8 + 16 + 8 + 8;
  constexpr size_t kTcp = 20;
  constexpr size_t kBegin = kLink + kIp;
  const size_t whole = kBegin + kHeaders + kTcp + kText.size();
  cases.push_back(Headers("X-08", "every truncation of a frame", Text::kLost,
                          [chain, whole](const PacketBuilder& data) {
                            const Bytes frame = chain(data);
                            EXPECT_EQ(frame.size(), whole);
                            std::vector<PacketBuilder> packets;
                            for (size_t length = 0; length < whole; ++length) {
                              packets.push_back(PacketBuilder().Verbatim(Bytes(
                                  frame.begin(), frame.begin() + length)));
                            }
                            return packets;
                          },
                          {},
                          {{"mosaic_parse_errors_total:link_truncated", kLink},
                           {"mosaic_parse_errors_total:ip_truncated", kIp},
                           {kLengthErrors, whole - kBegin}}));
  cases.push_back(Headers(
      "X-08length", "every length that cuts the headers", Text::kLost,
      [chain](const PacketBuilder& data) {
        const Bytes frame = chain(data);
        std::vector<PacketBuilder> packets;
        for (size_t length = 0; length < kHeaders + kTcp; ++length) {
          Bytes cut(frame.begin(), frame.begin() + kBegin + length);
          WriteBig16(cut.data() + kLink + 4, static_cast<uint16_t>(length));
          packets.push_back(PacketBuilder().Verbatim(cut));
        }
        return packets;
      },
      {},
      {{kLengthErrors, 1},
       {kExtensionErrors, kHeaders - 1},
       {"mosaic_parse_errors_total:l4_truncated", kTcp}}));
}

//
void AddOtherProtocols(std::vector<Case>& cases) {
  const auto other = [](uint8_t protocol) {
    return [protocol](const PacketBuilder& data) {
      const Bytes frame = data.Build();
      return std::vector{
          PacketBuilder(data).NoTransport().Protocol(protocol).Payload(
              Bytes(frame.begin() + kLink + kIp, frame.end()))};
    };
  };
  cases.push_back(Headers("X-10", "an unknown next header", Text::kLost,
                          other(253), {}, {{"orphans", 1}}));
  cases.push_back(Headers("X-10none", "bytes behind no next header",
                          Text::kLost, other(kNoNextHeader), {},
                          {{"orphans", 1}}));

  cases.push_back(Headers("X-11", "an authentication header", Text::kDelivered,
                          [](const PacketBuilder& data) {
                            return std::vector{
                                PacketBuilder(data).ExtensionHeader(
                                    kAuthentication, Bytes(22, 1))};
                          }));
  cases.push_back(Headers("X-11esp", "ESP hides what follows", Text::kLost,
                          other(kEsp), {}, {{"orphans", 1}}));

  cases.push_back(Headers(
      "X-12", "two fragment headers", Text::kLost,
      [](const PacketBuilder& data) {
        return std::vector{
            PacketBuilder(data).Fragment(7, 0, false).Fragment(8, 0, false),
            PacketBuilder(data).Fragment(7, 0, false).Fragment(8, 0, true)};
      },
      {}, {{kExtensionErrors, 2}}));
  cases.push_back(Headers(
      "X-12nested", "a fragment header in what fragments carry", Text::kLost,
      [](const PacketBuilder& data) {
        return std::vector{PacketBuilder(data)
                               .NoTransport()
                               .Fragment(7, 0, true)
                               .Protocol(44)
                               .Payload(Bytes{6, 0, 0, 1, 0, 0, 0, 9})};
      },
      {{"header_chain", 1}, {"refused", 1}}));
  // Nobody can look there: it is ESP and no more.
  cases.push_back(Headers(
      "X-12esp", "a fragment header behind ESP", Text::kLost,
      [](const PacketBuilder& data) {
        return std::vector{
            PacketBuilder(data).NoTransport().Protocol(kEsp).Payload(
                Bytes{44, 0, 0, 0, 0, 0, 0, 1, 6, 0, 0, 1, 0, 0, 0, 7})};
      },
      {}, {{"orphans", 1}}));

  cases.push_back(
      Headers("X-13", "a payload length of 0, and a jumbogram", Text::kLost,
              [](const PacketBuilder& data) {
                return std::vector{
                    PacketBuilder(data).IpLength(0),
                    PacketBuilder(data)
                        .ExtensionHeader(kHopByHop, {0xc2, 4, 0, 1, 0, 0})
                        .IpLength(0)};
              },
              {}, {{kLengthErrors, 2}}));
}

// the IPv6 connection has the words of the IPv4 one for addresses.
void AddTwins(std::vector<Case>& cases) {
  const auto twin = [](Step step, Role from) {
    return FramesFrom([=](const Variant& variant) {
      const bool from_low = (from == Role::kA) != variant.swapped;
      return FramesOf({Base(variant, step)
                           .Ipv6(from_low ? "a00:1::" : "a00:2::",
                                 from_low ? "a00:2::" : "a00:1::")});
    });
  };
  Case c;
  c.id = "X-14";
  c.name = "an IPv6 tuple with the words of an IPv4 one";
  c.opening = Opening::kByScript;
  c.script = {A(tcp_flag::kSyn),
              twin(A(tcp_flag::kSyn), Role::kA),
              B(tcp_flag::kSyn | tcp_flag::kAck),
              twin(B(tcp_flag::kSyn | tcp_flag::kAck), Role::kB),
              A(),
              twin(A(), Role::kA),
              A().Data(0, "over IPv4,"),
              twin(A().Data(0, "over IPv6,"), Role::kA),
              A().Data(10, kOn)};
  c.expect.from_a = "over IPv4,over IPv6," + kOn;
  c.expect.counts = {{"flows", 2}, {"live", 2}};
  c.ipv6 = false;
  cases.push_back(c);
}

}  // namespace

std::vector<Case> GroupX() {
  std::vector<Case> cases;
  AddFragments(cases);
  AddChains(cases);
  AddTruncations(cases);
  AddOtherProtocols(cases);
  AddTwins(cases);
  AddEvasionShapes(cases);
  return cases;
}

}  // namespace mosaic::conformance
