#include "control/core/flow_codec.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "control/config/field_checks.h"
#include "control/config/ip_prefix.h"

namespace mosaic {
namespace {

constexpr uint8_t kTcp = 6;
constexpr uint32_t kMaxPort = 65535;

std::vector<config::IpPrefix> DecodePrefixes(
    const google::protobuf::RepeatedPtrField<std::string>& texts,
    const std::string& path, config::FieldChecks& checks) {
  checks.AtMost(path, texts.size(), kMaxFlowFilterEntries, "networks");
  std::vector<config::IpPrefix> prefixes;
  for (int i = 0; i < texts.size(); ++i) {
    const auto prefix = config::ParseIpPrefix(texts[i]);
    if (prefix.ok()) {
      prefixes.push_back(*prefix);
    } else {
      checks.Fail(config::ElementPath(path, static_cast<size_t>(i)),
                  std::string(prefix.status().message()));
    }
  }
  return prefixes;
}

bool IsTracked(int protocol) {
  return protocol != v1::IP_PROTOCOL_UNSPECIFIED &&
         v1::IpProtocol_IsValid(protocol);
}

Endpoint DecodeEndpoint(const std::string& address, uint32_t port,
                        const std::string& address_path,
                        const std::string& port_path,
                        config::FieldChecks& checks) {
  Endpoint endpoint;
  const auto prefix = config::ParseIpPrefix(address);
  if (!prefix.ok()) {
    checks.Fail(address_path, std::string(prefix.status().message()));
  } else if (prefix->bits != (prefix->ip_version == 4 ? 32 : 128)) {
    checks.Fail(address_path, absl::StrCat(config::Quoted(address),
                                           " is a network; name one address"));
  } else {
    endpoint.ip_version = prefix->ip_version;
    endpoint.address = prefix->address;
  }
  checks.InRange(port_path, port, 0, kMaxPort);
  endpoint.port = static_cast<uint16_t>(port);
  return endpoint;
}

v1::FlowSide EncodeSide(const FlowSummary& flow, Side side) {
  const SideCounters& sent = flow.sent[Index(side)];
  const SideMonitoring& received = flow.received[Index(side)];
  v1::FlowSide out;
  if (flow.protocol == kTcp) {
    // The API's states begin with UNSPECIFIED; the rest is in the same order.
    out.set_state(static_cast<v1::TcpState>(
        static_cast<int>(flow.state[Index(side)]) + 1));
  }
  out.set_packets(sent.packets);
  out.set_bytes(sent.wire_bytes);
  out.set_payload_bytes(sent.payload_bytes);
  out.set_retransmitted_bytes(sent.retransmitted_bytes);
  out.set_conflict_bytes(sent.conflict_bytes);
  out.set_out_of_order_packets(sent.out_of_order_packets);
  out.set_gap_bytes(sent.gap_bytes);
  out.set_buffer_size_bytes(received.buffer_bytes);
  out.set_buffered_bytes(received.buffered_bytes);
  // What came in order from the other side was offered to readers of this one.
  out.set_delivered_bytes(flow.sent[Index(Other(side))].stream_bytes);
  out.set_monitoring_stopped(received.stopped);
  return out;
}

}  // namespace

Result<FlowFilter> DecodeFlowFilter(const v1::FlowFilter& filter,
                                    const std::string& path) {
  const auto field = [&](const char* name) {
    return config::FieldPath(path, name);
  };
  config::FieldChecks checks;
  FlowFilter decoded;
  checks.AtMost(field("monitors"), filter.monitors_size(),
                kMaxFlowFilterEntries, "monitors");
  for (int i = 0; i < filter.monitors_size(); ++i) {
    checks.ResourceName(
        config::ElementPath(field("monitors"), static_cast<size_t>(i)),
        filter.monitors(i), "monitors");
    decoded.monitors.push_back(filter.monitors(i));
  }
  decoded.clients =
      DecodePrefixes(filter.client_cidrs(), field("client_cidrs"), checks);
  decoded.servers =
      DecodePrefixes(filter.server_cidrs(), field("server_cidrs"), checks);
  checks.AtMost(field("server_ports"), filter.server_ports_size(),
                kMaxFlowFilterEntries, "ports");
  for (int i = 0; i < filter.server_ports_size(); ++i) {
    checks.InRange(
        config::ElementPath(field("server_ports"), static_cast<size_t>(i)),
        filter.server_ports(i), 1, kMaxPort);
    decoded.server_ports.push_back(
        static_cast<uint16_t>(filter.server_ports(i)));
  }
  checks.AtMost(field("protocols"), filter.protocols_size(),
                kMaxFlowFilterEntries, "protocols");
  for (int i = 0; i < filter.protocols_size(); ++i) {
    if (!IsTracked(filter.protocols(i))) {
      checks.Fail(
          config::ElementPath(field("protocols"), static_cast<size_t>(i)),
          absl::StrCat(filter.protocols(i),
                       " is no tracked protocol; allowed: TCP, UDP, ICMP, "
                       "ICMPV6"));
    }
    decoded.protocols.push_back(static_cast<uint8_t>(filter.protocols(i)));
  }
  auto violations = checks.Take();
  if (!violations.empty()) return InvalidFields(std::move(violations));
  return decoded;
}

Result<FlowEnds> DecodeFlowKey(const v1::FlowKey& key,
                               const std::string& path) {
  const auto field = [&](const char* name) {
    return config::FieldPath(path, name);
  };
  config::FieldChecks checks;
  FlowEnds ends;
  ends.client =
      DecodeEndpoint(key.client_address(), key.client_port(),
                     field("client_address"), field("client_port"), checks);
  ends.server =
      DecodeEndpoint(key.server_address(), key.server_port(),
                     field("server_address"), field("server_port"), checks);
  if (!IsTracked(key.protocol())) {
    checks.Fail(field("protocol"), "required; allowed: TCP, UDP, ICMP, ICMPV6");
  }
  ends.protocol = static_cast<uint8_t>(key.protocol());
  auto violations = checks.Take();
  if (!violations.empty()) return InvalidFields(std::move(violations));
  return ends;
}

v1::Flow EncodeFlow(const FlowSummary& flow, size_t worker,
                    const MonitorDirectory& monitors,
                    const WallTime& wall_time) {
  v1::Flow out;
  out.set_flow_id(flow.id);
  v1::FlowKey& key = *out.mutable_key();
  key.set_client_address(AddressText(flow.client));
  key.set_server_address(AddressText(flow.server));
  key.set_client_port(flow.client.port);
  key.set_server_port(flow.server.port);
  key.set_protocol(static_cast<v1::IpProtocol>(flow.protocol));
  for (std::string& name : monitors.NamesOf(flow.revision, flow.monitors)) {
    out.add_monitors(std::move(name));
  }
  *out.mutable_start_time() = wall_time.ToProto(flow.start);
  *out.mutable_last_packet_time() = wall_time.ToProto(flow.last_packet);
  *out.mutable_client() = EncodeSide(flow, Side::kClient);
  *out.mutable_server() = EncodeSide(flow, Side::kServer);
  out.set_core(static_cast<uint32_t>(worker));
  out.set_revision(flow.revision);
  out.set_picked_up(flow.origin == FlowOrigin::kMidstream);
  return out;
}

}  // namespace mosaic
