// mosaicctl create, update, delete.

#include <memory>
#include <type_traits>
#include <utility>

#include "control/ctl/commands.h"
#include "control/ctl/flag_values.h"
#include "control/ctl/printable_text.h"
#include "control/ctl/resource_flags.h"
#include "control/ctl/resource_kind.h"
#include "control/ctl/write_result.h"

namespace mosaic::ctl {
namespace {

struct WriteFlags {
  ResourceFlags fields;
  std::vector<std::string> names;
  std::string nf_type;
  std::string etag;
  v1::LiveFlows live_flows = v1::LIVE_FLOWS_UNSPECIFIED;
  bool dry_run = false;
  bool allow_missing = false;
};

// Network functions have no flows of their own to attach anew.
template <typename Request>
void SetLiveFlows(v1::LiveFlows value, Request& request) {
  if constexpr (requires { request.set_live_flows(value); }) {
    request.set_live_flows(value);
  }
}

template <typename Response>
void PrintResult(Session& session, std::string_view name, std::string_view verb,
                 const Response& response) {
  if (session.for_people()) {
    session.Print(ChangeText(name, verb, response.result()) + "\n" +
                  ResultText(response.result()) + "\n");
  } else if (session.format() == Format::kName) {
    session.Print(Printable(name) + "\n");
  } else {
    session.PrintMessage(response);
  }
}

int FailFlags(Session& session, const absl::Status& status) {
  return session.Fail(kExitUsage, std::string(status.message()),
                      "--help lists the flags; `--set FIELD=VALUE` sets any "
                      "field of a configuration file");
}

template <typename Kind>
int Create(Session& session, const WriteFlags& flags) {
  typename Kind::CreateRequest request;
  Kind::SetId(request, std::string(IdOf(flags.names.front())));
  request.set_validate_only(flags.dry_run);
  SetLiveFlows(flags.live_flows, request);
  Assignments assignments(Kind::In(request));
  absl::Status status = flags.fields.Apply(assignments);
  if constexpr (std::is_same_v<Kind, MonitorKind>) {
    if (status.ok() && !flags.fields.Sets("type")) {
      status = assignments.Set(
          "type", flags.fields.Sets("raw_filter") ? "raw" : "stream");
    }
  } else if (!flags.nf_type.empty()) {
    if (status.ok() && !flags.fields.Sets(flags.nf_type)) {
      status = assignments.Set(flags.nf_type, "{}");
    }
  }
  if (!status.ok()) return FailFlags(session, status);
  typename Kind::CreateResponse response;
  const CallStatus called = session.client().Call(request, response);
  if (!called.ok()) return session.Fail(called);
  PrintResult(session, FullName(Kind::kCollection, flags.names.front()),
              "created", response);
  return kExitOk;
}

template <typename Kind>
int Update(Session& session, const WriteFlags& flags) {
  if (flags.fields.empty()) {
    return session.Fail(kExitUsage, "nothing to change was named",
                        "--set FIELD=VALUE sets a field");
  }
  const std::string name = FullName(Kind::kCollection, flags.names.front());
  typename Kind::UpdateRequest request;
  request.set_validate_only(flags.dry_run);
  request.set_allow_missing(flags.allow_missing);
  SetLiveFlows(flags.live_flows, request);
  auto& resource = Kind::In(request);
  Assignments assignments(resource);
  if (const absl::Status status = flags.fields.Apply(assignments);
      !status.ok()) {
    return FailFlags(session, status);
  }
  *request.mutable_update_mask() = assignments.mask();
  resource.set_name(name);
  resource.set_etag(flags.etag);
  typename Kind::UpdateResponse response;
  const CallStatus called = session.client().Call(request, response);
  if (!called.ok()) return session.Fail(called);
  PrintResult(session, name, "updated", response);
  return kExitOk;
}

// Every name is tried; the first failure's code is returned.
template <typename Kind>
int Delete(Session& session, const WriteFlags& flags) {
  if (!flags.etag.empty() && flags.names.size() > 1) {
    return session.Fail(kExitUsage, "--etag is one resource's; name only one");
  }
  int result = kExitOk;
  for (const std::string& word : flags.names) {
    const std::string name = FullName(Kind::kCollection, word);
    typename Kind::DeleteRequest request;
    request.set_name(name);
    request.set_etag(flags.etag);
    request.set_allow_missing(flags.allow_missing);
    request.set_validate_only(flags.dry_run);
    SetLiveFlows(flags.live_flows, request);
    typename Kind::DeleteResponse response;
    const CallStatus called = session.client().Call(request, response);
    if (called.ok()) {
      PrintResult(session, name, "deleted", response);
    } else {
      const int code = session.Fail(called);
      if (result == kExitOk) result = code;
      if (code == kExitUnreachable || code == kExitInterrupted) return code;
    }
  }
  return result;
}

template <typename Kind>
void AddWriteFlags(CLI::App& command, WriteFlags& flags) {
  if constexpr (std::is_same_v<Kind, MonitorKind>) {
    AddLiveFlows(command, flags.live_flows);
  }
  command.add_flag("--dry-run", flags.dry_run,
                   "Check only; fails exactly as the real call would");
}

template <typename Kind>
void AddFieldFlags(CLI::App& command, ResourceFlags& fields) {
  if constexpr (std::is_same_v<Kind, MonitorKind>) {
    fields.AddMonitorFlags(command);
  } else {
    fields.AddNfFlags(command);
  }
  fields.AddSetAndClear(command);
}

// One verb of one kind of resource.
template <typename Kind>
CLI::App& AddVerb(CLI::App& parent, Session& session, const std::string& help,
                  int (*run)(Session&, const WriteFlags&),
                  const std::shared_ptr<WriteFlags>& flags) {
  constexpr bool kMonitors = std::is_same_v<Kind, MonitorKind>;
  CLI::App* const command =
      parent.add_subcommand(kMonitors ? "monitor" : "nf", help);
  command->alias(kMonitors ? "monitors" : "nfs");
  command->callback([&session, flags, run] {
    session.command = [&session, flags, run] { return run(session, *flags); };
  });
  AddWriteFlags<Kind>(*command, *flags);
  return *command;
}

void AddName(CLI::App& command, WriteFlags& flags, int max) {
  command
      .add_option("NAME", flags.names,
                  max == 1 ? "Its id: [a-z][a-z0-9-]{0,62}" : "One or more")
      ->required()
      ->expected(1, max);
}

constexpr int kManyNames = 1000;

}  // namespace

void AddCreate(CLI::App& app, Session& session) {
  CLI::App* const create =
      app.add_subcommand("create", "Add a monitor or a network function");
  create->require_subcommand(0, 1);
  const auto monitor_flags = std::make_shared<WriteFlags>();
  CLI::App& monitor = AddVerb<MonitorKind>(*create, session, "Add a monitor",
                                           Create<MonitorKind>, monitor_flags);
  AddName(monitor, *monitor_flags, 1);
  AddFieldFlags<MonitorKind>(monitor, monitor_flags->fields);
  const std::vector<std::string> examples = {
      "mosaicctl create monitor web --syn-filter 'tcp port 443' "
      "--server-buffer 0",
      "mosaicctl create monitor head --stop-after-bytes 1MiB --nf log",
      "mosaicctl create monitor frags --raw-filter 'ip[6:2] & 0x1fff != 0'"};
  AddExamples(monitor, examples);

  const auto nf_flags = std::make_shared<WriteFlags>();
  CLI::App& nf = AddVerb<NfKind>(*create, session, "Add a network function",
                                 Create<NfKind>, nf_flags);
  AddName(nf, *nf_flags, 1);
  nf.add_option("--type", nf_flags->nf_type,
                "Which function; `mosaicctl get nf` shows those there are")
      ->type_name("")
      ->check(CLI::IsMember({"firewall", "flow_log"}));
  AddFieldFlags<NfKind>(nf, nf_flags->fields);
  AddExamples(nf, {"mosaicctl create nf log --type flow_log "
                   "--output-path flows.jsonl",
                   "mosaicctl create nf guard --type firewall --default-action "
                   "drop \\\n      --rule '{id: web, protocol: tcp, "
                   "server_ports: 443, action: allow}'"});
  AddExamples(*create, examples);
}

void AddUpdate(CLI::App& app, Session& session) {
  CLI::App* const update = app.add_subcommand(
      "update", "Change fields of a monitor or a network function");
  update->require_subcommand(0, 1);
  const auto add_own = [](CLI::App& command, WriteFlags& flags) {
    AddName(command, flags, 1);
    command.add_option("--etag", flags.etag,
                       "Only if this is still the resource's etag");
    command.add_flag("--allow-missing", flags.allow_missing,
                     "Create it where there is none");
  };
  const auto monitor_flags = std::make_shared<WriteFlags>();
  CLI::App& monitor =
      AddVerb<MonitorKind>(*update, session, "Change fields of a monitor",
                           Update<MonitorKind>, monitor_flags);
  add_own(monitor, *monitor_flags);
  AddFieldFlags<MonitorKind>(monitor, monitor_flags->fields);
  const std::vector<std::string> examples = {
      "mosaicctl update monitor web --set server.buffer_size_bytes=64KiB "
      "--live-flows reevaluate",
      "mosaicctl update monitor web --clear idle_timeout --dry-run"};
  AddExamples(monitor, examples);

  const auto nf_flags = std::make_shared<WriteFlags>();
  CLI::App& nf =
      AddVerb<NfKind>(*update, session, "Change fields of a network function",
                      Update<NfKind>, nf_flags);
  add_own(nf, *nf_flags);
  AddFieldFlags<NfKind>(nf, nf_flags->fields);
  AddExamples(nf, {"mosaicctl update nf guard --default-action allow"});
  AddExamples(*update, examples);
}

void AddDelete(CLI::App& app, Session& session) {
  CLI::App* const remove =
      app.add_subcommand("delete", "Remove monitors or network functions");
  remove->require_subcommand(0, 1);
  const auto add_own = [](CLI::App& command, WriteFlags& flags) {
    AddName(command, flags, kManyNames);
    command.add_option("--etag", flags.etag,
                       "Only if this is still the resource's etag");
    command.add_flag("--ignore-missing", flags.allow_missing,
                     "It is no error that there is none");
  };
  const auto monitor_flags = std::make_shared<WriteFlags>();
  CLI::App& monitor = AddVerb<MonitorKind>(*remove, session, "Remove monitors",
                                           Delete<MonitorKind>, monitor_flags);
  add_own(monitor, *monitor_flags);
  AddExamples(monitor,
              {"mosaicctl delete monitors web dns",
               "mosaicctl delete monitor web --live-flows reevaluate"});

  const auto nf_flags = std::make_shared<WriteFlags>();
  CLI::App& nf = AddVerb<NfKind>(*remove, session, "Remove network functions",
                                 Delete<NfKind>, nf_flags);
  add_own(nf, *nf_flags);
  AddExamples(nf, {"mosaicctl delete nf log --ignore-missing"});
  AddExamples(*remove, {"mosaicctl delete monitors web dns"});
}

}  // namespace mosaic::ctl
