#include "control/rpc/observe_codec.h"

#include <array>
#include <chrono>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "control/config/diagnostic.h"
#include "control/core/flow_codec.h"
#include "dataplane/base/endpoint.h"

namespace mosaic {
namespace {

using config::ElementPath;
using config::FieldPath;
using config::Violation;

struct KindName {
  EventKind kind;
  v1::EventType type;
};
constexpr std::array<KindName, kEventKinds> kKinds = {{
    {EventKind::kConnectionStart, v1::EVENT_TYPE_CONNECTION_START},
    {EventKind::kPacketIn, v1::EVENT_TYPE_PACKET_IN},
    {EventKind::kRetransmission, v1::EVENT_TYPE_RETRANSMISSION},
    {EventKind::kError, v1::EVENT_TYPE_ERROR},
    {EventKind::kNewData, v1::EVENT_TYPE_NEW_DATA},
    {EventKind::kStateChange, v1::EVENT_TYPE_TCP_STATE_CHANGE},
    {EventKind::kOrphan, v1::EVENT_TYPE_ORPHAN},
    {EventKind::kConnectionEnd, v1::EVENT_TYPE_CONNECTION_END},
}};

// Gathers what is wrong with one request.
class Decoder {
 public:
  EventFilter Filter(const v1::EventFilter& filter, const std::string& path) {
    EventFilter decoded;
    const std::string types = FieldPath(path, "types");
    CheckLength(filter.types_size(), types);
    for (int i = 0; i < filter.types_size(); ++i) {
      AddKind(filter.types(i), ElementPath(types, static_cast<size_t>(i)),
              decoded.kinds);
    }
    decoded.flow = Flow(filter.flow(), FieldPath(path, "flow"));
    return decoded;
  }

  std::vector<EventFilter> Filters(
      const google::protobuf::RepeatedPtrField<v1::EventFilter>& filters,
      const std::string& path) {
    if (filters.size() > kMaxEventFilters) {
      Add(path, absl::StrCat("has ", filters.size(), " entries; at most ",
                             kMaxEventFilters, " are allowed"));
      return {};
    }
    std::vector<EventFilter> decoded;
    for (int i = 0; i < filters.size(); ++i) {
      decoded.push_back(
          Filter(filters[i], ElementPath(path, static_cast<size_t>(i))));
    }
    return decoded;
  }

  std::chrono::milliseconds Heartbeat(const v1::ObserveRequest& request) {
    if (!request.has_heartbeat_interval()) return {};
    const absl::Duration interval = FromProto(request.heartbeat_interval());
    if (interval < kShortestHeartbeat || interval > kLongestHeartbeat) {
      Add("heartbeat_interval",
          absl::StrCat(absl::FormatDuration(interval), " is not in [",
                       absl::FormatDuration(kShortestHeartbeat), ", ",
                       absl::FormatDuration(kLongestHeartbeat), "]"));
    }
    return absl::ToChronoMilliseconds(interval);
  }

  size_t QueueEvents(const v1::ObserveRequest& request) {
    if (request.max_queue_events() > EventHub::kMaxQueue) {
      Add("max_queue_events",
          absl::StrCat(request.max_queue_events(), " is not in 1 to ",
                       EventHub::kMaxQueue, ", nor 0 for the default"));
    }
    return request.max_queue_events();
  }

  std::vector<Violation>& violations() { return violations_; }

 private:
  void Add(std::string path, std::string message) {
    violations_.push_back({std::move(path), std::move(message)});
  }

  void CheckLength(int entries, const std::string& path) {
    if (entries <= kMaxFlowFilterEntries) return;
    Add(path, absl::StrCat("has ", entries, " entries; at most ",
                           kMaxFlowFilterEntries, " are allowed"));
  }

  void AddKind(int type, const std::string& path,
               std::vector<EventKind>& kinds) {
    for (const KindName& name : kKinds) {
      if (name.type == type) {
        kinds.push_back(name.kind);
        return;
      }
    }
    Add(path, absl::StrCat(type, " is no event type that can be asked for"));
  }

  FlowFilter Flow(const v1::FlowFilter& filter, const std::string& path) {
    Result<FlowFilter> decoded = DecodeFlowFilter(filter, path);
    if (decoded.ok()) return std::move(decoded).value();
    for (const Violation& violation : decoded.error().fields) {
      violations_.push_back(violation);
    }
    return {};
  }

  std::vector<Violation> violations_;
};

v1::EventType TypeOf(EventKind kind) {
  for (const KindName& name : kKinds) {
    if (name.kind == kind) return name.type;
  }
  return v1::EVENT_TYPE_UNSPECIFIED;
}

// The API's enums have the engine's values, behind one for "not set".
v1::TcpState ToProto(TcpState state) {
  static_assert(static_cast<int>(TcpState::kClosed) + 1 ==
                v1::TCP_STATE_CLOSED);
  static_assert(static_cast<int>(TcpState::kSynReceived) + 1 ==
                v1::TCP_STATE_SYN_RCVD);
  static_assert(static_cast<int>(TcpState::kTimeWait) + 1 ==
                v1::TCP_STATE_TIME_WAIT);
  return static_cast<v1::TcpState>(static_cast<int>(state) + 1);
}

v1::EndReason ToProto(EndReason reason) {
  static_assert(static_cast<int>(EndReason::kFin) + 1 == v1::END_REASON_FIN);
  static_assert(static_cast<int>(EndReason::kShutdown) + 1 ==
                v1::END_REASON_SHUTDOWN);
  return static_cast<v1::EndReason>(static_cast<int>(reason) + 1);
}

v1::Side ToProto(Side side) {
  return side == Side::kClient ? v1::SIDE_CLIENT : v1::SIDE_SERVER;
}

void SetKey(const EventRecord& record, v1::FlowKey& key) {
  const Endpoint client = EndpointOf(record.key, record.client);
  const Endpoint server =
      EndpointOf(record.key, static_cast<EndpointIndex>(record.client ^ 1));
  key.set_client_address(AddressText(client));
  key.set_server_address(AddressText(server));
  key.set_client_port(client.port);
  key.set_server_port(server.port);
  if (v1::IpProtocol_IsValid(record.key.protocol)) {
    key.set_protocol(static_cast<v1::IpProtocol>(record.key.protocol));
  }
}

// The fields that only some kinds have.
void SetFieldsOfKind(const EventRecord& record, v1::FlowEvent& event) {
  switch (record.kind) {
    case EventKind::kConnectionStart:
      break;
    case EventKind::kStateChange:
      event.set_side(ToProto(record.side));
      event.set_old_state(ToProto(record.old_state));
      event.set_new_state(ToProto(record.new_state));
      break;
    case EventKind::kError:
      event.set_message(std::string(Name(record.cause)));
      [[fallthrough]];
    case EventKind::kNewData:
    case EventKind::kRetransmission:
      event.set_side(ToProto(record.side));
      event.set_stream_offset_bytes(record.offset);
      event.set_length_bytes(record.length);
      break;
    case EventKind::kPacketIn:
      if (record.has_flow) event.set_side(ToProto(record.side));
      [[fallthrough]];
    case EventKind::kOrphan:
      event.set_length_bytes(record.length);
      break;
    case EventKind::kConnectionEnd:
      event.set_end_reason(ToProto(record.end_reason));
      break;
  }
}

void SetEvent(const ObservedEvent& observed, v1::FlowEvent& event) {
  const EventRecord& record = observed.record;
  event.set_type(TypeOf(record.kind));
  for (const std::string& monitor : observed.monitors()) {
    event.add_monitors(monitor);
  }
  if (record.has_flow) event.set_flow_id(record.flow_id);
  if (record.key.protocol != 0) SetKey(record, *event.mutable_key());
  SetFieldsOfKind(record, event);
}

void SetLost(const LostEvents& lost, v1::LostEvents& message) {
  message.set_count(lost.count);
  if (lost.point == LossPoint::kCoreRing) {
    message.set_point(v1::LOSS_POINT_CORE_RING);
    message.set_core(lost.core);
  } else {
    message.set_point(v1::LOSS_POINT_SUBSCRIBER_QUEUE);
  }
}

}  // namespace

Result<SubscribeOptions> Decode(const v1::ObserveRequest& request) {
  Decoder decoder;
  SubscribeOptions options;
  options.selection.allow = decoder.Filters(request.allow(), "allow");
  options.selection.deny = decoder.Filters(request.deny(), "deny");
  options.queue_events = decoder.QueueEvents(request);
  options.selection.sample_one_in = request.sample_one_in();
  options.heartbeat = decoder.Heartbeat(request);
  if (!decoder.violations().empty()) {
    return InvalidFields(std::move(decoder.violations()));
  }
  return options;
}

void Encode(const Observation& observation, const StreamOrigin& origin,
            absl::Time now, v1::ObserveResponse& response) {
  response.Clear();
  response.set_sequence(observation.sequence);
  *response.mutable_time() = ToProto(now);
  if (const auto* event = std::get_if<ObservedEvent>(&observation.what)) {
    *response.mutable_time() = origin.wall_time.ToProto(event->record.time);
    response.set_core(event->record.core);
    SetEvent(*event, *response.mutable_event());
  } else if (const auto* lost = std::get_if<LostEvents>(&observation.what)) {
    response.set_core(lost->core);
    SetLost(*lost, *response.mutable_lost());
  } else if (const auto* heartbeat =
                 std::get_if<ObserverHeartbeat>(&observation.what)) {
    response.mutable_heartbeat()->set_events_sent(heartbeat->events_delivered);
    response.mutable_heartbeat()->set_events_lost(heartbeat->events_lost);
  } else {
    response.mutable_stream_started()->set_revision(origin.revision);
    response.mutable_stream_started()->set_boot_id(origin.boot_id);
  }
}

}  // namespace mosaic
