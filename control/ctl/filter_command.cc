// mosaicctl filter explain: whether a filter is valid, and what it compiles to.

#include <fmt/format.h>

#include <memory>

#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "control/ctl/commands.h"
#include "control/ctl/flag_values.h"
#include "control/ctl/printable_text.h"

namespace mosaic::ctl {
namespace {

struct ExplainFlags {
  std::vector<std::string> words;
  v1::FilterUse use = v1::FILTER_USE_UNSPECIFIED;
};

int Explain(Session& session, const ExplainFlags& flags) {
  if (!session.Supports({Format::kTable, Format::kJson, Format::kYaml})) {
    return kExitUsage;
  }
  v1::ValidateFilterRequest request;
  request.set_expression(absl::StrJoin(flags.words, " "));
  request.set_use(flags.use);
  v1::ValidateFilterResponse response;
  const CallStatus status = session.client().Call(request, response);
  if (!status.ok()) return session.Fail(status);
  if (!session.for_people()) {
    session.PrintMessage(response);
    return response.valid() ? kExitOk : kExitInvalid;
  }
  const Style style = session.out_style();
  if (!response.valid()) {
    session.Print(fmt::format("{}: {}\n", style.Paint(Tone::kBad, "invalid"),
                              Printable(response.error_message())));
    return kExitInvalid;
  }
  session.Print(fmt::format(
      "{}, {}\n", style.Paint(Tone::kGood, "valid"),
      response.disassembly().empty()
          ? "matches everything"
          : fmt::format("{} instructions, {}", response.disassembly_size(),
                        response.native() ? "native code" : "interpreted")));
  for (const std::string& line : response.disassembly()) {
    // libpcap parts the two ways of a jump with a tab.
    session.Print(Printable(absl::StrReplaceAll(line, {{"\t", "  "}})) + "\n");
  }
  return kExitOk;
}

}  // namespace

void AddFilter(CLI::App& app, Session& session) {
  CLI::App* const filter =
      app.add_subcommand("filter", "Look at packet filters");
  filter->require_subcommand(0, 1);
  CLI::App* const explain = filter->add_subcommand(
      "explain",
      "Tell whether a filter is valid and what it compiles to; exit code 4 if "
      "it is not");
  const auto flags = std::make_shared<ExplainFlags>();
  explain
      ->add_option("EXPR", flags->words,
                   "A pcap-filter(7) expression, in one word or several")
      ->required();
  AddEnum(
      *explain, "--use", *v1::FilterUse_descriptor(), Times::kOnce,
      "Where it is to be used, which decides what it may ask for; default "
      "syn",
      [flags](int number) { flags->use = static_cast<v1::FilterUse>(number); });
  explain->callback([&session, flags] {
    session.command = [&session, flags] { return Explain(session, *flags); };
  });
  const std::vector<std::string> examples = {
      "mosaicctl filter explain 'tcp port 443 and net 192.0.2.0/24'",
      "mosaicctl filter explain --use raw 'ether proto 0x0806'"};
  AddExamples(*explain, examples);
  AddExamples(*filter, examples);
}

}  // namespace mosaic::ctl
