// mosaicctl get: resources, cores and ports as tables or documents.

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "control/ctl/commands.h"
#include "control/ctl/flag_values.h"
#include "control/ctl/pages.h"
#include "control/ctl/printable_text.h"
#include "control/ctl/resource_kind.h"
#include "control/ctl/resource_table.h"

namespace mosaic::ctl {
namespace {

Detail DetailOf(const Session& session) {
  return session.wide() ? Detail::kWide : Detail::kTable;
}

template <typename Kind>
void PrintList(Session& session, typename Kind::ListResponse& list) {
  switch (session.format()) {
    case Format::kTable:
    case Format::kWide:
      session.PrintTable(TableOf(Kind::All(list), DetailOf(session)));
      break;
    case Format::kName:
      for (const auto& resource : Kind::All(list)) {
        session.Print(Printable(resource.name()) + "\n");
      }
      break;
    case Format::kJson:
    case Format::kYaml:
      session.PrintMessage(list);
      break;
  }
}

// Those of `names`; what is missing is told and the others are shown.
template <typename Kind>
int GetNamed(Session& session, const std::vector<std::string>& names) {
  typename Kind::ListResponse list;
  int result = kExitOk;
  for (const std::string& name : names) {
    typename Kind::GetRequest request;
    request.set_name(FullName(Kind::kCollection, name));
    typename Kind::GetResponse response;
    const CallStatus status = session.client().Call(request, response);
    if (!status.ok()) {
      result = session.Fail(status);
      if (result != kExitNotFound) return result;
      continue;
    }
    *Kind::All(list).Add() = Kind::Of(response);
  }
  const bool document =
      session.format() == Format::kJson || session.format() == Format::kYaml;
  if (Kind::All(list).empty()) return result;
  if (names.size() == 1 && document) {
    session.PrintMessage(Kind::All(list)[0]);
  } else {
    PrintList<Kind>(session, list);
  }
  return result;
}

template <typename Kind>
int GetResources(Session& session, const std::vector<std::string>& names) {
  if (!names.empty()) return GetNamed<Kind>(session, names);
  typename Kind::ListResponse list;
  const CallStatus status = ReadPages<typename Kind::ListResponse>(
      session.client(), typename Kind::ListRequest(),
      [&list](typename Kind::ListResponse& page) {
        page.clear_next_page_token();
        list.MergeFrom(page);
        return Next::kRead;
      });
  if (!status.ok()) return session.Fail(status);
  PrintList<Kind>(session, list);
  return kExitOk;
}

template <typename Kind>
CLI::App& AddKind(CLI::App& get, Session& session, const std::string& word,
                  const std::string& help) {
  CLI::App* const command = get.add_subcommand(word, help);
  const auto names = std::make_shared<std::vector<std::string>>();
  command->add_option("NAME", *names, "Only these; default: all");
  command->callback([&session, names] {
    session.command = [&session, names] {
      return GetResources<Kind>(session, *names);
    };
  });
  return *command;
}

int GetConfig(Session& session) {
  v1::GetConfigResponse response;
  const CallStatus status =
      session.client().Call(v1::GetConfigRequest(), response);
  if (!status.ok()) return session.Fail(status);
  const v1::Config& config = response.config();
  Table table({{"NAME"}, {"KIND"}, {"ETAG"}});
  for (const v1::NfInstance& instance : config.nf_instances()) {
    table.Add({instance.name(), TypeOf(instance), instance.etag()});
  }
  for (const v1::Monitor& monitor : config.monitors()) {
    const bool raw = monitor.type() == v1::MONITOR_TYPE_RAW;
    table.Add({monitor.name(), raw ? "raw monitor" : "stream monitor",
               monitor.etag()});
  }
  switch (session.format()) {
    case Format::kTable:
    case Format::kWide:
      session.PrintTable(table);
      session.Print(fmt::format("\nrevision {}, etag {}\n", response.revision(),
                                Printable(response.etag())));
      break;
    case Format::kName:
      for (const v1::NfInstance& instance : config.nf_instances()) {
        session.Print(Printable(instance.name()) + "\n");
      }
      for (const v1::Monitor& monitor : config.monitors()) {
        session.Print(Printable(monitor.name()) + "\n");
      }
      break;
    case Format::kJson:
    case Format::kYaml:
      session.PrintMessage(response);
      break;
  }
  return kExitOk;
}

int GetCores(Session& session) {
  v1::ListCoresResponse response;
  const CallStatus status =
      session.client().Call(v1::ListCoresRequest(), response);
  if (!status.ok()) return session.Fail(status);
  if (session.for_people()) {
    session.PrintTable(CoreTable(response.cores(), DetailOf(session)));
  } else if (session.format() == Format::kName) {
    for (const v1::Core& core : response.cores()) {
      session.Print(fmt::format("{}\n", core.core()));
    }
  } else {
    session.PrintMessage(response);
  }
  return kExitOk;
}

int GetPorts(Session& session) {
  v1::ListPortsResponse response;
  const CallStatus status =
      session.client().Call(v1::ListPortsRequest(), response);
  if (!status.ok()) return session.Fail(status);
  if (session.for_people()) {
    session.PrintTable(PortTable(response.ports(), DetailOf(session)));
  } else if (session.format() == Format::kName) {
    for (const v1::Port& port : response.ports()) {
      session.Print(Printable(port.name()) + "\n");
    }
  } else {
    session.PrintMessage(response);
  }
  return kExitOk;
}

}  // namespace

CLI::App& AddGet(CLI::App& app, Session& session) {
  CLI::App* const get = app.add_subcommand(
      "get", "Show monitors, network functions, flows, cores, ports");
  get->require_subcommand(0, 1);
  AddGetMonitors(*get, session);
  AddGetNfs(*get, session);
  AddGetFlows(*get, session);
  AddGetCores(*get, session);
  AddGetPorts(*get, session);
  AddGetConfig(*get, session);
  AddExamples(*get, {"mosaicctl get monitors",
                     "mosaicctl get flows --server-port 443 -o wide",
                     "mosaicctl get nf firewall -o yaml"});
  return *get;
}

void AddGetMonitors(CLI::App& get, Session& session) {
  CLI::App& command = AddKind<MonitorKind>(
      get, session, "monitors",
      "Show monitors: their filters, buffers, stop rules and functions");
  command.alias("monitor");
  AddExamples(command,
              {"mosaicctl get monitors", "mosaicctl get monitor web -o json"});
}

void AddGetNfs(CLI::App& get, Session& session) {
  CLI::App& command = AddKind<NfKind>(
      get, session, "nf", "Show network functions, their state and counters");
  command.alias("nfs")->alias("nfInstances");
  AddExamples(command,
              {"mosaicctl get nf", "mosaicctl get nf firewall -o yaml"});
}

void AddGetConfig(CLI::App& get, Session& session) {
  CLI::App* const command = get.add_subcommand(
      "config", "Show the running configuration, its revision and etag");
  command->callback([&session] {
    session.command = [&session] { return GetConfig(session); };
  });
  AddExamples(*command,
              {"mosaicctl get config", "mosaicctl get config -o json"});
}

void AddGetCores(CLI::App& get, Session& session) {
  CLI::App* const command =
      get.add_subcommand("cores", "Show the workers, their load and revision");
  command->alias("core")->callback([&session] {
    session.command = [&session] { return GetCores(session); };
  });
  AddExamples(*command, {"mosaicctl get cores -o wide"});
}

void AddGetPorts(CLI::App& get, Session& session) {
  CLI::App* const command =
      get.add_subcommand("ports", "Show the ports, their links and counters");
  command->alias("port")->callback([&session] {
    session.command = [&session] { return GetPorts(session); };
  });
  AddExamples(*command, {"mosaicctl get ports -o wide"});
}

}  // namespace mosaic::ctl
