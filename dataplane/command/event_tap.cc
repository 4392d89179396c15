#include "dataplane/command/event_tap.h"

#include <algorithm>
#include <utility>

#include "dataplane/api/packet_view.h"
#include "dataplane/event/subscription.h"

namespace mosaic {
namespace {

// Where the packet's payload begins in the stream that `receiver` receives;
// 0 for what lies before its first byte, as a SYN does.
uint64_t StreamOffsetOf(const PacketView& packet, const Flow& flow,
                        Side receiver) {
  const TcpEnd& sender = flow.end[Index(Other(receiver))];
  const int64_t offset = static_cast<int64_t>(sender.delivered) +
                         packet.seq().Since(sender.next_seq);
  return static_cast<uint64_t>(std::max<int64_t>(offset, 0));
}

}  // namespace

EventMask MaskOf(EventKind kind) {
  switch (kind) {
    case EventKind::kConnectionStart:
      return EventMask::Of(kind, Hook::kSender);
    case EventKind::kPacketIn:
      return EventMask::Of(kind, Hook::kSender) |
             EventMask::Of(kind, Hook::kNone);
    case EventKind::kRetransmission:
      return EventMask::Of(kind, Hook::kReceiver);
    case EventKind::kStateChange:
      return EventMask::Of(kind, Hook::kSender) |
             EventMask::Of(kind, Hook::kReceiver);
    case EventKind::kConnectionEnd:
      return EventMask::Of(kind, Hook::kReceiver, Side::kServer);
    case EventKind::kError:
    case EventKind::kNewData:
    case EventKind::kOrphan:
      break;
  }
  return EventMask::Of(kind, Hook::kNone);
}

void EventTap::OnEvent(const Event& event, const Flow& flow) {
  EventRecord record;
  if (event.packet != nullptr) {
    last_index_ = event.packet->index();
    record.length = event.packet->wire_length();
  }
  record.time = event.now;
  record.flow_id = flow.id;
  record.key = flow.key;
  record.client = flow.client;
  record.origin = flow.origin;
  record.monitors = flow.subscription->monitors;
  record.revision = flow.subscription->revision;
  record.kind = event.kind;
  record.side = event.side;
  switch (event.kind) {
    case EventKind::kNewData:
      record.offset = event.offset;
      record.length = event.data.size();
      break;
    case EventKind::kRetransmission:
      record.offset = StreamOffsetOf(*event.packet, flow, event.side);
      record.length = event.packet->payload().size();
      break;
    case EventKind::kError:
      record.offset = event.error.offset;
      record.length = event.error.length;
      record.cause = event.error.cause;
      break;
    case EventKind::kStateChange:
      record.old_state = event.old_state;
      record.new_state = event.new_state;
      break;
    case EventKind::kConnectionEnd:
      record.end_reason = event.end_reason;
      break;
    case EventKind::kConnectionStart:
    case EventKind::kPacketIn:
    case EventKind::kOrphan:
      break;
  }
  Push(record);
}

void EventTap::OnPacket(const Event& event, const ParsedPacket& parsed,
                        uint64_t monitors, uint64_t revision) {
  EventRecord record;
  last_index_ = event.packet->index();
  record.time = event.now;
  record.has_flow = false;
  record.flow_id = last_index_;
  record.key = parsed.key;
  record.client = parsed.sender;
  record.monitors = monitors;
  record.revision = revision;
  record.length = event.packet->wire_length();
  record.kind = event.kind;
  Push(record);
}

void EventTap::Push(EventRecord& record) {
  const uint64_t number = produced_.load(std::memory_order_relaxed);
  record.number = number;
  record.packet_index = last_index_;
  record.core = core_;
  // A full ring loses the record; its number is missing then.
  static_cast<void>(ring_.TryPush(std::move(record)));
  produced_.store(number + 1, std::memory_order_release);
}

}  // namespace mosaic
