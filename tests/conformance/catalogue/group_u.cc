// Group U: checksums, flags, options, urgent data.

#include "gtest/gtest.h"
#include "tests/conformance/catalogue/groups.h"
#include "tests/conformance/catalogue/options.h"

namespace mosaic::conformance {
namespace {

using mosaic::testing::EngineSetup;
using tcp_flag::kAck;
using tcp_flag::kFin;
using tcp_flag::kPsh;
using tcp_flag::kRst;
using tcp_flag::kSyn;

Step BadIpHeader(Step step) {
  return step.With([](PacketBuilder& p, const Variant&) { p.BadIpChecksum(); });
}

Step Datagram(uint16_t checksum) {
  return A(0).With([checksum](PacketBuilder& p, const Variant&) {
    p.Udp(2000, 53).Payload("query").L4Checksum(checksum);
  });
}

std::vector<Case> Checksums() {
  return {
      {.id = "U-01",
       .name = "a wrong checksum, then the right segment",
       .script = {A().Data(0, "EVIL").BadChecksum(), A().Data(0, "GOOD")},
       .expect = {.from_a = "GOOD",
                  .counts = {{"bad_checksum", 1}, {"conflict", 0}}}},
      {.id = "U-01b",
       .name = "the same before a hole",
       .script = {A().Data(2, "EVIL").BadChecksum(), A().Data(2, "GOOD"),
                  A().Data(0, "is")},
       .expect = {.from_a = "isGOOD",
                  .counts = {{"bad_checksum", 1}, {"conflict", 0}}}},
      {.id = "U-02",
       .name = "a segment, then other bytes with a wrong checksum",
       .script = {A().Data(2, "GOOD"), A().Data(2, "EVIL").BadChecksum(),
                  A().Data(0, "is")},
       .expect = {.from_a = "isGOOD",
                  .counts = {{"bad_checksum", 1}, {"conflict", 0}}}},
      // IPv6 has no header checksum.
      {.id = "U-03",
       .name = "a wrong checksum of the IP header",
       .script = {BadIpHeader(A().Data(0, "EVIL")), A().Data(0, "GOOD")},
       .expect = {.from_a = "GOOD",
                  .counts = {{"mosaic_parse_errors_total:ip_checksum", 1}}},
       .ipv6 = false},
      {.id = "U-04",
       .name = "a datagram without checksum over IPv4",
       .opening = Opening::kByScript,
       .script = {Datagram(0)},
       .expect = {.counts = {{"flows", 1}}},
       .ipv6 = false,
       .wrap = false},
      {.id = "U-04b",
       .name = "a datagram without checksum over IPv6",
       .opening = Opening::kByScript,
       .script = {Datagram(0)},
       .expect = {.counts = {{"flows", 0}, {"bad_checksum", 1}}},
       .ipv4 = false,
       .wrap = false},
      {.id = "U-05",
       .name = "the device says the checksum is bad",
       .script = {A().Data(0, "EVIL").Offload(ChecksumVerdict::kUnknown,
                                              ChecksumVerdict::kBad),
                  A().Data(0, "GOOD")},
       .expect = {.from_a = "GOOD", .counts = {{"bad_checksum", 1}}}},
      {.id = "U-05b",
       .name = "the device says a wrong checksum is good",
       .script = {A().Data(0, "GOOD").BadChecksum().Offload(
           ChecksumVerdict::kGood, ChecksumVerdict::kGood)},
       .expect = {.from_a = "GOOD"}},
      {.id = "U-05c",
       .name = "the device did not look",
       .script = {A().Data(0, "EVIL").BadChecksum().Offload(
                      ChecksumVerdict::kUnknown, ChecksumVerdict::kUnknown),
                  A().Data(0, "GOOD").Offload(ChecksumVerdict::kUnknown,
                                              ChecksumVerdict::kUnknown)},
       .expect = {.from_a = "GOOD", .counts = {{"bad_checksum", 1}}}},
      {.id = "U-05d",
       .name = "the device has no word on it",
       .script = {A().Data(0, "EVIL").BadChecksum().Offload(
                      ChecksumVerdict::kNone, ChecksumVerdict::kNone),
                  A().Data(0, "GOOD").Offload(ChecksumVerdict::kNone,
                                              ChecksumVerdict::kNone)},
       .expect = {.from_a = "GOOD", .counts = {{"bad_checksum", 1}}}},
      {.id = "U-06",
       .name = "traffic of the same machine under checksum: ignore",
       .script = {A().Data(0, "local").BadChecksum()},
       .expect = {.from_a = "local"},
       .setup =
           [](EngineSetup& setup) {
             setup.pipeline.parser.checksum = ChecksumPolicy::kIgnore;
           }},
  };
}

std::vector<Case> Headers() {
  const auto words = [](uint8_t n) {
    return [n](PacketBuilder& p, const Variant&) { p.TcpHeaderWords(n); };
  };
  return {
      {.id = "U-07",
       .name = "a header of less than five words",
       .script = {A().Data(0, "EVIL").With(words(4)), A().Data(0, "GOOD")},
       .expect = {.from_a = "GOOD",
                  .counts = {{"mosaic_parse_errors_total:tcp_data_offset",
                              1}}}},
      {.id = "U-07b",
       .name = "a header longer than the segment",
       .script = {A().Data(0, "EVIL").With(words(15)), A().Data(0, "GOOD")},
       .expect = {.from_a = "GOOD",
                  .counts = {{"mosaic_parse_errors_total:tcp_data_offset",
                              1}}}},
      {.id = "U-08",
       .name = "options that look like payload",
       .script = {A().Options({1,   1,   'G', 18,  'T', ' ', '/',
                               'e', 'v', 'i', 'l', ' ', 'H', 'T',
                               'T', 'P', '/', '1', '.', '1'})
                      .Payload("GOOD")},
       .expect = {.from_a = "GOOD"}},
      {.id = "U-09",
       .name = "options whose lengths cannot be",
       .script = {A().Data(0, "a").Options({99, 0, 1, 1}),
                  A().Data(1, "b").Options({99, 1, 1, 1}),
                  A().Data(2, "c").Options({99, 40, 1, 1}),
                  A().Data(3, "d").Options({255, 255, 255, 255}),
                  A().Data(4, "e")},
       .expect = {.from_a = "abcde", .counts = {{"bad_opt", 4}}}},
      {.id = "U-10",
       .name = "signed data where nobody signs, then clean",
       .script = {A().Data(0, "EVIL").Options(Md5Signature()),
                  A().Data(0, "GOOD"), B().AckOff(4)},
       .expect = {.from_a = "GOOD", .counts = {{"md5_unexpected", 1}}}},
      {.id = "U-10b",
       .name = "authenticated data where nobody does, before a hole",
       .script = {A().Data(2, "EVIL").Options({29, 8, 1, 1, 9, 9, 9, 9}),
                  A().Data(2, "GOOD"), A().Data(0, "is"), B().AckOff(6)},
       .expect = {.from_a = "isGOOD", .counts = {{"md5_unexpected", 1}}}},
      {.id = "U-10c",
       .name = "signed data where the SYNs were signed",
       .script = {A().Data(0, "GOOD").Options(Md5Signature())},
       .expect = {.from_a = "GOOD"},
       .syn_options = {Md5Signature(), Md5Signature()},
       .ack_options = Md5Signature()},
      {.id = "U-11",
       .name = "reserved bits",
       .script = {A().Data(0, "GOOD").With(
           [](PacketBuilder& p, const Variant&) { p.TcpReservedBits(0xf); })},
       .expect = {.from_a = "GOOD",
                  .counts = {{"mosaic_parse_anomalies_total:tcp_reserved_bits",
                              1}}}},
      {.id = "U-12",
       .name = "a duplicate that does not live long",
       .script = {A().Data(0, "EVIL").Ttl(2), A().Data(0, "GOOD"),
                  A().Data(4, "on")},
       .expect = {.from_a = "EVILon",
                  .counts = {{"ttl_anomaly", 1}, {"conflict", 4}}}},
      {.id = "U-12b",
       .name = "the same under ttl_guard",
       .script = {A().Data(0, "EVIL").Ttl(2), A().Data(0, "GOOD"),
                  A().Data(4, "on"), B().AckOff(6)},
       .expect = {.from_a = "GOODon", .counts = {{"ttl_anomaly", 1}}},
       .setup =
           [](EngineSetup& setup) {
             setup.pipeline.limits.ttl_guard = TtlGuard::kOn;
           }},
      {.id = "U-17",
       .name = "1,460 segments of one byte",
       .script =
           [] {
             Script script;
             for (int i = 0; i < 1460; ++i) {
               script.push_back(
                   A(kAck | kPsh).Data(i, std::string(1, 'a' + i % 26)));
             }
             return script;
           }(),
       .expect = {.from_a =
                      [] {
                        std::string text;
                        for (int i = 0; i < 1460; ++i) text += 'a' + i % 26;
                        return text;
                      }(),
                  .counts = {{"data {B}", 1460}}}},
      // 65535 says that any size will do (RFC 2675): nothing is odd about it.
      {.id = "U-18",
       .name = "maximum segment sizes that cannot be",
       .opening = Opening::kByScript,
       .script = {A(kSyn).Options(Mss(0)), B(kSyn | kAck).Options(Mss(1)), A(),
                  A().Data(0, "on")},
       .expect = {.from_a = "on", .counts = {{"bad_mss", 2}}}},
      {.id = "U-18b",
       .name = "maximum segment size without bound, and twice",
       .opening = Opening::kByScript,
       .script = {A(kSyn).Options(Mss(65'535)),
                  B(kSyn | kAck).Options({2, 4, 2, 0, 2, 4, 5, 0xb4}), A(),
                  A().Data(0, "on")},
       .expect = {.from_a = "on", .counts = {{"bad_mss", 1}}}},
  };
}

void Urgent(EngineSetup& setup, UrgentPolicy policy) {
  for (SidePolicy& side : setup.monitors[0].side) side.urgent = policy;
}

std::vector<Case> UrgentData() {
  const auto inline_policy = [](EngineSetup& s) {
    Urgent(s, UrgentPolicy::kInline);
  };
  const auto oob = [](EngineSetup& s) { Urgent(s, UrgentPolicy::kOutOfBand); };
  const auto gap = [](EngineSetup& s) { Urgent(s, UrgentPolicy::kGap); };
  const auto drop = [](EngineSetup& s) { Urgent(s, UrgentPolicy::kDrop); };
  return {
      {.id = "U-13",
       .name = "an urgent byte stays in line",
       .script = {A().Data(0, "XAY").Urgent(2), A().Data(3, "Z")},
       .expect = {.from_a = "XAYZ"},
       .setup = inline_policy},
      {.id = "U-13b",
       .name = "an urgent byte leaves the line",
       .script = {A().Data(0, "XAY").Urgent(2), A().Data(3, "Z")},
       .expect = {.from_a = "XYZ",
                  .counts = {{"data {B} 0 X", 1},
                             {"data {B} 2 Y", 1},
                             {"mosaic_stream_discarded_bytes_total:urgent",
                              1}}},
       .setup = oob},
      {.id = "U-13c",
       .name = "an urgent byte is a gap",
       .script = {A().Data(0, "XAY").Urgent(2), A().Data(3, "Z")},
       .expect = {.from_a = "XYZ",
                  .counts = {{"error {B} gap 1+1", 1}, {"gap", 1}}},
       .setup = gap},
      {.id = "U-13d",
       .name = "an urgent segment is dropped, and comes again without",
       .script = {A().Data(0, "XAY").Urgent(2),
                  Check([](mosaic::testing::EngineHarness& harness,
                           const Variant& variant) {
                    EXPECT_EQ(harness.recorded()
                                  .data[Index(variant.SideOf(Role::kB))],
                              "");
                  }),
                  A().Data(0, "XAY"), A().Data(3, "Z")},
       .expect = {.from_a = "XAYZ",
                  .counts = {{"mosaic_stream_refused_bytes_total:urgent", 3}}},
       .setup = drop},
      // The kernel takes pointer 0 for the segment's first byte (U-14 b), and
      // one beyond the segment for a byte to come (U-14 d).
      {.id = "U-14",
       .name = "urgent pointer 0 in line",
       .script = {A().Data(0, "XAY").Urgent(0)},
       .expect = {.from_a = "XAY"},
       .setup = inline_policy},
      {.id = "U-14b",
       .name = "urgent pointer 0 out of band",
       .script = {A().Data(0, "XAY").Urgent(0), A().Data(3, "Z")},
       .expect = {.from_a = "AYZ"},
       .setup = oob},
      {.id = "U-14c",
       .name = "an urgent pointer beyond the segment in line",
       .script = {A().Data(0, "XAY").Urgent(5), A().Data(3, "abc")},
       .expect = {.from_a = "XAYabc"},
       .setup = inline_policy},
      {.id = "U-14d",
       .name = "an urgent pointer beyond the segment out of band",
       .script = {A().Data(0, "XAY").Urgent(5), A().Data(3, "abc")},
       .expect = {.from_a = "XAYac"},
       .setup = oob},
      {.id = "U-14e",
       .name = "an urgent byte behind a hole",
       .script = {A().Data(3, "abc").Urgent(2), A().Data(0, "XAY")},
       .expect = {.from_a = "XAYac"},
       .setup = oob},
      {.id = "U-15",
       .name = "more urgent bytes than a flow may have",
       .script =
           [] {
             Script script;
             for (int i = 0; i < 65'536; ++i) {
               script.push_back(A().Data(i, "u").Urgent(1));
               if (i % 8'192 == 0) script.push_back(B().AckOff(i));
             }
             script.push_back(A().Data(65'536, "end"));
             return script;
           }(),
       // 65,535 bytes leave the line, the last is in it.
       .expect = {.from_a = "uend", .counts = {{"urg_limit", 1}}},
       .syn_options = {WindowScale(7), WindowScale(7)},
       .setup = oob},
      {.id = "U-16",
       .name = "an urgent byte comes again, another one",
       .script = {A().Data(0, "XAY").Urgent(2), A().Data(0, "XBY")},
       .expect = {.from_a = "XAY", .counts = {{"conflict", 1}}},
       .setup = inline_policy},
      {.id = "U-16b",
       .name = "an urgent byte out of band comes again, another one",
       .script = {A().Data(0, "XAY").Urgent(2), A().Data(0, "XBY")},
       .expect = {.from_a = "XY", .counts = {{"conflict", 1}}},
       .setup = oob},
  };
}

}  // namespace

std::vector<Case> GroupU() {
  std::vector<Case> cases;
  for (const auto& part : {Checksums(), Headers(), UrgentData()}) {
    cases.insert(cases.end(), part.begin(), part.end());
  }
  return cases;
}

}  // namespace mosaic::conformance
