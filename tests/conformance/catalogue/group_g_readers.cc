// Group G: functions that read when they like: buffers that are full of what
// they have not read, and that change their size.

#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/conformance/catalogue/fragment_steps.h"
#include "tests/conformance/catalogue/options.h"
#include "tests/conformance/catalogue/runner.h"

namespace mosaic::conformance {
namespace {

using mosaic::testing::EngineHarness;
using mosaic::testing::EngineSetup;

constexpr uint32_t kRing = 64 * 1024;
constexpr int64_t kPiece = 1024;

// What A sends: each byte by its place.
std::string TextOf(int64_t begin, int64_t end) {
  std::string text;
  for (int64_t i = begin; i < end; ++i) {
    text += static_cast<char>('a' + (i * 7 + i / 101) % 26);
  }
  return text;
}

// A's bytes of this range.
Step Bytes(int64_t begin, int64_t end) {
  return A().Data(begin, TextOf(begin, end));
}

// A's bytes of this range in order, each piece acknowledged.
void Send(Script& script, int64_t begin, int64_t end) {
  for (int64_t at = begin; at < end; at += kPiece) {
    script.push_back(Bytes(at, std::min(at + kPiece, end)));
    script.push_back(B().AckOff(std::min(at + kPiece, end)));
  }
}

std::string RangeOf(int64_t offset, int64_t length) {
  return std::to_string(offset) + "+" + std::to_string(length);
}

// The function peeks; `script` is followed by kOn at `end`, all of which it is
// offered and reads.
Case Read(std::string id, std::string name, FullBuffer full, uint32_t buffer,
          Script script, int64_t end, Counts counts) {
  Case c;
  c.id = std::move(id);
  c.name = std::move(name);
  c.script = std::move(script);
  c.script.push_back(A().Data(end, kOn));
  c.script.push_back(Peeks(Role::kA, kOn));
  c.expect.from_a = TextOf(0, end) + kOn;
  c.expect.counts = std::move(counts);
  // What no case names must not be.
  for (const char* error : {"error.buffer_full", "error.overwritten"}) {
    c.expect.counts.emplace(error, 0);
  }
  c.setup = [full, buffer](EngineSetup& setup) {
    setup.functions[0].peeks = true;
    for (SidePolicy& side : setup.monitors[0].side) {
      side.full = full;
      side.buffer_bytes = buffer;
    }
  };
  return c;
}

// The errors of `cause` are neighbours, and together this range.
Step LostInAll(ErrorCause cause, uint64_t offset, uint64_t length) {
  return Check([=](EngineHarness& harness, const Variant&) {
    uint64_t next = offset;
    for (const StreamError& error : harness.recorded().ErrorsOf(cause)) {
      EXPECT_EQ(error.offset, next);
      next = error.offset + error.length;
    }
    EXPECT_EQ(next, offset + length);
    EXPECT_LE(harness.counters().buffer_bytes[0].Read() +
                  harness.counters().buffer_bytes[1].Read(),
              2 * kRing);
  });
}

// G-05: a reader that never reads, until the end of the case.
void AddFullBuffers(std::vector<Case>& cases) {
  const std::string more = RangeOf(kRing, 1);
  Script script;
  Send(script, 0, kRing);
  script.push_back(Check([](EngineHarness& harness, const Variant&) {
    EXPECT_EQ(harness.recorded().errors.size(), 0u);
  }));
  script.push_back(Bytes(kRing, kRing + 1));
  Script stop = script;
  stop.push_back(Peeks(Role::kA, TextOf(0, kRing)));
  stop.push_back(Misses(Role::kA, 1));
  cases.push_back(
      Read("G-05", "a byte too many for who never reads, stop",
           FullBuffer::kStop, kRing, std::move(stop), kRing + 1,
           {{"error.buffer_full", 1}, {"error {B} buffer_full " + more, 1}}));
  Script drop = script;
  drop.push_back(Misses(Role::kA, 1));
  drop.push_back(Peeks(Role::kA, TextOf(1, kRing + 1)));
  Case dropped =
      Read("G-05drop", "a byte too many for who never reads, drop oldest",
           FullBuffer::kDropOldest, kRing, std::move(drop), kRing + 1,
           {{"error.buffer_full", 1},
            {"error {B} buffer_full " + more, 1},
            {"error.overwritten", 1},
            {"error {B} overwritten 0+1", 1},
            {"mosaic_stream_unfetched_bytes_total", 1}});
  // While the oldest are still there, whom it is told may read.
  dropped.expect.order = {"error {B} buffer_full", "error {B} overwritten",
                          "data {B} " + std::to_string(kRing)};
  cases.push_back(dropped);

  constexpr int64_t kLong = 256 * kPiece;
  constexpr int64_t kLost = kLong - kRing;
  constexpr uint64_t kPieces = kLost / kPiece;
  Script all;
  Send(all, 0, kLong);
  stop = all;
  stop.push_back(LostInAll(ErrorCause::kBufferFull, kRing, kLost));
  stop.push_back(Peeks(Role::kA, TextOf(0, kRing)));
  stop.push_back(Misses(Role::kA, kLost));
  cases.push_back(Read("G-05longstop", "a stream for who never reads, stop",
                       FullBuffer::kStop, kRing, std::move(stop), kLong,
                       {{"error.buffer_full", kPieces}}));
  drop = all;
  drop.push_back(LostInAll(ErrorCause::kOverwritten, 0, kLost));
  drop.push_back(Misses(Role::kA, kLost));
  drop.push_back(Peeks(Role::kA, TextOf(kLost, kLong)));
  cases.push_back(Read("G-05longdrop",
                       "a stream for who never reads, drop oldest",
                       FullBuffer::kDropOldest, kRing, std::move(drop), kLong,
                       {{"error.buffer_full", kPieces},
                        {"error.overwritten", kPieces},
                        {"mosaic_stream_unfetched_bytes_total", kLost}}));
}

// A's bytes of this range, by 500, each read before the next.
void ReadInStep(Script& script, int64_t begin, int64_t end) {
  for (int64_t at = begin; at < end; at += 500) {
    script.push_back(Bytes(at, at + 500));
    script.push_back(B().AckOff(at + 500));
    script.push_back(Peeks(Role::kA, TextOf(at, at + 500)));
  }
}

// G-17: 4,000 bytes that nobody has read, a hole, and a thousand behind it.
void AddResizes(std::vector<Case>& cases) {
  constexpr uint32_t kBuffer = 8192;
  Script held;
  Send(held, 0, 4000);
  held.push_back(Bytes(5000, 6000));

  Script script = held;
  script.push_back(Resizes(Role::kA, 20'000));
  script.push_back(Bytes(6000, 7400));
  script.push_back(Bytes(19'000, 20'000));
  script.push_back(Bytes(4000, 5000));
  script.push_back(Peeks(Role::kA, TextOf(0, 7400)));
  script.push_back(B().AckOff(7400));
  for (int64_t at = 7400; at < 19'000; at += 1160) {
    script.push_back(Bytes(at, at + 1160));
  }
  script.push_back(Peeks(Role::kA, TextOf(7400, 20'000)));
  cases.push_back(Read("G-17up", "a buffer that grows with data inside",
                       FullBuffer::kStop, kBuffer, std::move(script), 20'000,
                       {}));

  script = held;
  script.push_back(Resizes(Role::kA, 5500));
  script.push_back(Bytes(4000, 5000));
  script.push_back(Peeks(Role::kA, TextOf(0, 5500)));
  script.push_back(B().AckOff(5500));
  script.push_back(Bytes(5500, 6000));
  script.push_back(Peeks(Role::kA, TextOf(5500, 6000)));
  cases.push_back(
      Read("G-17down", "a buffer that shrinks into what is out of order",
           FullBuffer::kStop, kBuffer, std::move(script), 6000,
           {{"error.overwritten", 1},
            {"error {B} overwritten 5500+500", 1},
            {"mosaic_stream_discarded_bytes_total:overwritten", 500}}));

  // What was offered, and what nobody was offered yet.
  script = held;
  script.push_back(Resizes(Role::kA, 1000));
  script.push_back(Peeks(Role::kA, TextOf(0, 1000)));
  script.push_back(Misses(Role::kA, 3000));
  ReadInStep(script, 4000, 6000);
  cases.push_back(Read("G-17stop",
                       "a buffer that shrinks into what was not read, stop",
                       FullBuffer::kStop, kBuffer, script, 6000,
                       {{"error.overwritten", 2},
                        {"error {B} overwritten 1000+3000", 1},
                        {"error {B} overwritten 5000+1000", 1}}));
  script = held;
  script.push_back(Resizes(Role::kA, 1000));
  script.push_back(Misses(Role::kA, 3000));
  script.push_back(Peeks(Role::kA, TextOf(3000, 4000)));
  ReadInStep(script, 4000, 6000);
  cases.push_back(Read(
      "G-17drop", "a buffer that shrinks into what was not read, drop oldest",
      FullBuffer::kDropOldest, kBuffer, script, 6000,
      {{"error.overwritten", 2},
       {"error {B} overwritten 0+3000", 1},
       {"error {B} overwritten 5000+1000", 1}}));
}

}  // namespace

void AddReaders(std::vector<Case>& cases) {
  AddFullBuffers(cases);
  AddResizes(cases);
}

}  // namespace mosaic::conformance
