// The evasion catalogue once more through a port: each frame is an mbuf in the
// ring of a DPDK device, in one segment or in several, and is received by the
// port's queue.

#include <rte_config.h>
#include <rte_mbuf.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/component/mbuf_chain.h"
#include "tests/conformance/catalogue/groups.h"
#include "tests/conformance/catalogue/port_environment.h"
#include "tests/conformance/catalogue/runner.h"

namespace mosaic::conformance {
namespace {

using mosaic::testing::Chain;
using mosaic::testing::EngineHarness;

// L-10: a connection whose data comes twice, more of it than the pool holds.
constexpr size_t kPieces = 100;
const std::string kPiece = "0123456789";

std::vector<PacketBuilder> ConnectionTwice() {
  const PacketBuilder client = PacketBuilder().Seq(1001).Ack(5001);
  std::vector<PacketBuilder> packets = {
      PacketBuilder(client).Seq(1000).Ack(0).Flags(tcp_flag::kSyn)};
  for (int round = 0; round < 2; ++round) {
    for (uint32_t i = 0; i < kPieces; ++i) {
      packets.push_back(
          PacketBuilder(client).Seq(1001 + 10 * i).Payload(kPiece));
    }
  }
  return packets;
}

PortEnvironment* const kPorts =
    static_cast<PortEnvironment*>(::testing::AddGlobalTestEnvironment(
        new PortEnvironment(ConnectionTwice())));

uint64_t FlagsOf(ChecksumVerdict ip, ChecksumVerdict l4) {
  uint64_t flags = 0;
  switch (ip) {
    case ChecksumVerdict::kUnknown:
      break;
    case ChecksumVerdict::kNone:
      flags |= RTE_MBUF_F_RX_IP_CKSUM_NONE;
      break;
    case ChecksumVerdict::kGood:
      flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
      break;
    case ChecksumVerdict::kBad:
      flags |= RTE_MBUF_F_RX_IP_CKSUM_BAD;
      break;
  }
  switch (l4) {
    case ChecksumVerdict::kUnknown:
      break;
    case ChecksumVerdict::kNone:
      flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
      break;
    case ChecksumVerdict::kGood:
      flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
      break;
    case ChecksumVerdict::kBad:
      flags |= RTE_MBUF_F_RX_L4_CKSUM_BAD;
      break;
  }
  return flags;
}

// One segment, or a new one inside the IP header, inside the TCP header, and
// at the last byte.
class PortTransport : public Transport {
 public:
  std::vector<std::string_view> forms() const override {
    return {"port, one segment", "port, several segments"};
  }
  bool Takes(const Case& c) const override { return c.port; }
  void Send(mosaic::testing::EngineHarness& harness, const Frame& frame,
            size_t form) override {
    ASSERT_EQ(frame.link, LinkType::kEthernet)
        << "a port has no other link; say port = false";
    ASSERT_EQ(frame.port, 0) << "there is one port; say port = false";
    std::vector<size_t> cuts;
    for (const size_t cut : {size_t{23}, size_t{45}, frame.bytes.size() - 1}) {
      const size_t last = cuts.empty() ? 0 : cuts.back();
      if (form == 1 && cut > last && cut < frame.bytes.size()) {
        cuts.push_back(cut);
      }
    }
    rte_mbuf* const mbuf = Chain(kPorts->pool(), frame.bytes, cuts);
    ASSERT_NE(mbuf, nullptr);
    mbuf->ol_flags |= FlagsOf(frame.ip_checksum, frame.l4_checksum);
    harness.SendPacket(kPorts->Pass(mbuf));
  }
};

// Every set of places that `cuts` holds, one form each.
class CutTransport : public Transport {
 public:
  explicit CutTransport(std::vector<std::vector<size_t>> cuts)
      : cuts_(std::move(cuts)) {
    for (const std::vector<size_t>& cut : cuts_) {
      std::string& name = names_.emplace_back("cut at");
      for (const size_t at : cut) name += ' ' + std::to_string(at);
    }
  }
  std::vector<std::string_view> forms() const override {
    return {names_.begin(), names_.end()};
  }
  bool Takes(const Case&) const override { return true; }
  void Send(EngineHarness& harness, const Frame& frame, size_t form) override {
    std::vector<size_t> cuts = cuts_[form];
    std::erase_if(cuts, [&](size_t at) { return at >= frame.bytes.size(); });
    harness.SendPacket(kPorts->Pass(Chain(kPorts->pool(), frame.bytes, cuts)));
  }

 private:
  const std::vector<std::vector<size_t>> cuts_;
  std::vector<std::string> names_;
};

// Mbufs whose bytes belong to others, who still have them afterwards.
class SharedTransport : public Transport {
 public:
  std::vector<std::string_view> forms() const override {
    return {"shared, one segment", "shared, several segments"};
  }
  bool Takes(const Case&) const override { return true; }
  void Send(EngineHarness& harness, const Frame& frame, size_t form) override {
    std::vector<size_t> cuts;
    if (form == 1) cuts = {23, 45};
    rte_mbuf* const owned = Chain(kPorts->pool(), frame.bytes, cuts);
    rte_mbuf* const lent = rte_pktmbuf_clone(owned, kPorts->pool().get());
    ASSERT_NE(lent, nullptr);
    harness.SendPacket(kPorts->Pass(lent));
    PacketBuilder::Bytes left;
    for (const rte_mbuf* part = owned; part != nullptr; part = part->next) {
      EXPECT_EQ(rte_mbuf_refcnt_read(part), 1);
      const auto* const bytes = rte_pktmbuf_mtod(part, const uint8_t*);
      left.insert(left.end(), bytes, bytes + part->data_len);
    }
    EXPECT_EQ(left, frame.bytes);
    rte_pktmbuf_free(owned);
  }
};

// A small connection with data both ways.
Case SmallConnection(std::string id, std::string name) {
  Case c;
  c.id = std::move(id);
  c.name = std::move(name);
  c.script = {A().Data(0, "every"), B().Data(0, "byte").AckOff(5),
              A().Data(5, "and on").AckOff(4)};
  c.expect.from_a = "everyand on";
  c.expect.from_b = "byte";
  return c;
}

class CataloguePort : public ::testing::Test {
 protected:
  void Run(const std::vector<Case>& cases) {
    PortTransport transport;
    Run(cases, transport);
  }
  void Run(const std::vector<Case>& cases, Transport& transport) {
    RunCases(cases, transport, tallies_);
  }
  static void TearDownTestSuite() { PrintTallies("by a port", tallies_); }

  static Tallies tallies_;
};

Tallies CataloguePort::tallies_;

TEST_F(CataloguePort, GroupO) { Run(GroupO()); }
TEST_F(CataloguePort, GroupS) { Run(GroupS()); }
TEST_F(CataloguePort, GroupR) { Run(GroupR()); }
TEST_F(CataloguePort, GroupU) { Run(GroupU()); }
TEST_F(CataloguePort, GroupW) { Run(GroupW()); }
TEST_F(CataloguePort, GroupF) { Run(GroupF()); }
TEST_F(CataloguePort, GroupX) { Run(GroupX()); }
TEST_F(CataloguePort, GroupG) { Run(GroupG()); }
TEST_F(CataloguePort, GroupK) { Run(GroupK()); }
TEST_F(CataloguePort, GroupL) { Run(GroupL()); }

TEST_F(CataloguePort, L04EveryCutOfEveryPacketIsTheSamePacket) {
  std::vector<std::vector<size_t>> cuts;
  for (size_t at = 1; at <= 14 + 40 + 20 + 6; ++at) cuts.push_back({at});
  CutTransport transport(std::move(cuts));
  Run({SmallConnection("L-04", "a chain cut at every byte")}, transport);
}

TEST_F(CataloguePort, L05HeadersInThreeMbufsAreTheSameHeaders) {
  constexpr size_t kHeaders = 14 + 40 + 20;
  std::vector<std::vector<size_t>> cuts;
  for (size_t first = 1; first < kHeaders; ++first) {
    for (size_t second = first + 1; second <= kHeaders; ++second) {
      cuts.push_back({first, second});
    }
  }
  CutTransport transport(std::move(cuts));
  Case c = SmallConnection("L-05", "headers in three mbufs");
  c.swap = c.wrap = false;  // 2,701 pairs of cuts are variants enough.
  Run({c}, transport);
}

TEST_F(CataloguePort, L09BytesOfOthersAreOnlyRead) {
  SharedTransport transport;
  Run({SmallConnection("L-09", "indirect mbufs")}, transport);
}

TEST_F(CataloguePort, L10APoolThatRunsDryInABurstLosesPacketsAndRecovers) {
  Tally& tally = tallies_["L"];
  tally.cases.insert("L-10");
  tally.applicable += 1;
  tally.executed += 1;
  EngineHarness harness;
  RxQueue& queue = kPorts->file().rx_queue(0);
  std::vector<Packet> burst(64);
  size_t received = 0;
  while (queue.state() == PacketSource::State::kActive) {
    const size_t count = queue.Receive(burst);
    EXPECT_LE(count, size_t{PortEnvironment::kSmallPool});
    received += count;
    for (size_t i = 0; i < count; ++i) harness.SendPacket(std::move(burst[i]));
  }
  std::string stream;
  for (size_t i = 0; i < kPieces; ++i) stream += kPiece;
  EXPECT_EQ(harness.recorded().data[Index(Side::kServer)], stream);
  const PortStats stats = kPorts->file().Stats();
  EXPECT_GT(stats.rx_no_mbuf, 0u);
  EXPECT_EQ(received + stats.rx_no_mbuf, ConnectionTwice().size());
  EXPECT_EQ(kPorts->file().pool().in_use(), 0u);
  tally.passed += HasFailure() ? 0 : 1;
}

}  // namespace
}  // namespace mosaic::conformance
