// Group L: lengths that do not fit each other. What is only to be seen with
// mbufs is in mbuf_cases.cc.

#include <string>
#include <utility>
#include <vector>

#include "dataplane/base/byte_order.h"
#include "tests/conformance/catalogue/fragment_steps.h"
#include "tests/conformance/catalogue/groups.h"
#include "tests/conformance/catalogue/runner.h"

namespace mosaic::conformance {
namespace {

using Bytes = PacketBuilder::Bytes;

const std::string kLengthErrors = "mosaic_parse_errors_total:ip_total_length";
const std::string kDropped = "mosaic_core_dropped_packets_total:parse_error";

// A case of one segment with kText that is made wrong; then it comes as it
// should be.
Case Wrong(std::string id, std::string name, Step::Edit edit,
           const std::string& counter) {
  Case c;
  c.id = std::move(id);
  c.name = std::move(name);
  c.script = {A().Data(0, kText).With(std::move(edit)), A().Data(0, kText),
              A().Data(28, kOn)};
  c.expect.from_a = kText + kOn;
  c.expect.counts = {{counter, 1}, {kDropped, 1}, {"retransmitted", 0}};
  return c;
}

Case Padded() {
  Case c;
  c.id = "L-01";
  c.name = "padding up to 60 bytes and more";
  const auto pad = [](PacketBuilder& packet, const Variant&) {
    packet.Padding(6);
  };
  c.script = {A().With(pad), A().Data(0, "hi").With(pad),
              B().AckOff(2).With(pad), A().Data(2, kOn)};
  c.expect.from_a = "hi" + kOn;
  c.expect.counts = {{"retransmitted", 0}, {"pending", 0}};
  return c;
}

// L-02 and L-03.
void AddIpLengths(std::vector<Case>& cases) {
  cases.push_back(Wrong(
      "L-02", "an IP length beyond the frame",
      [](PacketBuilder& packet, const Variant& variant) {
        packet.IpLength(variant.ip_version == 6 ? 49 : 69);
      },
      kLengthErrors));
  Case within = Wrong(
      "L-03", "an IP length within the IP header",
      [](PacketBuilder& packet, const Variant&) { packet.IpLength(19); },
      kLengthErrors);
  within.ipv6 = false;
  cases.push_back(within);
  // Version 6 counts what follows its header.
  cases.push_back(Wrong(
      "L-03tcp", "an IP length within the TCP header",
      [](PacketBuilder& packet, const Variant& variant) {
        packet.IpLength(variant.ip_version == 6 ? 19 : 39);
      },
      "mosaic_parse_errors_total:l4_truncated"));
  Case words = Wrong(
      "L-03words", "an IP header of four words",
      [](PacketBuilder& packet, const Variant&) { packet.IpHeaderWords(4); },
      "mosaic_parse_errors_total:ip_header_length");
  words.ipv6 = false;
  cases.push_back(words);
  Case beyond = Wrong(
      "L-03beyond", "an IP header longer than the frame",
      [](PacketBuilder& packet, const Variant&) {
        packet.IpHeaderWords(15).Payload("").IpLength(40);
      },
      "mosaic_parse_errors_total:ip_header_length");
  beyond.ipv6 = false;
  cases.push_back(beyond);
}

Case Jumbo(uint8_t ip_version) {
  const bool ipv6 = ip_version == 6;
  const size_t payload = 9000 - 14 - (ipv6 ? 40 : 20) - 20;
  Case c;
  c.id = ipv6 ? "L-06ipv6" : "L-06";
  c.name = "a frame of 9,000 bytes";
  c.ipv4 = !ipv6;
  c.ipv6 = ipv6;
  c.script = {A().Data(0, std::string(payload, 'j')),
              A().Data(static_cast<int64_t>(payload), kOn)};
  c.expect.from_a = std::string(payload, 'j') + kOn;
  return c;
}

Case Short() {
  Case c;
  c.id = "L-07";
  c.name = "frames of no byte, of 13, and of a link header alone";
  c.script = {
      FramesFrom([](const Variant& variant) {
        const Bytes frame = Base(variant, A().Data(0, kText)).Build();
        std::vector<Frame> frames;
        for (const size_t length : {0, 13, 14}) {
          frames.push_back({Bytes(frame.begin(), frame.begin() + length)});
        }
        return frames;
      }),
      A().Data(0, kOn)};
  c.expect.from_a = kOn;
  c.expect.counts = {{"mosaic_parse_errors_total:link_truncated", 2},
                     {"mosaic_parse_errors_total:ip_truncated", 1},
                     {kDropped, 3}};
  return c;
}

// L-08: what a snap length cut off is missing, and nothing else is.
Case Snapped() {
  Case c;
  c.id = "L-08";
  c.name = "frames that their capture cut";
  const auto snapped = [](Step step, size_t cut) {
    return FramesFrom([=](const Variant& variant) {
      const PacketBuilder whole = Base(variant, step);
      return FramesOf({PacketBuilder(whole).Snap(whole.wire_length() - cut)});
    });
  };
  c.script = {snapped(A().Data(0, kText), 10),
              snapped(A().Data(28, kText), 28),
              A().Data(56, kOn),
              B().AckOff(62),
              B().AckOff(62),
              B().AckOff(62)};
  c.expect.from_a = kText.substr(0, 18) + kOn;
  c.expect.counts = {
      {"mosaic_parse_anomalies_total:cut", 2}, {"gap", 38}, {"error.gap", 1}};
  c.port = false;  // A port has whole frames.
  return c;
}

}  // namespace

std::vector<Case> GroupL() {
  std::vector<Case> cases = {Padded()};
  AddIpLengths(cases);
  cases.push_back(Jumbo(4));
  cases.push_back(Jumbo(6));
  cases.push_back(Short());
  cases.push_back(Snapped());
  return cases;
}

}  // namespace mosaic::conformance
