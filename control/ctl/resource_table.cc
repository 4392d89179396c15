#include "control/ctl/resource_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "control/cli/terminal.h"
#include "control/config/yaml_reader.h"
#include "control/ctl/printable_text.h"

namespace mosaic::ctl {
namespace {

using Cells = std::vector<Table::Cell>;
using Columns = std::vector<Table::Column>;

// An enum's value in lower case, "-" where it is not set.
std::string Word(const google::protobuf::EnumDescriptor* type, int number) {
  const auto* value = type->FindValueByNumber(number);
  if (value == nullptr) return std::to_string(number);
  return number == 0 ? "-" : config::ShortName(*value);
}

std::string Age(const google::protobuf::Timestamp& time, bool present,
                double now) {
  return present ? HumanDuration(now - Seconds(time)) : "-";
}

std::string BufferText(const v1::SidePolicy& policy) {
  if (!policy.has_buffer_size_bytes()) return "default";
  return HumanBytes(policy.buffer_size_bytes());
}

std::string NfDetail(const v1::NfInstance& instance) {
  if (instance.has_firewall()) {
    const v1::FirewallConfig& firewall = instance.firewall();
    const bool drops = firewall.default_action() == v1::FIREWALL_ACTION_DROP;
    return fmt::format("{} rules, else {}", firewall.rules_size(),
                       drops ? "drop" : "allow");
  }
  if (instance.has_flow_log()) {
    const std::string& path = instance.flow_log().output_path();
    return path.empty() ? "no file" : path;
  }
  return "";
}

Table::Cell StateCell(const v1::NfInstance& instance) {
  return {Word(v1::NfState_descriptor(), instance.state()),
          instance.state() == v1::NF_STATE_FAILED ? Tone::kBad : Tone::kPlain};
}

// A count of losses: nothing to look at as long as it is 0.
Table::Cell LossCell(uint64_t count) {
  return {Grouped(count), count > 0 ? Tone::kNotice : Tone::kPlain};
}

std::string SpeedText(uint64_t bits_per_second) {
  return bits_per_second == 0 ? "-"
                              : HumanBits(static_cast<double>(bits_per_second));
}

}  // namespace

double UnixNow() {
  return std::chrono::duration<double>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string Ids(const Messages<std::string>& names) {
  std::string ids;
  for (const std::string& name : names) {
    ids += fmt::format("{}{}", ids.empty() ? "" : ",", IdOf(name));
  }
  return ids;
}

std::string TypeOf(const v1::NfInstance& instance) {
  const auto* oneof = v1::NfInstance::descriptor()->FindOneofByName("config");
  const auto* field =
      instance.GetReflection()->GetOneofFieldDescriptor(instance, oneof);
  return field == nullptr ? "" : field->name();
}

std::string StopText(const Messages<v1::StopPolicy>& policies) {
  std::string text;
  for (const v1::StopPolicy& policy : policies) {
    if (!text.empty()) text += ", ";
    text += policy.side() == v1::SIDE_CLIENT   ? "client "
            : policy.side() == v1::SIDE_SERVER ? "server "
                                               : "";
    switch (policy.condition_case()) {
      case v1::StopPolicy::kImmediately:
        text += "now";
        break;
      case v1::StopPolicy::kPayloadBytes:
        text += HumanBytes(policy.payload_bytes());
        break;
      case v1::StopPolicy::kPackets:
        text += fmt::format("{} packets", policy.packets());
        break;
      case v1::StopPolicy::kAge:
        text += "age " + HumanDuration(Seconds(policy.age()));
        break;
      case v1::StopPolicy::kTcpState:
        text += StateText(policy.tcp_state());
        break;
      case v1::StopPolicy::CONDITION_NOT_SET:
        text += "?";
        break;
    }
    if (policy.forget_flow()) text += " forget";
  }
  return text;
}

std::string StateText(v1::TcpState state) {
  if (state == v1::TCP_STATE_UNSPECIFIED) return "-";
  const auto* value = v1::TcpState_descriptor()->FindValueByNumber(state);
  if (value == nullptr) return std::to_string(static_cast<int>(state));
  return value->name().substr(std::string_view("TCP_STATE_").size());
}

std::string StateText(const v1::Flow& flow) {
  const std::string client = StateText(flow.client().state());
  const std::string server = StateText(flow.server().state());
  return client == server ? client : client + "/" + server;
}

Table MonitorTable(const Messages<v1::Monitor>& monitors, Detail detail,
                   double now) {
  const bool wide = detail == Detail::kWide;
  Columns columns = {{"NAME"},
                     {"TYPE"},
                     {"STATE"},
                     {"FILTER"},
                     {"CLIENT", Align::kRight},
                     {"SERVER", Align::kRight},
                     {"STOP"},
                     {"NF"},
                     {"AGE", Align::kRight}};
  if (wide) {
    columns.insert(columns.end(), {{"PRIORITY", Align::kRight},
                                   {"MIDSTREAM"},
                                   {"EXCEPTIONS", Align::kRight},
                                   {"ETAG"}});
  }
  Table table(std::move(columns));
  for (const v1::Monitor& monitor : monitors) {
    const bool raw = monitor.type() == v1::MONITOR_TYPE_RAW;
    Cells row = {std::string(IdOf(monitor.name())),
                 Word(v1::MonitorType_descriptor(), monitor.type()),
                 monitor.disabled() ? Table::Cell("disabled", Tone::kNotice)
                                    : Table::Cell("on"),
                 raw ? monitor.raw_filter().expression()
                     : monitor.syn_filter().expression(),
                 raw ? "-" : BufferText(monitor.client()),
                 raw ? "-" : BufferText(monitor.server()),
                 StopText(monitor.stop_policies()),
                 Ids(monitor.nf_instances()),
                 Age(monitor.create_time(), monitor.has_create_time(), now)};
    if (wide) {
      row.insert(
          row.end(),
          {std::to_string(monitor.priority()),
           Word(v1::MidstreamPolicy_descriptor(), monitor.midstream()),
           std::to_string(monitor.flow_policies_size()), monitor.etag()});
    }
    table.Add(std::move(row));
  }
  return table;
}

Table NfTable(const Messages<v1::NfInstance>& instances, Detail detail,
              double now) {
  const bool wide = detail == Detail::kWide;
  Columns columns = {{"NAME"},       {"TYPE"},   {"STATE"},
                     {"ON FAILURE"}, {"DETAIL"}, {"AGE", Align::kRight}};
  if (wide) columns.insert(columns.end(), {{"ETAG"}, {"WHY"}});
  Table table(std::move(columns));
  for (const v1::NfInstance& instance : instances) {
    const bool closed = instance.failure_policy() == v1::FAILURE_POLICY_CLOSED;
    Cells row = {std::string(IdOf(instance.name())),
                 TypeOf(instance),
                 StateCell(instance),
                 closed ? "drop" : "pass",
                 NfDetail(instance),
                 Age(instance.create_time(), instance.has_create_time(), now)};
    if (wide) {
      row.insert(row.end(), {instance.etag(), instance.state_message()});
    }
    table.Add(std::move(row));
  }
  return table;
}

Table CoreTable(const Messages<v1::Core>& cores, Detail detail) {
  const bool wide = detail == Detail::kWide;
  Columns columns = {{"CORE", Align::kRight},    {"CPU", Align::kRight},
                     {"BUSY", Align::kRight},    {"PACKETS", Align::kRight},
                     {"DROPPED", Align::kRight}, {"FLOWS", Align::kRight},
                     {"MAX", Align::kRight},     {"BUFFERED", Align::kRight},
                     {"REVISION", Align::kRight}};
  if (wide) {
    columns.insert(columns.end(), {{"NUMA", Align::kRight},
                                   {"OLDEST REVISION", Align::kRight}});
  }
  Table table(std::move(columns));
  for (const v1::Core& core : cores) {
    Cells row = {std::to_string(core.core()),
                 std::to_string(core.cpu()),
                 {fmt::format("{:.1f} %", 100 * core.busy_ratio()),
                  core.busy_ratio() > 0.9 ? Tone::kNotice : Tone::kPlain},
                 Grouped(core.packets()),
                 LossCell(core.dropped_packets()),
                 Grouped(core.flows()),
                 Grouped(core.flows_max()),
                 HumanBytes(core.buffered_bytes()),
                 std::to_string(core.applied_revision())};
    if (wide) {
      row.insert(row.end(), {std::to_string(core.numa_node()),
                             std::to_string(core.oldest_revision())});
    }
    table.Add(std::move(row));
  }
  return table;
}

Table PortTable(const Messages<v1::Port>& ports, Detail detail) {
  const bool wide = detail == Detail::kWide;
  Columns columns = {{"PORT"},
                     {"LINK"},
                     {"MODE"},
                     {"PEER"},
                     {"RX PACKETS", Align::kRight},
                     {"RX BYTES", Align::kRight},
                     {"TX PACKETS", Align::kRight},
                     {"TX BYTES", Align::kRight},
                     {"LOST", Align::kRight},
                     {"ERRORS", Align::kRight}};
  if (wide) {
    columns.insert(columns.end(), {{"SPEED", Align::kRight},
                                   {"DRIVER"},
                                   {"DEVICE"},
                                   {"MAC"},
                                   {"MTU", Align::kRight},
                                   {"QUEUES", Align::kRight}});
  }
  Table table(std::move(columns));
  for (const v1::Port& port : ports) {
    Cells row = {
        std::string(IdOf(port.name())),
        port.link_up() ? Table::Cell("up", Tone::kGood)
                       : Table::Cell("down", Tone::kBad),
        Word(v1::PortMode_descriptor(), port.mode()),
        std::string(IdOf(port.peer())),
        Grouped(port.rx_packets()),
        HumanBytes(port.rx_bytes()),
        Grouped(port.tx_packets()),
        HumanBytes(port.tx_bytes()),
        LossCell(port.rx_missed_packets() + port.rx_no_buffer_packets()),
        LossCell(port.rx_errors() + port.tx_errors())};
    if (wide) {
      row.insert(
          row.end(),
          {SpeedText(port.speed_bits_per_second()), port.driver(),
           port.device(), port.mac_address(), std::to_string(port.mtu_bytes()),
           fmt::format("{}/{}", port.rx_queues(), port.tx_queues())});
    }
    table.Add(std::move(row));
  }
  return table;
}

Table FlowTable(const Messages<v1::Flow>& flows, Detail detail, double now) {
  const bool wide = detail == Detail::kWide;
  Columns columns = {{"FLOW"},
                     {"PROTO"},
                     {"CLIENT"},
                     {"SERVER"},
                     {"STATE"},
                     {"SENT", Align::kRight},
                     {"RECEIVED", Align::kRight},
                     {"AGE", Align::kRight},
                     {"MONITORS"}};
  if (wide) {
    columns.insert(columns.end(), {{"IDLE", Align::kRight},
                                   {"PACKETS", Align::kRight},
                                   {"RESENT", Align::kRight},
                                   {"GAPS", Align::kRight},
                                   {"CONFLICTS", Align::kRight},
                                   {"BUFFERED", Align::kRight},
                                   {"CORE", Align::kRight},
                                   {"REVISION", Align::kRight}});
  }
  Table table(std::move(columns));
  for (const v1::Flow& flow : flows) {
    const v1::FlowKey& key = flow.key();
    const v1::FlowSide& client = flow.client();
    const v1::FlowSide& server = flow.server();
    Cells row = {std::to_string(flow.flow_id()),
                 ProtocolText(key.protocol()),
                 Endpoint(key.client_address(), key.client_port()),
                 Endpoint(key.server_address(), key.server_port()),
                 StateText(flow),
                 HumanBytes(client.payload_bytes()),
                 HumanBytes(server.payload_bytes()),
                 Age(flow.start_time(), flow.has_start_time(), now),
                 Ids(flow.monitors())};
    if (wide) {
      row.insert(
          row.end(),
          {Age(flow.last_packet_time(), flow.has_last_packet_time(), now),
           fmt::format("{}/{}", client.packets(), server.packets()),
           HumanBytes(client.retransmitted_bytes() +
                      server.retransmitted_bytes()),
           HumanBytes(client.gap_bytes() + server.gap_bytes()),
           HumanBytes(client.conflict_bytes() + server.conflict_bytes()),
           HumanBytes(client.buffered_bytes() + server.buffered_bytes()),
           std::to_string(flow.core()), std::to_string(flow.revision())});
    }
    table.Add(std::move(row));
  }
  return table;
}

}  // namespace mosaic::ctl
