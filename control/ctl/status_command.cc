// mosaicctl status, health, version: how the daemon is, on one screen or in one
// exit code.

#include <fmt/format.h>

#include <memory>

#include "control/cli/terminal.h"
#include "control/ctl/app.h"
#include "control/ctl/commands.h"
#include "control/ctl/flag_values.h"
#include "control/ctl/pages.h"
#include "control/ctl/printable_text.h"
#include "control/ctl/resource_table.h"
#include <nlohmann/json.hpp>

namespace mosaic::ctl {
namespace {

constexpr const char* kReadyService = "mosaic.v1.ready";

struct Overview {
  v1::GetCapabilitiesResponse daemon;
  v1::ListCoresResponse cores;
  v1::ListPortsResponse ports;
  v1::ListMonitorsResponse monitors;
  v1::ListNfInstancesResponse nfs;
  Health live = Health::kUnknown;
  Health ready = Health::kUnknown;
};

CallStatus Look(Client& client, Overview& overview) {
  CallStatus status =
      client.Call(v1::GetCapabilitiesRequest(), overview.daemon);
  if (!status.ok()) return status;
  status = client.CheckHealth("", overview.live);
  if (!status.ok()) return status;
  status = client.CheckHealth(kReadyService, overview.ready);
  if (!status.ok()) return status;
  status = client.Call(v1::ListCoresRequest(), overview.cores);
  if (!status.ok()) return status;
  status = client.Call(v1::ListPortsRequest(), overview.ports);
  if (!status.ok()) return status;
  status = ReadPages<v1::ListMonitorsResponse>(
      client, v1::ListMonitorsRequest(), [&](v1::ListMonitorsResponse& page) {
        overview.monitors.MergeFrom(page);
        return Next::kRead;
      });
  if (!status.ok()) return status;
  return ReadPages<v1::ListNfInstancesResponse>(
      client, v1::ListNfInstancesRequest(),
      [&](v1::ListNfInstancesResponse& page) {
        overview.nfs.MergeFrom(page);
        return Next::kRead;
      });
}

std::string_view Word(Health health) {
  switch (health) {
    case Health::kServing:
      return "yes";
    case Health::kNotServing:
      return "no";
    case Health::kUnknown:
      return "unknown";
  }
  return "";
}

Tone ToneOf(Health health) {
  return health == Health::kServing      ? Tone::kGood
         : health == Health::kNotServing ? Tone::kBad
                                         : Tone::kNotice;
}

std::string FlowsLine(const v1::ListCoresResponse& cores, const Style& style) {
  uint64_t flows = 0;
  uint64_t max = 0;
  uint64_t packets = 0;
  uint64_t dropped = 0;
  uint64_t buffered = 0;
  for (const v1::Core& core : cores.cores()) {
    flows += core.flows();
    max += core.flows_max();
    packets += core.packets();
    dropped += core.dropped_packets();
    buffered += core.buffered_bytes();
  }
  return fmt::format(
      "flows     {} of {}, {} buffered\n"
      "packets   {}, {}\n",
      Grouped(flows), Grouped(max), HumanBytes(buffered), Grouped(packets),
      style.Paint(dropped > 0 ? Tone::kNotice : Tone::kPlain,
                  fmt::format("{} dropped", Grouped(dropped))));
}

// Whether every worker runs the daemon's revision.
std::string RevisionLine(const Overview& overview, const Style& style) {
  const uint64_t revision = overview.daemon.running_revision();
  int behind = 0;
  for (const v1::Core& core : overview.cores.cores()) {
    if (core.applied_revision() < revision) ++behind;
  }
  return fmt::format(
      "revision  {}, {}\n", revision,
      behind == 0 ? std::string("on every worker")
                  : style.Paint(Tone::kNotice,
                                fmt::format("{} workers behind", behind)));
}

void PrintOverview(Session& session, const Overview& overview) {
  const Style style = session.out_style();
  const v1::GetCapabilitiesResponse& daemon = overview.daemon;
  session.Print(fmt::format(
      "{} {} (commit {}, DPDK {})\n", style.Paint(Tone::kBold, "mosaicd"),
      Printable(daemon.version()), Printable(daemon.git_commit()),
      Printable(daemon.dpdk_version())));
  session.Print(
      fmt::format("up        {}, since {}\n",
                  HumanDuration(UnixNow() - Seconds(daemon.start_time())),
                  DateTime(daemon.start_time())));
  session.Print(fmt::format(
      "health    alive {}, ready {}{}\n",
      style.Paint(ToneOf(overview.live), Word(overview.live)),
      style.Paint(ToneOf(overview.ready), Word(overview.ready)),
      daemon.draining() ? ", " + style.Paint(Tone::kNotice, "draining") : ""));
  session.Print(RevisionLine(overview, style));
  session.Print(FlowsLine(overview.cores, style));
  session.Print(
      fmt::format("monitors  {} of {}\nfunctions {} of {}\n",
                  overview.monitors.monitors_size(), daemon.max_monitors(),
                  overview.nfs.nf_instances_size(), daemon.max_nf_instances()));
  session.Print("\n");
  session.PrintTable(CoreTable(overview.cores.cores(), Detail::kTable));
  if (overview.ports.ports_size() > 0) {
    session.Print("\n");
    session.PrintTable(PortTable(overview.ports.ports(), Detail::kTable));
  }
  if (overview.nfs.nf_instances_size() > 0) {
    session.Print("\n");
    session.PrintTable(
        NfTable(overview.nfs.nf_instances(), Detail::kTable, UnixNow()));
  }
}

nlohmann::json Json(const google::protobuf::Message& message) {
  return nlohmann::json::parse(ToJson(message, JsonLayout::kOneLine));
}

int Status(Session& session) {
  if (!session.Supports({Format::kTable, Format::kJson})) return kExitUsage;
  Overview overview;
  const CallStatus status = Look(session.client(), overview);
  if (!status.ok()) return session.Fail(status);
  if (session.for_people()) {
    PrintOverview(session, overview);
    return kExitOk;
  }
  nlohmann::json json = Json(overview.cores);
  json.update(Json(overview.ports));
  json.update(Json(overview.monitors));
  json.update(Json(overview.nfs));
  json["capabilities"] = Json(overview.daemon);
  json["alive"] = overview.live == Health::kServing;
  json["ready"] = overview.ready == Health::kServing;
  session.Print(json.dump(1) + "\n");
  return kExitOk;
}

int CheckHealth(Session& session, bool live_only) {
  if (!session.Supports({Format::kTable, Format::kJson})) return kExitUsage;
  Health live = Health::kUnknown;
  Health ready = Health::kUnknown;
  CallStatus status = session.client().CheckHealth("", live);
  if (status.ok()) {
    status = session.client().CheckHealth(kReadyService, ready);
  }
  if (!status.ok()) return session.Fail(status);
  const bool is_live = live == Health::kServing;
  const bool is_ready = ready == Health::kServing;
  if (session.for_people()) {
    const Style style = session.out_style();
    session.Print(fmt::format("alive {}, ready {}\n",
                              style.Paint(ToneOf(live), Word(live)),
                              style.Paint(ToneOf(ready), Word(ready))));
  } else {
    session.Print(
        nlohmann::json({{"alive", is_live}, {"ready", is_ready}}).dump() +
        "\n");
  }
  return is_live && (is_ready || live_only) ? kExitOk : kExitFailed;
}

int ShowVersion(Session& session) {
  if (!session.Supports({Format::kTable, Format::kJson})) return kExitUsage;
  v1::GetCapabilitiesResponse daemon;
  const CallStatus status =
      session.client().Call(v1::GetCapabilitiesRequest(), daemon);
  if (session.for_people()) {
    session.Print(fmt::format("mosaicctl {}\n", Version()));
    if (!status.ok()) return session.Fail(status);
    session.Print(fmt::format(
        "mosaicd   {} (commit {}, DPDK {})\n", Printable(daemon.version()),
        Printable(daemon.git_commit()), Printable(daemon.dpdk_version())));
    return kExitOk;
  }
  nlohmann::json json = {{"client", {{"version", Version()}}}};
  if (status.ok()) json["daemon"] = Json(daemon);
  session.Print(json.dump(1) + "\n");
  return status.ok() ? kExitOk : session.Fail(status);
}

}  // namespace

void AddStatus(CLI::App& app, Session& session) {
  CLI::App* const command =
      app.add_subcommand("status", "Show how the daemon is, on one screen");
  command->callback(
      [&session] { session.command = [&session] { return Status(session); }; });
  AddExamples(*command, {"mosaicctl status", "mosaicctl status -o json"});
}

void AddHealth(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand(
      "health", "Exit with 0 if the daemon is alive and ready, else with 1");
  const auto live_only = std::make_shared<bool>(false);
  command->add_flag("--live", *live_only, "It is enough that it is alive");
  command->callback([&session, live_only] {
    session.command = [&session, live_only] {
      return CheckHealth(session, *live_only);
    };
  });
  AddExamples(*command, {"mosaicctl health --timeout 2s",
                         "mosaicctl health --live -o json"});
}

void AddVersion(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand(
      "version", "Show the versions of mosaicctl and of the daemon");
  command->callback([&session] {
    session.command = [&session] { return ShowVersion(session); };
  });
  AddExamples(*command, {"mosaicctl version", "mosaicctl --version"});
}

}  // namespace mosaic::ctl
