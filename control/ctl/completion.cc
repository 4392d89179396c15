#include "control/ctl/completion.h"

#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "control/ctl/commands.h"
#include "control/ctl/flag_values.h"
#include "control/ctl/pages.h"
#include "control/ctl/printable_text.h"
#include "control/ctl/resource_kind.h"

namespace mosaic::ctl {
namespace {

constexpr std::chrono::milliseconds kPatience{500};

// bash hands over the words before the cursor. A word with `=` or `:` in it
// reaches the function in parts; such values are not completed.
constexpr const char* kBash = R"bash(# bash completion for mosaicctl.
# Load it with: source <(mosaicctl completion bash)
_mosaicctl() {
  local IFS=$'\n'
  COMPREPLY=($("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o bashdefault -o default -F _mosaicctl mosaicctl
)bash";

// Where a command line has got to.
struct Place {
  const CLI::App* command = nullptr;
  const CLI::Option* option = nullptr;  // One that wants a value, or null.
};

const CLI::Option* FindOption(const CLI::App* command,
                              const std::string& word) {
  for (; command != nullptr; command = command->get_parent()) {
    if (const CLI::Option* option = command->get_option_no_throw(word)) {
      return option;
    }
  }
  return nullptr;
}

const CLI::App* FindCommand(const CLI::App& command, const std::string& word) {
  for (const CLI::App* child : command.get_subcommands({})) {
    if (child->check_name(word)) return child;
  }
  return nullptr;
}

Place Walk(const CLI::App& app, const std::vector<std::string>& words) {
  Place place{&app, nullptr};
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    const std::string& word = words[i];
    if (place.option != nullptr) {
      place.option = nullptr;
    } else if (absl::StartsWith(word, "-")) {
      const CLI::Option* option = FindOption(place.command, word);
      const bool wants = option != nullptr && option->get_items_expected() > 0;
      place.option = wants ? option : nullptr;
    } else if (const CLI::App* child = FindCommand(*place.command, word)) {
      place.command = child;
    }
  }
  return place;
}

// The values in "{a,b,c}" of an option's type, as CLI11 describes a fixed set.
std::vector<std::string> FixedValues(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const size_t begin = type.find('{');
  const size_t end = type.find('}');
  if (begin == std::string::npos || end == std::string::npos) return {};
  return absl::StrSplit(type.substr(begin + 1, end - begin - 1), ',');
}

std::vector<std::string> Flags(const CLI::App* command) {
  std::vector<std::string> flags;
  for (; command != nullptr; command = command->get_parent()) {
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        flags.push_back("--" + name);
      }
    }
  }
  return flags;
}

// The kind of resource whose name the option or command takes, or "".
std::string KindOf(const Place& place) {
  if (place.option != nullptr) {
    const std::string name = place.option->get_name();
    if (name == "--monitor" || name == "--not-monitor") return "monitors";
    return name == "--nf" ? "nf" : "";
  }
  const CLI::App& command = *place.command;
  const CLI::App* const verb = command.get_parent();
  // The name of what is created is new.
  if (verb == nullptr || verb->get_name() == "create") return "";
  if (command.check_name("monitors")) return "monitors";
  return command.check_name("nf") ? "nf" : "";
}

template <typename Kind>
std::vector<std::string> NamesOf(Session& session) {
  std::vector<std::string> names;
  static_cast<void>(ReadPages<typename Kind::ListResponse>(
      session.client(), typename Kind::ListRequest(),
      [&names](typename Kind::ListResponse& page) {
        for (const auto& resource : Kind::All(page)) {
          names.emplace_back(IdOf(resource.name()));
        }
        return Next::kRead;
      }));
  return names;
}

}  // namespace

std::vector<std::string> Completions(
    const CLI::App& app, const std::vector<std::string>& words,
    const std::function<std::vector<std::string>(const std::string& kind)>&
        names_of) {
  const std::string typed = words.empty() ? "" : words.back();
  const Place place = Walk(app, words);
  std::vector<std::string> candidates;
  if (place.option != nullptr) {
    candidates = FixedValues(*place.option);
  } else if (absl::StartsWith(typed, "-")) {
    candidates = Flags(place.command);
  } else {
    for (const CLI::App* child : place.command->get_subcommands({})) {
      candidates.push_back(child->get_name());
    }
  }
  if (const std::string kind = KindOf(place);
      !kind.empty() && !absl::StartsWith(typed, "-")) {
    for (std::string& name : names_of(kind)) {
      candidates.push_back(std::move(name));
    }
  }
  std::vector<std::string> fitting;
  for (std::string& candidate : candidates) {
    if (absl::StartsWith(candidate, typed)) {
      fitting.push_back(std::move(candidate));
    }
  }
  return fitting;
}

int Complete(CLI::App& app, Session& session,
             const std::vector<std::string>& words) {
  session.flags.timeout = kPatience;
  const char* const address = std::getenv("MOSAIC_ADDRESS");
  if (address != nullptr) session.flags.address = address;
  for (size_t i = 0; i + 1 < words.size(); ++i) {
    if (words[i] == "--address") session.flags.address = words[i + 1];
  }
  const bool reachable = GrpcTarget(session.flags.address).ok();
  const auto names_of = [&](const std::string& kind) {
    if (!reachable) return std::vector<std::string>();
    return kind == "nf" ? NamesOf<NfKind>(session)
                        : NamesOf<MonitorKind>(session);
  };
  for (const std::string& word : Completions(app, words, names_of)) {
    session.Print(Printable(word) + "\n");
  }
  return session.Finish(kExitOk);
}

void AddCompletion(CLI::App& app, Session& session) {
  CLI::App* const completion =
      app.add_subcommand("completion", "Print a script for a shell");
  completion->require_subcommand(0, 1);
  CLI::App* const bash = completion->add_subcommand(
      "bash", "Complete commands, flags and names of resources in bash");
  bash->callback([&session] {
    session.command = [&session] {
      session.Print(kBash);
      return kExitOk;
    };
  });
  AddExamples(*bash, {"source <(mosaicctl completion bash)"});
  AddExamples(*completion, {"source <(mosaicctl completion bash)"});
}

}  // namespace mosaic::ctl
