#include <rte_config.h>
#include <rte_mbuf_core.h>

#include "dataplane/io/rx_queue.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

TEST(ChecksumVerdictTest, EveryPairOfDeviceVerdictsIsToldApart) {
  const struct {
    uint64_t ip_flags;
    uint64_t l4_flags;
    ChecksumVerdict verdict;
  } verdicts[] = {
      {RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN, RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN,
       ChecksumVerdict::kUnknown},
      {RTE_MBUF_F_RX_IP_CKSUM_NONE, RTE_MBUF_F_RX_L4_CKSUM_NONE,
       ChecksumVerdict::kNone},
      {RTE_MBUF_F_RX_IP_CKSUM_GOOD, RTE_MBUF_F_RX_L4_CKSUM_GOOD,
       ChecksumVerdict::kGood},
      {RTE_MBUF_F_RX_IP_CKSUM_BAD, RTE_MBUF_F_RX_L4_CKSUM_BAD,
       ChecksumVerdict::kBad},
  };
  constexpr uint64_t kOthers =
      RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_RSS_HASH | RTE_MBUF_F_TX_TCP_SEG;
  for (const auto& ip : verdicts) {
    for (const auto& l4 : verdicts) {
      const uint64_t flags = ip.ip_flags | l4.l4_flags | kOthers;
      EXPECT_EQ(IpChecksumOf(flags), ip.verdict) << std::hex << flags;
      EXPECT_EQ(L4ChecksumOf(flags), l4.verdict) << std::hex << flags;
    }
  }
}

}  // namespace
}  // namespace mosaic
