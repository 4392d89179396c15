#include "control/ctl/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "control/cli/terminal.h"
#include "control/ctl/printable_text.h"
#include "control/ctl/yaml_writer.h"
#include "dataplane/base/check.h"
#include "google/protobuf/util/json_util.h"

namespace mosaic::ctl {
namespace {

Style StyleFor(ColorMode mode, std::FILE* file) {
  const char* const no_color = std::getenv("NO_COLOR");
  const bool unwanted = no_color != nullptr && *no_color != '\0';
  const bool on = mode == ColorMode::kAlways ||
                  (mode == ColorMode::kAuto && !unwanted && IsTerminal(file));
  return Style(on ? Style::Colors::kOn : Style::Colors::kOff);
}

}  // namespace

std::string_view NameOf(Format format) {
  switch (format) {
    case Format::kTable:
      return "table";
    case Format::kWide:
      return "wide";
    case Format::kJson:
      return "json";
    case Format::kYaml:
      return "yaml";
    case Format::kName:
      return "name";
  }
  return "";
}

std::string ToJson(const google::protobuf::Message& message,
                   JsonLayout layout) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.add_whitespace = layout == JsonLayout::kManyLines;
  std::string json;
  const auto status =
      google::protobuf::util::MessageToJsonString(message, &json, options);
  // Only times and durations out of their range have no JSON.
  if (!status.ok()) return "{}\n";
  if (json.empty() || json.back() != '\n') json += '\n';
  return json;
}

Session::Session(std::FILE* out, std::FILE* err) : out_(out), err_(err) {}

Client& Session::client() {
  if (client_ == nullptr) {
    const auto target = GrpcTarget(flags.address);
    MOSAIC_CHECK(target.ok());
    client_ = std::make_unique<Client>(*target, flags.timeout);
    interrupts_.OnInterrupt([client = client_.get()] { client->Cancel(); });
  }
  return *client_;
}

bool Session::interactive() const { return IsTerminal(out_); }

Style Session::out_style() const { return StyleFor(flags.color, out_); }
Style Session::err_style() const { return StyleFor(flags.color, err_); }

void Session::Print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), out_);
}

void Session::PrintTable(const Table& table) { Print(table.Text(out_style())); }

void Session::PrintMessage(const google::protobuf::Message& message) {
  Print(format() == Format::kYaml ? WriteYaml(message, YamlFor::kReader)
                                  : ToJson(message, JsonLayout::kManyLines));
}

void Session::PrintRecord(const google::protobuf::Message& message) {
  Print(format() == Format::kYaml
            ? "---\n" + WriteYaml(message, YamlFor::kReader)
            : ToJson(message, JsonLayout::kOneLine));
  Flush();
}

void Session::Flush() { std::fflush(out_); }

void Session::PrintError(std::string_view text) {
  std::fflush(out_);
  std::fwrite(text.data(), 1, text.size(), err_);
}

void Session::Note(std::string_view text) {
  if (!for_people()) return;
  fmt::print(err_, "{}\n", text);
}

int Session::Fail(const CallStatus& status) {
  if (interrupts_.interrupted()) return kExitInterrupted;
  std::fflush(out_);
  std::fputs(ErrorText(status, err_style()).c_str(), err_);
  if (status.code == absl::StatusCode::kUnavailable) {
    fmt::print(err_,
               "hint: is mosaicd running at {}? --address or MOSAIC_ADDRESS "
               "name another place\n",
               Printable(flags.address));
  }
  return ExitCodeOf(status);
}

int Session::Fail(ExitCode code, std::string_view message,
                  std::string_view hint) {
  std::fflush(out_);
  std::fputs(ErrorText(message, hint, err_style()).c_str(), err_);
  return code;
}

bool Session::Supports(std::initializer_list<Format> formats) {
  if (std::find(formats.begin(), formats.end(), flags.format) !=
      formats.end()) {
    return true;
  }
  std::string allowed;
  for (const Format format : formats) {
    allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", NameOf(format));
  }
  Fail(kExitUsage, fmt::format("this command has no output as {}; allowed: {}",
                               NameOf(flags.format), allowed));
  return false;
}

int Session::Finish(int code) {
  const bool written = std::fflush(out_) == 0 && std::ferror(out_) == 0;
  if (written) return code;
  fmt::print(err_, "error: cannot write the output: {}\n",
             std::strerror(errno));
  return code == kExitOk ? kExitFailed : code;
}

}  // namespace mosaic::ctl
