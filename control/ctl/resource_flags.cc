#include "control/ctl/resource_flags.h"

#include <fmt/format.h>

#include "absl/strings/str_join.h"
#include "control/ctl/flag_values.h"

namespace mosaic::ctl {
namespace {

struct ShortFlag {
  const char* flag;
  const char* path;
  const char* type;
  const char* help;
};

constexpr ShortFlag kMonitorFlags[] = {
    {"--type", "type", "stream|raw",
     "What it is given; default of create: raw with --raw-filter, else stream"},
    {"--syn-filter", "syn_filter", "FILTER",
     "Which flows it attaches to, asked on their first packet"},
    {"--orphan-filter", "orphan_filter", "FILTER",
     "Which packets of no flow are told"},
    {"--raw-filter", "raw_filter", "FILTER",
     "Which packets a raw one is given"},
    {"--priority", "priority", "N", "0 to 65535; lower ones run first"},
    {"--client-buffer", "client.buffer_size_bytes", "SIZE",
     "Most bytes held of what the client receives; 0 keeps none"},
    {"--server-buffer", "server.buffer_size_bytes", "SIZE",
     "Most bytes held of what the server receives; 0 keeps none"},
    {"--client-overlap", "client.overlap_policy", "POLICY",
     "Which copy of a byte wins: first, last, linux, bsd, windows, solaris"},
    {"--server-overlap", "server.overlap_policy", "POLICY", "Likewise"},
    {"--client-retain", "client.retain", "none|unacked",
     "What stays held after it was read"},
    {"--server-retain", "server.retain", "none|unacked", "Likewise"},
    {"--client-full-buffer", "client.full_buffer", "stop|drop_oldest",
     "What gives way when functions fetch too late"},
    {"--server-full-buffer", "server.full_buffer", "stop|drop_oldest",
     "Likewise"},
    {"--client-urgent", "client.urgent_policy", "POLICY",
     "What becomes of urgent bytes: inline, out_of_band, gap, drop"},
    {"--server-urgent", "server.urgent_policy", "POLICY", "Likewise"},
    {"--idle-timeout", "idle_timeout", "TIME",
     "How long an established flow may be silent"},
    {"--midstream", "midstream", "orphan|pickup",
     "What becomes of connections whose beginning was not seen"},
};

constexpr ShortFlag kNfFlags[] = {
    {"--failure-policy", "failure_policy", "open|closed",
     "What becomes of its traffic when it fails"},
    {"--default-action", "firewall.default_action", "allow|drop",
     "Of a firewall: for flows that no rule matches"},
    {"--output-path", "flow_log.output_path", "FILE",
     "Of a flow log: where lines are appended"},
    {"--payload-digests", "flow_log.payload_digests", "true|false",
     "Of a flow log: SHA-256 of both streams"},
};

std::string InList(const std::vector<std::string>& words) {
  return fmt::format("[{}]", absl::StrJoin(words, ", "));
}

}  // namespace

void ResourceFlags::AddShort(CLI::App& command, const std::string& flag,
                             const std::string& path, const std::string& type,
                             const std::string& help) {
  command
      .add_option_function<std::string>(
          flag,
          [this, path](const std::string& value) {
            assignments_.push_back({path, value});
          },
          help)
      ->type_name(type);
}

void ResourceFlags::AddStop(CLI::App& command, const std::string& flag,
                            const std::string& condition,
                            const std::string& type, const std::string& help) {
  command
      .add_option_function<std::string>(
          flag,
          [this, condition](const std::string& value) {
            stops_.push_back(fmt::format("{}: {}", condition, value));
          },
          help)
      ->type_name(type);
}

void ResourceFlags::AddMonitorFlags(CLI::App& command) {
  for (const ShortFlag& flag : kMonitorFlags) {
    AddShort(command, flag.flag, flag.path, flag.type, flag.help);
  }
  command.add_option("--nf", nfs_, "Network functions, in their order")
      ->delimiter(',')
      ->expected(1)
      ->take_all()
      ->type_name("NAME");
  command.add_flag_callback(
      "--disabled",
      [this] {
        assignments_.push_back({"disabled", "true"});
      },
      "Keep it, and attach it to nothing");
  command.add_flag_callback(
      "--enabled",
      [this] {
        assignments_.push_back({"disabled", "false"});
      },
      "Attach it (again)");
  AddStop(command, "--stop-after-bytes", "payload_bytes", "SIZE",
          "Stop after so many in-order bytes of a side");
  AddStop(command, "--stop-after-packets", "packets", "N",
          "Stop after so many packets to a side");
  AddStop(command, "--stop-after", "age", "TIME",
          "Stop so long after the flow's first packet");
  AddStop(command, "--stop-at-state", "tcp_state", "STATE",
          "Stop when a side reaches this TCP state");
  command
      .add_option("--stop-side", stop_side_,
                  "Which side these stop; default both")
      ->type_name("")
      ->check(CLI::IsMember({"client", "server", "both"}));
  command.add_flag("--forget-flow", forget_flow_,
                   "Drop the flow's record once both sides have stopped");
}

void ResourceFlags::AddNfFlags(CLI::App& command) {
  for (const ShortFlag& flag : kNfFlags) {
    AddShort(command, flag.flag, flag.path, flag.type, flag.help);
  }
  command
      .add_option("--rule", rules_,
                  "A firewall rule: '{id: web, server_ports: 443, action: "
                  "allow}'; may be repeated")
      ->expected(1)
      ->take_all()
      ->type_name("{...}");
}

void ResourceFlags::AddSetAndClear(CLI::App& command) {
  command
      .add_option("--set", sets_,
                  "Any field, its value as in a configuration file; may be "
                  "repeated")
      ->expected(1)
      ->take_all()
      ->type_name("FIELD=VALUE");
  command
      .add_option("--clear", clears_,
                  "Take a field's value away; may be repeated")
      ->expected(1)
      ->take_all()
      ->type_name("FIELD");
}

bool ResourceFlags::empty() const {
  return assignments_.empty() && sets_.empty() && clears_.empty() &&
         nfs_.empty() && rules_.empty() && stops_.empty();
}

bool ResourceFlags::Sets(const std::string& path) const {
  const auto is_under = [&path](const std::string& text) {
    return text.rfind(path, 0) == 0 &&
           (text.size() == path.size() || text[path.size()] == '.' ||
            text[path.size()] == '=');
  };
  for (const Assignment& assignment : assignments_) {
    if (is_under(assignment.path)) return true;
  }
  for (const std::string& set : sets_) {
    if (is_under(set)) return true;
  }
  return path == "firewall.rules" && !rules_.empty();
}

absl::Status ResourceFlags::Apply(Assignments& assignments) const {
  std::vector<Assignment> all = assignments_;
  if (!nfs_.empty()) {
    std::vector<std::string> names;
    for (const std::string& name : nfs_) {
      names.push_back(FullName("nfInstances", name));
    }
    all.push_back({"nf_instances", InList(names)});
  }
  if (!rules_.empty()) all.push_back({"firewall.rules", InList(rules_)});
  if (stops_.empty() && (forget_flow_ || !stop_side_.empty())) {
    return absl::InvalidArgumentError(
        "--stop-side and --forget-flow go with --stop-after-bytes and its "
        "like");
  }
  if (!stops_.empty()) {
    std::vector<std::string> policies;
    for (const std::string& stop : stops_) {
      policies.push_back(fmt::format(
          "{{{}{}{}}}", stop, stop_side_.empty() ? "" : ", side: " + stop_side_,
          forget_flow_ ? ", forget_flow: true" : ""));
    }
    all.push_back({"stop_policies", InList(policies)});
  }
  for (const Assignment& assignment : all) {
    absl::Status status = assignments.Set(assignment.path, assignment.value);
    if (!status.ok()) return status;
  }
  for (const std::string& set : sets_) {
    if (absl::Status status = assignments.Set(set); !status.ok()) return status;
  }
  for (const std::string& path : clears_) {
    absl::Status status = assignments.Clear(path);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace mosaic::ctl
