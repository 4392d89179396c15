// mosaicctl get flows, mosaicctl describe flow.

#include <fmt/format.h>

#include <memory>

#include "control/cli/terminal.h"
#include "control/ctl/commands.h"
#include "control/ctl/flag_values.h"
#include "control/ctl/flow_filter_flags.h"
#include "control/ctl/pages.h"
#include "control/ctl/printable_text.h"
#include "control/ctl/resource_table.h"

namespace mosaic::ctl {
namespace {

struct FlowFlags {
  v1::ListFlowsRequest request;
  uint64_t max = 1000;  // 0: all.
};

int GetFlows(Session& session, const FlowFlags& flags) {
  v1::ListFlowsResponse all;
  bool more = false;
  const CallStatus status = ReadPages<v1::ListFlowsResponse>(
      session.client(), flags.request, [&](v1::ListFlowsResponse& page) {
        for (v1::Flow& flow : *page.mutable_flows()) {
          more = flags.max > 0 &&
                 static_cast<uint64_t>(all.flows_size()) >= flags.max;
          if (more) return Next::kEnd;
          all.add_flows()->Swap(&flow);
        }
        return Next::kRead;
      });
  if (!status.ok()) return session.Fail(status);
  if (session.for_people()) {
    session.PrintTable(
        FlowTable(all.flows(), session.wide() ? Detail::kWide : Detail::kTable,
                  UnixNow()));
  } else if (session.format() == Format::kName) {
    for (const v1::Flow& flow : all.flows()) {
      session.Print(fmt::format("{}\n", flow.flow_id()));
    }
  } else {
    session.PrintMessage(all);
  }
  if (more) {
    session.Flush();
    session.Note(
        fmt::format("only the first {} flows; --max 0 shows all", flags.max));
  }
  return kExitOk;
}

void AddSide(const v1::FlowSide& side, const std::string& who, Table& table) {
  table.Add({who, "state", StateText(side.state())});
  table.Add({"", "sent",
             fmt::format("{} packets, {}", Grouped(side.packets()),
                         HumanBytes(side.bytes()))});
  table.Add({"", "payload sent",
             fmt::format("{}, again {}", HumanBytes(side.payload_bytes()),
                         HumanBytes(side.retransmitted_bytes()))});
  table.Add({"", "out of order",
             fmt::format("{} packets", Grouped(side.out_of_order_packets()))});
  table.Add({"", "never seen", HumanBytes(side.gap_bytes())});
  table.Add({"",
             "in conflict",
             {HumanBytes(side.conflict_bytes()),
              side.conflict_bytes() > 0 ? Tone::kNotice : Tone::kPlain}});
  table.Add({"", "received in order", HumanBytes(side.delivered_bytes())});
  table.Add({"", "buffer",
             fmt::format("{} of {}", HumanBytes(side.buffered_bytes()),
                         HumanBytes(side.buffer_size_bytes()))});
  table.Add({"", "monitoring", side.monitoring_stopped() ? "stopped" : "on"});
}

void PrintFlow(Session& session, const v1::Flow& flow) {
  const v1::FlowKey& key = flow.key();
  session.Print(fmt::format(
      "{} {} > {}\n", ProtocolText(key.protocol()),
      Printable(Endpoint(key.client_address(), key.client_port())),
      Printable(Endpoint(key.server_address(), key.server_port()))));
  Table table({{"WHO"}, {"WHAT"}, {"VALUE"}});
  table.Add({"flow", "id", std::to_string(flow.flow_id())});
  table.Add({"", "monitors", Ids(flow.monitors())});
  table.Add({"", "began", DateTime(flow.start_time())});
  table.Add({"", "newest packet", DateTime(flow.last_packet_time())});
  table.Add({"", "beginning seen", flow.picked_up() ? "no" : "yes"});
  table.Add({"", "worker", std::to_string(flow.core())});
  table.Add({"", "revision", std::to_string(flow.revision())});
  AddSide(flow.client(), "client", table);
  AddSide(flow.server(), "server", table);
  session.PrintTable(table);
}

int DescribeFlow(Session& session, uint64_t flow_id) {
  if (!session.Supports({Format::kTable, Format::kJson, Format::kYaml})) {
    return kExitUsage;
  }
  v1::GetFlowRequest request;
  request.set_flow_id(flow_id);
  v1::GetFlowResponse response;
  const CallStatus status = session.client().Call(request, response);
  if (!status.ok()) return session.Fail(status);
  if (session.for_people()) {
    PrintFlow(session, response.flow());
  } else {
    session.PrintMessage(response.flow());
  }
  return kExitOk;
}

}  // namespace

void AddGetFlows(CLI::App& get, Session& session) {
  CLI::App* const command =
      get.add_subcommand("flows", "Show tracked flows, the oldest first");
  command->alias("flow");
  const auto flags = std::make_shared<FlowFlags>();
  AddFlowFilter(*command, "--", *flags->request.mutable_filter());
  command
      ->add_option("--max", flags->max,
                   "Most flows to show; 0: all; default 1000")
      ->type_name("N");
  command->callback([&session, flags] {
    session.command = [&session, flags] { return GetFlows(session, *flags); };
  });
  AddExamples(*command,
              {"mosaicctl get flows",
               "mosaicctl get flows --protocol tcp --server-port 80,443",
               "mosaicctl get flows --client-cidr 192.0.2.0/24 -o json"});
}

void AddDescribe(CLI::App& app, Session& session) {
  CLI::App* const describe =
      app.add_subcommand("describe", "Show all that is known of a flow");
  describe->require_subcommand(0, 1);
  CLI::App* const command = describe->add_subcommand(
      "flow", "Show both ends of a flow: states, bytes, buffers");
  const auto flow_id = std::make_shared<uint64_t>(0);
  command->add_option("ID", *flow_id, "As `mosaicctl get flows` shows it")
      ->required();
  command->callback([&session, flow_id] {
    session.command = [&session, flow_id] {
      return DescribeFlow(session, *flow_id);
    };
  });
  AddExamples(*describe, {"mosaicctl describe flow 42"});
  AddExamples(*command, {"mosaicctl describe flow 42"});
}

}  // namespace mosaic::ctl
