#include "tests/support/fragments.h"

#include <utility>

namespace mosaic {
namespace {

constexpr size_t kLinkHeader = 14;

bool IsIpv6(const PacketBuilder::Bytes& frame) {
  return frame[kLinkHeader] >> 4 == 6;
}

}  // namespace

PacketBuilder::Bytes DatagramContent(const PacketBuilder& whole) {
  const PacketBuilder::Bytes frame = whole.Build();
  return {frame.begin() + kLinkHeader + (IsIpv6(frame) ? 40 : 20), frame.end()};
}

PacketBuilder Fragment(const PacketBuilder& whole, uint32_t id, uint16_t offset,
                       PacketBuilder::Bytes part, bool more_follow) {
  const PacketBuilder::Bytes frame = whole.Build();
  return PacketBuilder(whole)
      .NoTransport()
      .Protocol(frame[kLinkHeader + (IsIpv6(frame) ? 6 : 9)])
      .Fragment(id, offset, more_follow)
      .Payload(std::move(part));
}

std::vector<PacketBuilder> Fragments(const PacketBuilder& whole, uint32_t id,
                                     std::vector<uint16_t> cuts) {
  const PacketBuilder::Bytes content = DatagramContent(whole);
  std::vector<PacketBuilder> fragments;
  uint16_t from = 0;
  cuts.push_back(static_cast<uint16_t>(content.size()));
  for (const uint16_t to : cuts) {
    fragments.push_back(Fragment(whole, id, from,
                                 {content.begin() + from, content.begin() + to},
                                 to != content.size()));
    from = to;
  }
  return fragments;
}

}  // namespace mosaic
