// Plays the catalogue's cases, each in every variant that applies: IPv4 and
// IPv6, both directions, both overlap policies, with and without a wrap of the
// sequence numbers; in memory, or through a transport that has more.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "tests/conformance/catalogue/case.h"

namespace mosaic::conformance {

// How frames get to the engine.
class Transport {
 public:
  virtual ~Transport() = default;
  // Ways in which the same frame can come; each is a variant.
  virtual std::vector<std::string_view> forms() const = 0;
  // Whether a case can come this way at all.
  virtual bool Takes(const Case& c) const = 0;
  // Brings the frame to the harness's engine, or to its burst.
  virtual void Send(mosaic::testing::EngineHarness& harness, const Frame& frame,
                    size_t form) = 0;
};

// Frames in blocks of their own on the heap; one form.
class MemoryTransport : public Transport {
 public:
  std::vector<std::string_view> forms() const override { return {"memory"}; }
  bool Takes(const Case&) const override { return true; }
  void Send(mosaic::testing::EngineHarness& harness, const Frame& frame,
            size_t form) override;
};

// Runs by group, the letter that ids begin with.
struct Tally {
  uint32_t cases = 0;
  uint32_t cases_done = 0;
  uint64_t applicable = 0;
  uint64_t executed = 0;
  uint64_t passed = 0;
};
using Tallies = std::map<std::string, Tally>;

// Runs all variants; each that fails has failed with EXPECT_*, under a trace
// that names case and variant. Adds to `tallies`.
void RunCases(const std::vector<Case>& cases, Transport& transport,
              Tallies& tallies);

// A table of the tallies on standard output.
void PrintTallies(std::string_view transport, const Tallies& tallies);

// The frame's builder for a step that `role` sends: link, addresses, ports,
// numbers, all but what Step::With() adds.
PacketBuilder Base(const Variant& variant, const Step& step);

}  // namespace mosaic::conformance
