// mosaicctl apply and export: the configuration as a document.

#include <fmt/format.h>

#include <map>
#include <memory>
#include <utility>

#include "control/config/diagnostic.h"
#include "control/ctl/commands.h"
#include "control/ctl/document.h"
#include "control/ctl/flag_values.h"
#include "control/ctl/printable_text.h"
#include "control/ctl/write_result.h"
#include "control/ctl/yaml_writer.h"

namespace mosaic::ctl {
namespace {

struct ApplyFlags {
  std::string path;
  std::string etag;
  v1::LiveFlows live_flows = v1::LIVE_FLOWS_UNSPECIFIED;
  bool replace = false;
  bool dry_run = false;
};

std::string_view Verb(v1::ChangeKind kind) {
  switch (kind) {
    case v1::CHANGE_KIND_CREATED:
      return "created";
    case v1::CHANGE_KIND_UPDATED:
      return "configured";
    case v1::CHANGE_KIND_DELETED:
      return "deleted";
    default:
      return "changed";
  }
}

// The names in the document's order, then those that are gone.
std::vector<std::pair<std::string, std::string_view>> Outcomes(
    const v1::Config& config, const v1::ApplyConfigResponse& response) {
  std::map<std::string, v1::ChangeKind> changes;
  for (const v1::Change& change : response.changes()) {
    changes[change.name()] = change.kind();
  }
  std::vector<std::pair<std::string, std::string_view>> outcomes;
  const auto add = [&](const std::string& name) {
    const auto change = changes.find(name);
    if (change == changes.end()) {
      outcomes.emplace_back(name, "unchanged");
    } else {
      outcomes.emplace_back(name, Verb(change->second));
      changes.erase(change);
    }
  };
  for (const auto& instance : config.nf_instances()) add(instance.name());
  for (const auto& monitor : config.monitors()) add(monitor.name());
  for (const auto& [name, kind] : changes) {
    outcomes.emplace_back(name, Verb(kind));
  }
  return outcomes;
}

int Apply(Session& session, const ApplyFlags& flags) {
  Document document;
  if (const absl::Status status = ReadText(flags.path, document);
      !status.ok()) {
    return session.Fail(kExitFailed, std::string(status.message()));
  }
  v1::ApplyConfigRequest request;
  if (const auto faults = document.Read(*request.mutable_config());
      !faults.empty()) {
    session.PrintError(config::Format(faults));
    return kExitInvalid;
  }
  if (document.has_system()) {
    session.Note(
        "note: `system:` is read when mosaicd starts; it is not applied");
  }
  request.set_mode(flags.replace ? v1::APPLY_MODE_REPLACE
                                 : v1::APPLY_MODE_MERGE);
  request.set_validate_only(flags.dry_run);
  request.set_live_flows(flags.live_flows);
  request.set_etag(flags.etag);
  v1::ApplyConfigResponse response;
  CallStatus status = session.client().Call(request, response);
  if (!status.ok()) {
    document.AddPlaces(status.violations);
    return session.Fail(status);
  }
  if (!session.for_people() && session.format() != Format::kName) {
    session.PrintMessage(response);
    return kExitOk;
  }
  for (const auto& [name, verb] : Outcomes(request.config(), response)) {
    session.Print((session.format() == Format::kName
                       ? Printable(name)
                       : ChangeText(name, verb, response.result())) +
                  "\n");
  }
  if (session.for_people()) {
    session.Print(response.changes().empty() && !flags.dry_run
                      ? fmt::format("revision {} as before\n",
                                    response.result().revision())
                      : ResultText(response.result()) + "\n");
  }
  return kExitOk;
}

int Export(Session& session) {
  if (!session.Supports({Format::kTable, Format::kYaml, Format::kJson})) {
    return kExitUsage;
  }
  v1::GetConfigResponse response;
  const CallStatus status =
      session.client().Call(v1::GetConfigRequest(), response);
  if (!status.ok()) return session.Fail(status);
  if (session.format() == Format::kJson) {
    session.Print(
        ToJson(WithoutServerSet(response.config()), JsonLayout::kManyLines));
    return kExitOk;
  }
  session.Print(fmt::format("# The running configuration, revision {}.\n",
                            response.revision()));
  session.Print(WriteYaml(response.config(), YamlFor::kFile));
  return kExitOk;
}

}  // namespace

void AddApply(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand(
      "apply", "Make the running configuration what a file says");
  const auto flags = std::make_shared<ApplyFlags>();
  command
      ->add_option("-f,--file", flags->path,
                   "YAML or JSON: `monitors:` and `nf_instances:`, or a "
                   "daemon's file with its `config:`; - is standard input")
      ->required()
      ->type_name("FILE");
  command->add_flag("--replace", flags->replace,
                    "Delete what the file does not name; default: leave it");
  command->add_flag("--dry-run", flags->dry_run,
                    "Check only, and tell what would change");
  command->add_option("--etag", flags->etag,
                      "Only if this is still the whole configuration's etag");
  AddLiveFlows(*command, flags->live_flows);
  command->callback([&session, flags] {
    session.command = [&session, flags] { return Apply(session, *flags); };
  });
  AddExamples(*command, {"mosaicctl apply -f mosaic.yaml --dry-run",
                         "mosaicctl export | mosaicctl apply -f - --replace"});
}

void AddExport(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand(
      "export", "Print the running configuration as a file for `apply -f`");
  command->callback(
      [&session] { session.command = [&session] { return Export(session); }; });
  AddExamples(*command, {"mosaicctl export > mosaic.yaml"});
}

}  // namespace mosaic::ctl
