// mosaicctl log level: what the daemon logs.

#include <algorithm>
#include <array>
#include <memory>

#include "control/ctl/commands.h"
#include "control/ctl/flag_values.h"

namespace mosaic::ctl {
namespace {

constexpr std::array<std::string_view, 5> kLevels = {"trace", "debug", "info",
                                                     "warn", "error"};

bool IsLevel(const std::string& word) {
  return std::find(kLevels.begin(), kLevels.end(), word) != kLevels.end();
}

// [COMPONENT] [LEVEL]; one word alone is a level if there is one of that name.
v1::SetLogLevelRequest RequestOf(const std::vector<std::string>& words) {
  v1::SetLogLevelRequest request;
  if (words.size() == 2) {
    request.set_component(words[0]);
    request.set_level(words[1]);
  } else if (words.size() == 1 && IsLevel(words[0])) {
    request.set_level(words[0]);
  } else if (words.size() == 1) {
    request.set_component(words[0]);
  }
  return request;
}

int LogLevel(Session& session, const std::vector<std::string>& words) {
  if (!session.Supports({Format::kTable, Format::kJson, Format::kYaml})) {
    return kExitUsage;
  }
  v1::SetLogLevelResponse response;
  const CallStatus status = session.client().Call(RequestOf(words), response);
  if (!status.ok()) return session.Fail(status);
  if (!session.for_people()) {
    session.PrintMessage(response);
    return kExitOk;
  }
  std::vector<std::pair<std::string, std::string>> levels(
      response.levels().begin(), response.levels().end());
  std::sort(levels.begin(), levels.end());
  Table table({{"COMPONENT"}, {"LEVEL"}});
  for (const auto& [component, level] : levels) table.Add({component, level});
  session.PrintTable(table);
  return kExitOk;
}

}  // namespace

void AddLog(CLI::App& app, Session& session) {
  CLI::App* const log = app.add_subcommand("log", "Look at and set the log");
  log->require_subcommand(0, 1);
  CLI::App* const level = log->add_subcommand(
      "level", "Show or set what is logged, until the daemon's next start");
  const auto words = std::make_shared<std::vector<std::string>>();
  level
      ->add_option("WORDS", *words,
                   "[COMPONENT] [LEVEL]: control, dataplane, dpdk, rpc; trace, "
                   "debug, info, warn, error. Without a component: all; "
                   "without a level: show")
      ->expected(0, 2);
  level->callback([&session, words] {
    session.command = [&session, words] { return LogLevel(session, *words); };
  });
  const std::vector<std::string> examples = {"mosaicctl log level",
                                             "mosaicctl log level debug",
                                             "mosaicctl log level rpc trace"};
  AddExamples(*level, examples);
  AddExamples(*log, examples);
}

}  // namespace mosaic::ctl
