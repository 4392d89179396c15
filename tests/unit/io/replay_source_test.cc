#include "dataplane/io/replay_source.h"

#include <deque>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/capture_builder.h"
#include "tests/support/temporary_file.h"

namespace mosaic {
namespace {

using mosaic::testing::FileOrder;
using mosaic::testing::FileUnit;
using mosaic::testing::PcapBuilder;
using mosaic::testing::TemporaryFile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using State = PacketSource::State;
using Repeat = ReplayOptions::Repeat;

constexpr int64_t kSecond = 1'000'000'000;

// What a test wants to know of a packet that may be gone.
struct Seen {
  std::string bytes;
  uint64_t index;
  int64_t time;
  int64_t clock;
};

Seen Note(const Packet& packet) {
  return {std::string(packet.bytes().begin(), packet.bytes().end()),
          packet.index, packet.time.nanos(), packet.clock.nanos()};
}

std::vector<std::string> BytesOf(const std::vector<Seen>& seen) {
  std::vector<std::string> bytes;
  for (const Seen& one : seen) bytes.push_back(one.bytes);
  return bytes;
}

std::unique_ptr<ReplaySource> Open(std::vector<std::string> files,
                                   ReplayOptions options = {}) {
  auto source = ReplaySource::Create(std::move(files), std::move(options));
  EXPECT_TRUE(source.ok()) << source.status();
  return *std::move(source);
}

// One burst of at most `size`, freed at once.
std::vector<Seen> ReceiveBurst(ReplaySource& source, size_t size) {
  std::vector<Packet> burst(size);
  const size_t received = source.Receive(burst);
  std::vector<Seen> seen;
  for (size_t i = 0; i < received; ++i) seen.push_back(Note(burst[i]));
  return seen;
}

// Bursts of `size` until the source has ended.
std::vector<Seen> ReceiveAll(ReplaySource& source, size_t size = 3) {
  std::vector<Seen> all;
  while (source.state() == State::kActive) {
    for (Seen& seen : ReceiveBurst(source, size)) all.push_back(seen);
  }
  return all;
}

TEST(ReplaySourceTest, FilesComeInTurnWithOneIndexOverAll) {
  const TemporaryFile first(PcapBuilder()
                                .Packet(10 * kSecond, "a")
                                .Packet(11 * kSecond, "b")
                                .bytes());
  const TemporaryFile second(
      PcapBuilder(FileOrder::kBig, FileUnit::kNanoseconds)
          .Packet(50 * kSecond + 7, "c", 99)
          .bytes());
  const auto source = Open({first.path(), second.path()});

  const std::vector<Seen> all = ReceiveAll(*source);

  EXPECT_THAT(BytesOf(all), ElementsAre("a", "b", "c"));
  for (size_t i = 0; i < all.size(); ++i) EXPECT_EQ(all[i].index, i);
  EXPECT_EQ(all[2].time, 50 * kSecond + 7);
  EXPECT_TRUE(source->status().ok());
}

TEST(ReplaySourceTest, TheClockIsTheLargestTimeSeenAlsoAcrossFiles) {
  const TemporaryFile first(PcapBuilder()
                                .Packet(10 * kSecond, "")
                                .Packet(12 * kSecond, "")
                                .Packet(11 * kSecond, "")
                                .bytes());
  const TemporaryFile earlier(
      PcapBuilder().Packet(5 * kSecond, "").Packet(13 * kSecond, "").bytes());
  const auto source = Open({first.path(), earlier.path()});

  std::vector<int64_t> times;
  std::vector<int64_t> clocks;
  for (const Seen& seen : ReceiveAll(*source)) {
    times.push_back(seen.time / kSecond);
    clocks.push_back(seen.clock / kSecond);
  }
  EXPECT_THAT(times, ElementsAre(10, 12, 11, 5, 13));
  EXPECT_THAT(clocks, ElementsAre(10, 12, 12, 12, 13));
}

TEST(ReplaySourceTest, PacketsCarryLengthsLinkTypeAndPort) {
  const TemporaryFile file(
      PcapBuilder(FileOrder::kLittle, FileUnit::kMicroseconds, 113)
          .Packet(0, "cooked", 1500)
          .bytes());
  ReplayOptions options;
  options.port = 4;
  const auto source = Open({file.path()}, options);

  std::vector<Packet> burst(2);
  ASSERT_EQ(source->Receive(burst), 1u);

  EXPECT_EQ(burst[0].length, 6u);
  EXPECT_EQ(burst[0].wire_length, 1500u);
  EXPECT_EQ(burst[0].link, LinkType::kLinuxSll);
  EXPECT_EQ(burst[0].port, 4);
  EXPECT_EQ(burst[0].l4_checksum, ChecksumVerdict::kUnknown);
}

TEST(ReplaySourceTest, WithEveryBlockLentOutItWaitsAndCounts) {
  // Each packet fills a block.
  const std::string big(CaptureRecord::kMaxBytes, 'x');
  PcapBuilder file;
  for (int i = 0; i < 5; ++i) file.Packet(i, big);
  const TemporaryFile capture(file.bytes());
  ReplayOptions options;
  options.blocks = 3;
  options.block_bytes = CaptureRecord::kMaxBytes;
  const auto source = Open({capture.path()}, options);

  std::vector<Packet> held(8);
  ASSERT_EQ(source->Receive(held), 3u);
  std::vector<Packet> more(8);
  EXPECT_EQ(source->Receive(more), 0u);
  EXPECT_EQ(source->progress().blocks_exhausted.Read(), 2u);
  EXPECT_EQ(source->state(), State::kActive);

  // A block comes back when its packet is freed, in any order.
  held[1].Free();
  ASSERT_EQ(source->Receive(more), 1u);
  EXPECT_EQ(more[0].index, 3u);
  EXPECT_EQ(Note(held[0]).bytes, big);
  EXPECT_EQ(Note(held[2]).bytes, big);
}

TEST(ReplaySourceTest, ABlockIsUsedAgainOnlyWhenAllItsPacketsAreFreed) {
  const std::string half(CaptureRecord::kMaxBytes / 2, 'x');
  PcapBuilder file;
  for (int i = 0; i < 4; ++i) file.Packet(i, half);
  const TemporaryFile capture(file.bytes());
  ReplayOptions options;
  options.blocks = 1;
  options.block_bytes = CaptureRecord::kMaxBytes;
  const auto source = Open({capture.path()}, options);

  std::vector<Packet> held(2);
  ASSERT_EQ(source->Receive(held), 2u);
  std::vector<Packet> more(2);
  EXPECT_EQ(source->Receive(more), 0u);
  held[0].Free();
  EXPECT_EQ(source->Receive(more), 0u);
  held[1].Free();
  EXPECT_EQ(source->Receive(more), 2u);
}

TEST(ReplaySourceTest, APacketStillInTheBurstIsFreed) {
  const std::string big(CaptureRecord::kMaxBytes, 'x');
  const TemporaryFile capture(
      PcapBuilder().Packet(0, big).Packet(1, big).Packet(2, big).bytes());
  ReplayOptions options;
  options.blocks = 2;
  options.block_bytes = CaptureRecord::kMaxBytes;
  const auto source = Open({capture.path()}, options);

  std::vector<Packet> burst(1);
  EXPECT_EQ(source->Receive(burst), 1u);
  EXPECT_EQ(source->Receive(burst), 1u);
  EXPECT_EQ(source->Receive(burst), 1u);
  EXPECT_EQ(burst[0].index, 2u);
}

TEST(ReplaySourceTest, PacketsHeldAndFreedAtRandomKeepTheirBytes) {
  std::mt19937 random(7);
  PcapBuilder file;
  std::vector<std::string> packets;
  for (int i = 0; i < 2000; ++i) {
    packets.emplace_back(random() % 3000, static_cast<char>(random()));
    file.Packet(i, packets.back());
  }
  const TemporaryFile capture(file.bytes());
  ReplayOptions options;
  options.blocks = 4;
  options.block_bytes = CaptureRecord::kMaxBytes;
  const auto source = Open({capture.path()}, options);

  std::deque<Packet> held;
  size_t received = 0;
  while (source->state() == State::kActive) {
    std::vector<Packet> burst(1 + random() % 32);
    const size_t n = source->Receive(burst);
    for (size_t i = 0; i < n; ++i) held.push_back(std::move(burst[i]));
    received += n;
    for (size_t drops = random() % 40; drops > 0 && !held.empty(); --drops) {
      const size_t at = random() % held.size();
      ASSERT_EQ(Note(held[at]).bytes, packets[held[at].index]);
      held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  EXPECT_EQ(received, packets.size());
  for (const Packet& packet : held) {
    ASSERT_EQ(Note(packet).bytes, packets[packet.index]);
  }
}

TEST(ReplaySourceTest, PacketsMayBeFreedOnAnotherThread) {
  PcapBuilder file;
  const std::string packet(1000, 'p');
  for (int i = 0; i < 3000; ++i) file.Packet(i, packet);
  const TemporaryFile capture(file.bytes());
  ReplayOptions options;
  options.blocks = 2;
  options.block_bytes = CaptureRecord::kMaxBytes;
  const auto source = Open({capture.path()}, options);

  size_t received = 0;
  while (source->state() == State::kActive) {
    std::vector<Packet> burst(600);
    received += source->Receive(burst);
    std::thread([&burst] { burst.clear(); }).join();
  }
  EXPECT_EQ(received, 3000u);
}

TEST(ReplaySourceTest, InALoopTimeGoesOnGrowingFromFileToFile) {
  const TemporaryFile late(PcapBuilder()
                               .Packet(100 * kSecond, "a")
                               .Packet(102 * kSecond, "b")
                               .bytes());
  const TemporaryFile early(
      PcapBuilder().Packet(5 * kSecond, "c").Packet(4 * kSecond, "d").bytes());
  ReplayOptions options;
  options.repeat = Repeat::kForever;
  options.file_gap = Duration::Seconds(10);
  const auto source = Open({late.path(), early.path()}, options);

  const std::vector<Seen> seen = ReceiveBurst(*source, 6);

  std::vector<int64_t> times;
  for (const Seen& one : seen) times.push_back(one.time / kSecond);
  EXPECT_THAT(BytesOf(seen), ElementsAre("a", "b", "c", "d", "a", "b"));
  EXPECT_THAT(times, ElementsAre(100, 102, 112, 111, 122, 124));
  EXPECT_EQ(seen.back().index, 5u);
  EXPECT_EQ(source->progress().loops.Read(), 1u);
  EXPECT_EQ(source->state(), State::kActive);
}

TEST(ReplaySourceTest, StampsWithoutSenseDoNotMakeTimeOverflowInALoop) {
  const TemporaryFile file(PcapBuilder()
                               .Packet(0, "a")
                               .Packet(int64_t{0xffffffff} * kSecond, "b")
                               .bytes());
  ReplayOptions options;
  options.repeat = Repeat::kForever;
  const auto source = Open({file.path()}, options);
  int64_t clock = 0;
  for (const Seen& seen : ReceiveBurst(*source, 50)) {
    EXPECT_GE(seen.clock, clock);
    clock = seen.clock;
  }
  EXPECT_EQ(clock, CaptureRecord::kLatest.nanos());
}

TEST(ReplaySourceTest, ALoopOverFilesWithoutPacketsEnds) {
  const TemporaryFile empty(PcapBuilder().bytes());
  ReplayOptions options;
  options.repeat = Repeat::kForever;
  const auto source = Open({empty.path(), empty.path()}, options);
  EXPECT_THAT(ReceiveAll(*source), IsEmpty());
  EXPECT_TRUE(source->status().ok());
}

// A wall clock that stands still until a test moves it.
struct FakeClock {
  Timestamp now = Timestamp::FromNanos(777);
  void Advance(Duration by) { now = now + by; }
};

TEST(ReplaySourceTest, AtRecordedPacePacketsComeWhenTheyAreDue) {
  const TemporaryFile file(PcapBuilder()
                               .Packet(100 * kSecond, "a")
                               .Packet(101 * kSecond, "b")
                               .Packet(101 * kSecond, "c")
                               .Packet(105 * kSecond, "d")
                               .bytes());
  FakeClock clock;
  ReplayOptions options;
  options.speed = 1;
  options.now = [&clock] { return clock.now; };
  const auto source = Open({file.path()}, options);

  EXPECT_THAT(BytesOf(ReceiveBurst(*source, 8)), ElementsAre("a"));
  clock.Advance(Duration::Millis(999));
  EXPECT_THAT(ReceiveBurst(*source, 8), IsEmpty());
  clock.Advance(Duration::Millis(1));
  EXPECT_THAT(BytesOf(ReceiveBurst(*source, 8)), ElementsAre("b", "c"));
  clock.Advance(Duration::Seconds(4));
  EXPECT_THAT(BytesOf(ReceiveBurst(*source, 8)), ElementsAre("d"));
  EXPECT_EQ(source->state(), State::kEnded);
}

TEST(ReplaySourceTest, SpeedDividesTheWaitAndGapsBetweenFilesAreNotWaitedFor) {
  const TemporaryFile first(
      PcapBuilder().Packet(0, "a").Packet(10 * kSecond, "b").bytes());
  const TemporaryFile years_later(PcapBuilder()
                                      .Packet(int64_t{1} << 60, "c")
                                      .Packet((int64_t{1} << 60) + kSecond, "d")
                                      .bytes());
  FakeClock clock;
  ReplayOptions options;
  options.speed = 10;
  options.now = [&clock] { return clock.now; };
  const auto source = Open({first.path(), years_later.path()}, options);

  EXPECT_THAT(BytesOf(ReceiveBurst(*source, 8)), ElementsAre("a"));
  clock.Advance(Duration::Millis(999));
  EXPECT_THAT(ReceiveBurst(*source, 8), IsEmpty());
  clock.Advance(Duration::Millis(1));
  EXPECT_THAT(BytesOf(ReceiveBurst(*source, 8)), ElementsAre("b", "c"));
  clock.Advance(Duration::Millis(100));
  EXPECT_THAT(BytesOf(ReceiveBurst(*source, 8)), ElementsAre("d"));
}

TEST(ReplaySourceTest, APacketStampedBackInTimeIsNotWaitedFor) {
  const TemporaryFile file(PcapBuilder()
                               .Packet(10 * kSecond, "a")
                               .Packet(8 * kSecond, "b")
                               .Packet(11 * kSecond, "c")
                               .bytes());
  FakeClock clock;
  ReplayOptions options;
  options.speed = 1;
  options.now = [&clock] { return clock.now; };
  const auto source = Open({file.path()}, options);
  EXPECT_THAT(BytesOf(ReceiveBurst(*source, 8)), ElementsAre("a", "b"));
  clock.Advance(Duration::Seconds(1));
  EXPECT_THAT(BytesOf(ReceiveBurst(*source, 8)), ElementsAre("c"));
}

// Neither a worker that comes late nor a last packet stamped back in time
// moves the files behind it.
TEST(ReplaySourceTest, AFileIsDueFromTheLargestTimeOfTheOneBeforeIt) {
  const TemporaryFile first(PcapBuilder()
                                .Packet(0, "a")
                                .Packet(2 * kSecond, "b")
                                .Packet(1 * kSecond, "c")
                                .bytes());
  const TemporaryFile second(PcapBuilder()
                                 .Packet(0, "d")
                                 .Packet(1 * kSecond, "e")
                                 .Packet(4 * kSecond, "f")
                                 .bytes());
  FakeClock clock;
  ReplayOptions options;
  options.speed = 1;
  options.now = [&clock] { return clock.now; };
  const auto source = Open({first.path(), second.path()}, options);

  EXPECT_THAT(BytesOf(ReceiveBurst(*source, 8)), ElementsAre("a"));
  clock.Advance(Duration::Seconds(2));
  EXPECT_THAT(BytesOf(ReceiveBurst(*source, 8)), ElementsAre("b", "c", "d"));
  clock.Advance(Duration::Millis(999));
  EXPECT_THAT(ReceiveBurst(*source, 8), IsEmpty());
  clock.Advance(Duration::Millis(1));
  EXPECT_THAT(BytesOf(ReceiveBurst(*source, 8)), ElementsAre("e"));

  const auto late = Open({first.path(), second.path()}, options);
  EXPECT_THAT(BytesOf(ReceiveBurst(*late, 8)), ElementsAre("a"));
  clock.Advance(Duration::Millis(5500));
  EXPECT_THAT(BytesOf(ReceiveBurst(*late, 8)), ElementsAre("b", "c", "d", "e"));
  clock.Advance(Duration::Millis(500));
  EXPECT_THAT(BytesOf(ReceiveBurst(*late, 8)), ElementsAre("f"));
}

TEST(ReplaySourceTest, ProgressReachesTheBytesOfAllFiles) {
  const TemporaryFile first(
      PcapBuilder().Packet(0, "four").Packet(0, "seventy").bytes());
  const TemporaryFile second(PcapBuilder().Packet(0, "").bytes());
  const auto source = Open({first.path(), second.path()});
  EXPECT_EQ(source->total_file_bytes(), 24u + 16 + 4 + 16 + 7 + 24 + 16);

  EXPECT_EQ(ReceiveBurst(*source, 1).size(), 1u);
  EXPECT_EQ(source->progress().file_bytes.Read(), 24u + 16 + 4);
  (void)ReceiveAll(*source);
  EXPECT_EQ(source->progress().file_bytes.Read(), source->total_file_bytes());
  EXPECT_EQ(source->progress().packets.Read(), 3u);
  EXPECT_EQ(source->progress().bytes.Read(), 11u);
}

TEST(ReplaySourceTest, ACutFileEndsTheSourceAfterItsWholePackets) {
  std::vector<uint8_t> bytes =
      PcapBuilder().Packet(0, "whole").Packet(0, "cut").bytes();
  bytes.pop_back();
  const TemporaryFile cut(bytes);
  const TemporaryFile never_reached(PcapBuilder().Packet(0, "z").bytes());
  const auto source = Open({cut.path(), never_reached.path()});

  EXPECT_THAT(BytesOf(ReceiveAll(*source)), ElementsAre("whole"));

  EXPECT_EQ(source->status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(source->status().message()),
              HasSubstr(cut.path() + ": packet 2, byte 45: the file is cut"));
}

TEST(ReplaySourceTest, EveryFileIsLookedAtBeforeTheFirstIsPlayed) {
  const TemporaryFile good(PcapBuilder().bytes());
  const TemporaryFile text(std::vector<uint8_t>{'t', 'e', 'x', 't'});
  EXPECT_THAT(std::string(ReplaySource::Create({good.path(), text.path()}, {})
                              .status()
                              .message()),
              HasSubstr(text.path() + ": not a capture file"));
  EXPECT_EQ(
      ReplaySource::Create({good.path(), "no/such.pcap"}, {}).status().code(),
      absl::StatusCode::kNotFound);
}

TEST(ReplaySourceTest, OptionsOutOfRangeAreNamedWithTheRange) {
  const TemporaryFile file(PcapBuilder().bytes());
  const auto error_of = [&file](auto change) {
    ReplayOptions options;
    change(options);
    return std::string(
        ReplaySource::Create({file.path()}, options).status().message());
  };
  EXPECT_EQ(error_of([](ReplayOptions& o) { o.blocks = 0; }),
            "blocks: 0 is not in [1, ...)");
  EXPECT_EQ(error_of([](ReplayOptions& o) {
              o.block_bytes = CaptureRecord::kMaxBytes - 1;
            }),
            "block_bytes: 262143 is not in [262144, ...)");
  EXPECT_EQ(error_of([](ReplayOptions& o) { o.speed = -1; }),
            "speed: -1 is not in [0, ...)");
  EXPECT_EQ(error_of([](ReplayOptions& o) { o.speed = 1; }),
            "now: a speed above 0 needs a clock");
  EXPECT_EQ(
      error_of([](ReplayOptions& o) { o.file_gap = Duration::Nanos(-1); }),
      "file_gap: -1ns is not in [0, ...)");
}

}  // namespace
}  // namespace mosaic
