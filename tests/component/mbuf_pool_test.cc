// Pools and what is made of chains of mbufs. EAL starts once in a process.

#include "dataplane/io/mbuf_pool.h"

#include <rte_config.h>
#include <rte_mbuf.h>

#include <memory>
#include <utility>
#include <vector>

#include "dataplane/io/allowed_cpus.h"
#include "dataplane/io/eal.h"
#include "gtest/gtest.h"
#include "tests/component/mbuf_chain.h"

namespace mosaic {
namespace {

using mosaic::testing::Chain;
using mosaic::testing::Frame;
using Bytes = mosaic::testing::FrameBytes;

class StartedEal : public ::testing::Environment {
 public:
  void SetUp() override {
    EalConfig config;
    config.memory_mib = 64;
    config.worker_cpus = SpreadWorkers(1, AllowedCpus());
    absl::StatusOr<std::unique_ptr<Eal>> eal = Eal::Start(config);
    ASSERT_TRUE(eal.ok()) << eal.status();
    eal_ = *std::move(eal);
  }
  void TearDown() override { eal_.reset(); }

 private:
  std::unique_ptr<Eal> eal_;
};

[[maybe_unused]] ::testing::Environment* const kEnvironment =
    ::testing::AddGlobalTestEnvironment(new StartedEal);

TEST(MbufPoolTest, CountsWhatIsInUseAndRunsShortAtItsBound) {
  const auto pool = MbufPool::Create("counted", 7, 128, -1);
  ASSERT_TRUE(pool.ok());
  EXPECT_EQ((*pool)->packets(), 7u);
  EXPECT_FALSE((*pool)->IsShortOf(7));
  EXPECT_TRUE((*pool)->IsShortOf(8));

  std::vector<rte_mbuf*> taken;
  for (size_t i = 0; i < 7; ++i) {
    taken.push_back(CopyToMbuf(Frame(128, 1), **pool));
    ASSERT_NE(taken.back(), nullptr);
  }
  EXPECT_EQ((*pool)->in_use(), 7u);
  EXPECT_TRUE((*pool)->IsShortOf(1));
  EXPECT_EQ(CopyToMbuf(Frame(128, 1), **pool), nullptr);

  for (rte_mbuf* const mbuf : taken) rte_pktmbuf_free(mbuf);
  EXPECT_EQ((*pool)->in_use(), 0u);
}

TEST(MbufPoolTest, ACopyThatDoesNotFitIsRefusedWithoutLosingTheMbuf) {
  const auto pool = MbufPool::Create("room", 7, 128, -1);
  ASSERT_TRUE(pool.ok());
  EXPECT_EQ(CopyToMbuf(Frame(129, 1), **pool), nullptr);
  EXPECT_EQ(CopyToMbuf(Frame(70'000, 1), **pool), nullptr);
  EXPECT_EQ((*pool)->in_use(), 0u);
}

TEST(MbufPoolTest, BuffersLargerThanAnMbufCanHaveAreRefused) {
  EXPECT_EQ(MbufPool::Create("large", 7, 65'535 - 127, -1).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(MbufPool::Create("largest", 7, 65'535 - 128, -1).ok());
}

TEST(LineariseTest, AChainThatDoesNotFitItsFirstMbufMovesToAnother) {
  const auto small = MbufPool::Create("small", 63, 128, -1);
  const auto large = MbufPool::Create("large", 1, 1024, -1);
  ASSERT_TRUE(small.ok() && large.ok());
  const Bytes frame = Frame(500, 3);

  rte_mbuf* mbuf = Chain(**small, frame, {100, 200, 300, 400});
  rte_mbuf* const chain = mbuf;
  EXPECT_EQ(Linearise(mbuf, **large, 500), Linearised::kCopied);
  EXPECT_NE(mbuf, chain);
  EXPECT_EQ((*small)->in_use(), 0u) << "the chain was freed";
  EXPECT_EQ(Bytes(rte_pktmbuf_mtod(mbuf, uint8_t*),
                  rte_pktmbuf_mtod(mbuf, uint8_t*) + mbuf->data_len),
            frame);

  // The only large one is taken now.
  rte_mbuf* second = Chain(**small, frame, {100, 200, 300, 400});
  EXPECT_EQ(Linearise(second, **large, 500), Linearised::kNoMbuf);
  EXPECT_EQ(second, nullptr);
  EXPECT_EQ((*small)->in_use(), 0u);
  rte_pktmbuf_free(mbuf);
}

TEST(LineariseTest, OneByteTooManyIsRefusedInAChainAndInOneSegment) {
  const auto pool = MbufPool::Create("bound", 63, 1024, -1);
  ASSERT_TRUE(pool.ok());
  const Bytes frame = Frame(501, 4);
  for (const std::vector<size_t>& cuts :
       {std::vector<size_t>{}, std::vector<size_t>{250}}) {
    rte_mbuf* mbuf = Chain(**pool, frame, cuts);
    EXPECT_EQ(Linearise(mbuf, **pool, 500), Linearised::kTooLong);
    EXPECT_EQ(mbuf, nullptr);
    mbuf = Chain(**pool, frame, cuts);
    EXPECT_NE(Linearise(mbuf, **pool, 501), Linearised::kTooLong);
    rte_pktmbuf_free(mbuf);
  }
  EXPECT_EQ((*pool)->in_use(), 0u);
}

TEST(LineariseTest, SegmentsThatDisagreeWithTheLengthOfTheHeadDecide) {
  const auto pool = MbufPool::Create("liar", 63, 1024, -1);
  ASSERT_TRUE(pool.ok());
  for (const uint32_t told : {0u, 10u, 100'000u}) {
    rte_mbuf* mbuf = Chain(**pool, Frame(200, 5), {100});
    mbuf->pkt_len = told;
    EXPECT_EQ(Linearise(mbuf, **pool, 500), Linearised::kInPlace);
    EXPECT_EQ(mbuf->data_len, 200);
    EXPECT_EQ(mbuf->pkt_len, 200u);
    rte_pktmbuf_free(mbuf);
  }
}

TEST(LineariseTest, ABufferThatOthersReadIsNotWrittenTo) {
  const auto pool = MbufPool::Create("shared", 63, 1024, -1);
  ASSERT_TRUE(pool.ok());
  const Bytes frame = Frame(200, 6);
  rte_mbuf* mbuf = Chain(**pool, frame, {100});
  rte_mbuf* const shared = mbuf;
  rte_mbuf_refcnt_update(shared, 1);
  EXPECT_EQ(Linearise(mbuf, **pool, 500), Linearised::kCopied);
  EXPECT_EQ(shared->data_len, 100);
  rte_pktmbuf_free(mbuf);
  rte_pktmbuf_free(shared);
}

}  // namespace
}  // namespace mosaic
