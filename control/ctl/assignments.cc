#include "control/ctl/assignments.h"

#include <fmt/format.h>

#include "absl/strings/str_split.h"
#include "control/config/diagnostic.h"
#include "control/config/short_form.h"
#include "control/config/source_map.h"
#include "control/config/suggestion.h"
#include "control/config/yaml_reader.h"
#include "mosaic/v1/annotations.pb.h"
#include "mosaic/v1/common.pb.h"

namespace mosaic::ctl {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

absl::Status Invalid(const std::string& text) {
  return absl::InvalidArgumentError(text);
}

std::vector<std::string> SettableFields(const Descriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.field_count(); ++i) {
    if (!type.field(i)->options().GetExtension(v1::server_set)) {
      names.push_back(type.field(i)->name());
    }
  }
  return names;
}

// Whether the value is text that must reach the reader as it is.
bool IsText(const FieldDescriptor& field) {
  if (field.is_repeated()) return false;
  return field.cpp_type() == FieldDescriptor::CPPTYPE_STRING ||
         field.message_type() == v1::PacketFilter::descriptor();
}

std::vector<std::string> Parts(const std::string& path) {
  return absl::StrSplit(path, '.');
}

std::string InQuotes(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

}  // namespace

absl::Status Assignments::Find(const std::string& path,
                               const FieldDescriptor*& field) const {
  const Descriptor* type = message_.GetDescriptor();
  field = nullptr;
  std::string seen;
  for (const std::string& name : Parts(path)) {
    if (field != nullptr) {
      type = field->is_repeated() ? nullptr : field->message_type();
    }
    if (type == nullptr) {
      return Invalid(fmt::format("{} has no fields of its own to set", seen));
    }
    field = type->FindFieldByName(name);
    if (field == nullptr || field->options().GetExtension(v1::server_set)) {
      return Invalid(
          fmt::format("{}: unknown field; {}", config::Quoted(path),
                      config::Alternatives(name, SettableFields(*type))));
    }
    seen = config::FieldPath(seen, name);
  }
  return absl::OkStatus();
}

absl::Status Assignments::AddToMask(const std::string& path) {
  for (const std::string& other : paths_) {
    if (path == other || path.rfind(other + ".", 0) == 0 ||
        other.rfind(path + ".", 0) == 0) {
      return Invalid(path == other ? path + " is set twice"
                                   : path + " and " + other + " overlap");
    }
  }
  paths_.insert(path);
  mask_.add_paths(path);
  return absl::OkStatus();
}

absl::Status Assignments::Set(const std::string& path,
                              const std::string& value) {
  const FieldDescriptor* field = nullptr;
  if (absl::Status status = Find(path, field); !status.ok()) return status;
  if (absl::Status status = AddToMask(path); !status.ok()) return status;
  if (value.find('\n') != std::string::npos) {
    return Invalid(fmt::format("{}: a value has one line", path));
  }
  // The value stands alone in the last line, in as many maps as the path names.
  std::string text;
  size_t indent = 0;
  for (const std::string& name : Parts(path)) {
    if (indent > 0) text += "\n";
    text += std::string(indent, ' ') + name + ":";
    indent += 1;
  }
  text += " " + (IsText(*field) ? InQuotes(value) : value) + "\n";
  config::SourceMap positions;
  const std::vector<config::Diagnostic> diagnostics =
      config::ReadYaml("", text, message_, positions);
  if (diagnostics.empty()) return absl::OkStatus();
  const config::Diagnostic& first = diagnostics.front();
  return Invalid(fmt::format("{}: {}", first.path.empty() ? path : first.path,
                             first.message));
}

absl::Status Assignments::Set(const std::string& assignment) {
  const size_t equals = assignment.find('=');
  if (equals == std::string::npos) {
    return Invalid(
        fmt::format("{} is no FIELD=VALUE", config::Quoted(assignment)));
  }
  return Set(assignment.substr(0, equals), assignment.substr(equals + 1));
}

absl::Status Assignments::Clear(const std::string& path) {
  const FieldDescriptor* field = nullptr;
  if (absl::Status status = Find(path, field); !status.ok()) return status;
  return AddToMask(path);
}

}  // namespace mosaic::ctl
