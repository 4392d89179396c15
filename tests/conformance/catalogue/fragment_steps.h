// Steps that send a segment in fragments, and what must be counted of them.

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/catalogue/case.h"

namespace mosaic::conformance {

using Counts = std::map<std::string, uint64_t>;

// 28 bytes; with a TCP header the datagrams that carry them have 48, and their
// first 24 hold all of the header and four bytes of text.
inline const std::string kText = "0123456789abcdefghijklmnopqr";
inline constexpr uint32_t kLength = 48;

// What follows each case to show that its connection goes on.
inline const std::string kOn = "and on";

// One fragment of a datagram: bytes from `offset` on of what follows the IP
// header, up to `end`, whatever the datagram has there or `filled` alone.
struct Part {
  uint32_t offset = 0;
  uint32_t end = 0;
  bool more_follow = true;
  char filled = 0;  // 0: the datagram's own bytes.
};

// All parts of a datagram of `length` bytes, cut at `cuts`, which ascend.
std::vector<Part> PartsOf(uint32_t length, std::vector<uint32_t> cuts);

// One fragment of `datagram`. REQUIRES: Ethernet without tags, no IP options or
// extension headers.
PacketBuilder FragmentOf(const PacketBuilder& datagram, uint32_t id,
                         const Part& part);

Frame FrameOf(const PacketBuilder& packet);
std::vector<Frame> FramesOf(const std::vector<PacketBuilder>& packets);

// Sends these parts of `segment`, in this order.
Step SendParts(Step segment, uint32_t id, std::vector<Part> parts);

// Sends the whole of `segment`, cut at `cuts`; in `order`, if one is said.
Step InFragments(Step segment, uint32_t id, std::vector<uint32_t> cuts,
                 std::vector<size_t> order = {});

// Exact numbers of fragments and datagrams by what became of them: the labels
// of mosaic_ip_fragments_total and mosaic_ip_datagrams_total. What is not named
// is 0; so are odd headers (mosaic_parse_anomalies_total). Fragments that are
// not sound must have been dropped, each once.
Counts FragmentCounts(const Counts& results);

inline Expect Delivers(std::string from_a, const Counts& results) {
  Expect expect;
  expect.from_a = std::move(from_a);
  expect.counts = FragmentCounts(results);
  return expect;
}

// A case whose steps make `stream` of what A sends, followed by kOn in a plain
// segment, and `results` of its fragments.
Case Fragmented(std::string id, std::string name, std::vector<Step> steps,
                const std::string& stream, const Counts& results);
Case OnIpv4(Case c);
// Fragments may overlap.
Case UnderPolicy(OverlapPolicy policy, Case c);

Step NothingDelivered();
// That many datagrams are waited for or remembered.
Step Held(size_t datagrams);
// None is, and all bytes were given back.
Step NoDatagramHeld();

// Parts of the groups F, X and G, by file.
void AddFragmentOverlaps(std::vector<Case>& cases);
void AddFragmentedTraffic(std::vector<Case>& cases);
void AddEvasionShapes(std::vector<Case>& cases);
void AddLifetimes(std::vector<Case>& cases);
void AddReaders(std::vector<Case>& cases);

}  // namespace mosaic::conformance
