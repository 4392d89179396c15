#include "control/ctl/app.h"

#include <grpc/support/log.h>

#include <cstdlib>
#include <string_view>
#include <vector>

#include "control/ctl/commands.h"
#include "control/ctl/completion.h"
#include "control/ctl/flag_values.h"

namespace mosaic::ctl {
namespace {

constexpr const char* kFooter = R"(Exit codes:
  0 ok              3 unreachable     6 conflict
  1 failed          4 invalid input   7 denied
  2 usage           5 not found       8 took too long
  130 interrupted

JSON has the names of the .proto files, leaves out what is not set, and gives
64-bit numbers as strings; streams are one object a line.

Examples:
  mosaicctl status
  mosaicctl apply -f mosaic.yaml
  mosaicctl observe -f --type connection_end
  mosaicctl COMMAND --help
)";

void AddGlobalFlags(CLI::App& app, GlobalFlags& flags) {
  app.add_option("--address", flags.address,
                 "Where mosaicd listens: unix:///PATH or HOST:PORT")
      ->envname("MOSAIC_ADDRESS")
      ->capture_default_str()
      ->check([](const std::string& address) {
        const auto target = GrpcTarget(address);
        return target.ok() ? "" : std::string(target.status().message());
      })
      ->type_name("ADDRESS");
  AddDuration(app, "--timeout", absl::Milliseconds(1), absl::Hours(1),
              "Longest wait for an answer; default 10s",
              [&flags](const google::protobuf::Duration& time) {
                flags.timeout = std::chrono::milliseconds(
                    time.seconds() * 1000 + time.nanos() / 1'000'000);
              });
  const auto formats = {Format::kTable, Format::kWide, Format::kJson,
                        Format::kYaml, Format::kName};
  std::vector<std::string> names;
  for (const Format format : formats) names.emplace_back(NameOf(format));
  app.add_option_function<std::string>(
         "-o,--output",
         [&flags,
          formats = std::vector<Format>(formats)](const std::string& word) {
           for (const Format format : formats) {
             if (word == NameOf(format)) flags.format = format;
           }
         },
         "Form of the output; default table")
      ->check(CLI::IsMember(names))
      ->type_name("");
  app.add_option_function<std::string>(
         "--color",
         [&flags](const std::string& word) {
           flags.color = word == "always"  ? ColorMode::kAlways
                         : word == "never" ? ColorMode::kNever
                                           : ColorMode::kAuto;
         },
         "Colours; default auto: on a terminal, unless NO_COLOR is set")
      ->check(CLI::IsMember({"auto", "always", "never"}))
      ->type_name("");
}

void AddCommands(CLI::App& app, Session& session) {
  AddStatus(app, session);
  AddGet(app, session);
  AddDescribe(app, session);
  AddObserve(app, session);
  AddTop(app, session);
  AddStats(app, session);
  AddApply(app, session);
  AddExport(app, session);
  AddCreate(app, session);
  AddUpdate(app, session);
  AddDelete(app, session);
  AddFilter(app, session);
  AddHealth(app, session);
  AddDrain(app, session);
  AddUndrain(app, session);
  AddLog(app, session);
  AddCompletion(app, session);
  AddVersion(app, session);
}

// What could follow the words that name no command.
int TellCommands(const CLI::App& app, Session& session) {
  const CLI::App* group = &app;
  std::string words = app.get_name();
  while (!group->get_subcommands().empty()) {
    group = group->get_subcommands().front();
    words += " " + group->get_name();
  }
  std::string allowed;
  for (const CLI::App* command : group->get_subcommands({})) {
    allowed += (allowed.empty() ? "" : ", ") + command->get_name();
  }
  return session.Fail(kExitUsage,
                      words + " needs a command; allowed: " + allowed);
}

}  // namespace

std::string Version() { return MOSAIC_VERSION; }

int RunMosaicctl(int argc, const char* const* argv, std::FILE* out,
                 std::FILE* err) {
  // What gRPC says of a broken connection is told as an error of the call.
  if (std::getenv("GRPC_VERBOSITY") == nullptr) {
    gpr_set_log_function([](gpr_log_func_args*) {});
  }
  Session session(out, err);
  CLI::App app{"Looks at a running mosaicd and changes its configuration",
               "mosaicctl"};
  app.set_version_flag("--version", "mosaicctl " + Version());
  app.footer(kFooter);
  app.fallthrough();
  AddGlobalFlags(app, session.flags);
  AddCommands(app, session);
  app.require_subcommand(0, 1);
  if (argc > 1 && std::string_view(argv[1]) == kCompleteWord) {
    return Complete(app, session, {argv + 2, argv + argc});
  }
  try {
    app.parse(argc, argv);
    if (!session.command) return TellCommands(app, session);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
  return session.Finish(session.command());
}

}  // namespace mosaic::ctl
