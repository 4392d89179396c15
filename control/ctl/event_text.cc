#include "control/ctl/event_text.h"

#include <fmt/format.h>

#include "control/cli/terminal.h"
#include "control/config/yaml_reader.h"
#include "control/ctl/printable_text.h"
#include "control/ctl/resource_table.h"

namespace mosaic::ctl {
namespace {

// Wide enough for an IPv4 address with its port, so that lines of the same
// version stand below each other.
constexpr int kEndpointColumns = 21;

std::string_view TypeText(v1::EventType type) {
  switch (type) {
    case v1::EVENT_TYPE_PACKET_IN:
      return "packet";
    case v1::EVENT_TYPE_CONNECTION_START:
      return "start";
    case v1::EVENT_TYPE_NEW_DATA:
      return "data";
    case v1::EVENT_TYPE_RETRANSMISSION:
      return "resent";
    case v1::EVENT_TYPE_TCP_STATE_CHANGE:
      return "state";
    case v1::EVENT_TYPE_CONNECTION_END:
      return "end";
    case v1::EVENT_TYPE_ORPHAN:
      return "orphan";
    case v1::EVENT_TYPE_ERROR:
      return "error";
    default:
      return "?";
  }
}

Tone ToneOf(v1::EventType type) {
  switch (type) {
    case v1::EVENT_TYPE_CONNECTION_START:
      return Tone::kGood;
    case v1::EVENT_TYPE_RETRANSMISSION:
      return Tone::kNotice;
    case v1::EVENT_TYPE_ERROR:
      return Tone::kBad;
    case v1::EVENT_TYPE_CONNECTION_END:
      return Tone::kBold;
    default:
      return Tone::kPlain;
  }
}

std::string_view SideText(v1::Side side) {
  switch (side) {
    case v1::SIDE_CLIENT:
      return "client";
    case v1::SIDE_SERVER:
      return "server";
    default:
      return "both";
  }
}

std::string EndText(v1::EndReason reason) {
  const auto* value = v1::EndReason_descriptor()->FindValueByNumber(reason);
  return value == nullptr ? std::to_string(static_cast<int>(reason))
                          : config::ShortName(*value);
}

// What is particular to the event's type.
std::string DetailText(const v1::FlowEvent& event) {
  const std::string bytes = HumanBytes(event.length_bytes());
  switch (event.type()) {
    case v1::EVENT_TYPE_PACKET_IN:
      return fmt::format("{} from {}", bytes, SideText(event.side()));
    case v1::EVENT_TYPE_NEW_DATA:
    case v1::EVENT_TYPE_RETRANSMISSION:
      return fmt::format("{} to {} at {}", bytes, SideText(event.side()),
                         event.stream_offset_bytes());
    case v1::EVENT_TYPE_ERROR:
      return fmt::format("{}: {} to {} at {}", event.message(), bytes,
                         SideText(event.side()), event.stream_offset_bytes());
    case v1::EVENT_TYPE_TCP_STATE_CHANGE:
      return fmt::format("{} {} > {}", SideText(event.side()),
                         StateText(event.old_state()),
                         StateText(event.new_state()));
    case v1::EVENT_TYPE_CONNECTION_END:
      return EndText(event.end_reason());
    case v1::EVENT_TYPE_ORPHAN:
      return bytes;
    default:
      return "";
  }
}

std::string EventText(const v1::ObserveResponse& record, EventDetail detail,
                      const Style& style) {
  const v1::FlowEvent& event = record.event();
  const v1::FlowKey& key = event.key();
  std::string text =
      fmt::format("{}  {}", ClockTime(record.time()),
                  style.Paint(ToneOf(event.type()),
                              fmt::format("{:<6}", TypeText(event.type()))));
  if (detail == EventDetail::kMore) {
    text += fmt::format("  core {:<2}  flow {:<10}", record.core(),
                        event.flow_id());
  }
  text +=
      fmt::format("  {:<6} {:<{}} > {:<{}}", ProtocolText(key.protocol()),
                  Printable(Endpoint(key.client_address(), key.client_port())),
                  kEndpointColumns,
                  Printable(Endpoint(key.server_address(), key.server_port())),
                  kEndpointColumns);
  if (const std::string more = DetailText(event); !more.empty()) {
    text += "  " + Printable(more);
  }
  if (event.monitors_size() > 0) {
    text += fmt::format("  [{}]", Printable(Ids(event.monitors())));
  }
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

std::string LostText(const v1::LostEvents& lost) {
  switch (lost.point()) {
    case v1::LOSS_POINT_CORE_RING:
      return fmt::format(
          "LOST {} events on core {}: more than the control thread takes",
          Grouped(lost.count()), lost.core());
    case v1::LOSS_POINT_SUBSCRIBER_QUEUE:
      return fmt::format("LOST {} events: this reader is too slow",
                         Grouped(lost.count()));
    default:
      return fmt::format("LOST {} events", Grouped(lost.count()));
  }
}

}  // namespace

std::string RecordText(const v1::ObserveResponse& record, EventDetail detail,
                       const Style& style) {
  switch (record.payload_case()) {
    case v1::ObserveResponse::kEvent:
      return EventText(record, detail, style);
    case v1::ObserveResponse::kLost:
      return fmt::format("{}  {}", ClockTime(record.time()),
                         style.Paint(Tone::kBad, LostText(record.lost())));
    default:
      return "";
  }
}

}  // namespace mosaic::ctl
