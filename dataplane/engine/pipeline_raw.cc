// Packets as RAW monitors are shown them.

#include <algorithm>
#include <array>
#include <cstring>

#include "dataplane/base/byte_order.h"
#include "dataplane/engine/pipeline.h"

namespace mosaic {
namespace {

// RAW filters are compiled for Ethernet frames. A packet of another link type
// gets a header for their sake; what lies beyond the copy counts as cut off.
constexpr size_t kEthernetHeader = 14;
constexpr size_t kSyntheticFrameBytes = 2048;

std::span<const uint8_t> SyntheticFrame(
    const ParsedPacket& parsed,
    std::array<uint8_t, kSyntheticFrameBytes>& frame) {
  const bool ipv6 = parsed.key.ip_version == 6;
  std::memset(frame.data(), 0, kEthernetHeader - 2);
  WriteBig16(frame.data() + kEthernetHeader - 2, ipv6 ? 0x86dd : 0x0800);
  const size_t copied = std::min<size_t>(
      parsed.ip_length, kSyntheticFrameBytes - kEthernetHeader);
  std::memcpy(frame.data() + kEthernetHeader, parsed.ip_header, copied);
  return {frame.data(), kEthernetHeader + copied};
}

}  // namespace

Verdict Pipeline::RaiseRaw(const PacketContext& context) {
  PacketView view = ViewOf(context, Side::kClient, nullptr, EditStage::kRaw);
  Event event;
  event.kind = EventKind::kPacketIn;
  event.now = context.now;
  event.packet = &view;
  Verdict verdict = Verdict::kForward;
  std::array<uint8_t, kSyntheticFrameBytes> synthetic;
  const std::span<const uint8_t> frame =
      context.packet.link == LinkType::kEthernet
          ? context.packet.bytes()
          : SyntheticFrame(context.parsed, synthetic);
  const std::span<const Monitor> monitors = on_.snapshot->monitors;
  for (size_t i = 0; i < monitors.size(); ++i) {
    const Monitor& monitor = monitors[i];
    if (monitor.type != MonitorType::kRaw || !on_.Runs(monitor)) continue;
    if (monitor.raw_filter != nullptr &&
        !monitor.raw_filter->Matches(frame, context.packet.wire_length)) {
      continue;
    }
    on_.counters[i]->packets.Add(1);
    on_.counters[i]
        ->filter_matches[static_cast<size_t>(MonitorFilter::kRaw)]
        .Add(1);
    Dispatcher& dispatcher = tracker_.dispatcher();
    if (dispatcher.ObservesPackets(EventKind::kPacketIn)) {
      dispatcher.ObservePacket(event, context.parsed, uint64_t{1} << i,
                               *on_.snapshot);
    }
    for (size_t nf : monitor.nf_instances) {
      NfSlot* const slot = on_.slots[nf];
      verdict =
          std::max(verdict, dispatcher.RaiseWithoutFlow({&slot, 1}, event));
      if (verdict != Verdict::kForward) return verdict;
    }
  }
  return verdict;
}

}  // namespace mosaic
