#include "dataplane/engine/fragment_stage.h"

namespace mosaic {
namespace {

FragmentFate FateOf(FragmentResult result) {
  switch (result) {
    case FragmentResult::kHeld:
    case FragmentResult::kCompleted:
    case FragmentResult::kDuplicate:
    case FragmentResult::kCut:     // Only captures cut packets.
    case FragmentResult::kNested:  // Not looked into; no more is known.
      return FragmentFate::kForward;
    case FragmentResult::kOverlap:
    case FragmentResult::kOversize:
    case FragmentResult::kInconsistentEnd:
    case FragmentResult::kHeaderChain:
    case FragmentResult::kTooMany:
    case FragmentResult::kNoMemory:
    case FragmentResult::kBadLength:
    case FragmentResult::kRefusedDatagram:
      break;
  }
  return FragmentFate::kRefused;
}

}  // namespace

FragmentStage::FragmentStage(const FragmentLimits& limits,
                             IpReassembly::Delivered delivered,
                             const Parser& parser, const FlowHash& hash,
                             CoreCounters& counters)
    : parser_(parser),
      hash_(hash),
      counters_(counters),
      reassembly_(limits, delivered) {}

uint64_t FragmentStage::HashOf(const Packet& packet,
                               const ParsedPacket& parsed) const {
  return hash_.Of(ReadIpFragment(packet, parsed).datagram);
}

bool FragmentStage::HasRoom() {
  pool_.Collect(reassembly_);
  return !pool_.Reserve().empty();
}

void FragmentStage::Take(Packet& packet, ParsedPacket& parsed) {
  FragmentResult result = FragmentResult::kNested;
  if (parsed.reassembled < kMaxReassemblies) {
    result = reassembly_.Add(ReadIpFragment(packet, parsed), parsed.hash,
                             packet.wire_length, packet.clock);
  }
  counters_.ip_fragments[static_cast<size_t>(result)].Add(1);
  parsed.fragment_fate = FateOf(result);
  if (result == FragmentResult::kCompleted) {
    const ParsedPacket fragment = parsed;
    pool_.Wrap(reassembly_.Take(pool_.Reserve()), packet);
    parser_.ParseDatagram(packet, fragment, parsed);
    parsed.hash = hash_.Of(parsed.key);
  }
  Publish();
}

void FragmentStage::RefuseForRoom(ParsedPacket& parsed) {
  counters_.ip_fragments[static_cast<size_t>(FragmentResult::kNoMemory)].Add(1);
  parsed.fragment_fate = FragmentFate::kRefused;
}

void FragmentStage::Unwrap(const ParsedPacket& parsed, IpReassembly::Fate fate,
                           Packet& packet) {
  for (uint8_t i = 0; i < parsed.reassembled; ++i) {
    DatagramPool::Unwrap(packet, fate);
  }
}

void FragmentStage::Publish() {
  const IpReassembly::Totals& totals = reassembly_.totals();
  const auto publish = [&](DatagramEnd end, uint64_t total) {
    counters_.ip_datagrams[static_cast<size_t>(end)].Set(total);
  };
  publish(DatagramEnd::kReassembled, totals.reassembled);
  publish(DatagramEnd::kRefused, totals.refused);
  publish(DatagramEnd::kTimedOut, totals.timed_out);
  publish(DatagramEnd::kEvicted, totals.evicted);
  counters_.ip_datagrams_held.Set(reassembly_.held());
}

}  // namespace mosaic
