#include "control/config/yaml_reader.h"

#include <limits>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "control/config/short_form.h"
#include "control/config/suggestion.h"
#include "control/config/yaml_scalar.h"
#include "control/config/yaml_tree.h"
#include "mosaic/v1/annotations.pb.h"

namespace mosaic::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::EnumDescriptor;
using google::protobuf::EnumValueDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::OneofDescriptor;
using google::protobuf::Reflection;

const char* Describe(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "nothing";
    case YamlNode::Kind::kScalar:
      return "a word";
    case YamlNode::Kind::kList:
      return "a list";
    case YamlNode::Kind::kMap:
      return "a map";
  }
  return "";
}

std::string_view Text(const absl::Status& status) {
  return {status.message().data(), status.message().size()};
}

bool IsDuration(const Descriptor& type) {
  return &type == google::protobuf::Duration::descriptor();
}

bool IsIdentifier(std::string_view word) {
  return !word.empty() && word.size() <= 60 &&
         word.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
             "_-") == std::string_view::npos;
}

bool IsServerSet(const FieldDescriptor& field) {
  return field.options().GetExtension(v1::server_set);
}

// Of the fields that a file may have.
std::vector<std::string> FieldNames(const Descriptor& type) {
  std::vector<std::string> names;
  names.reserve(static_cast<size_t>(type.field_count()));
  for (int i = 0; i < type.field_count(); ++i) {
    if (!IsServerSet(*type.field(i))) names.push_back(type.field(i)->name());
  }
  return names;
}

std::vector<std::string> ArmNames(const OneofDescriptor& oneof) {
  std::vector<std::string> names;
  names.reserve(static_cast<size_t>(oneof.field_count()));
  for (int i = 0; i < oneof.field_count(); ++i) {
    names.push_back(oneof.field(i)->name());
  }
  return names;
}

const FieldDescriptor* FindField(const Descriptor& type,
                                 const std::string& key) {
  if (const FieldDescriptor* field = type.FindFieldByName(key)) return field;
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->json_name() == key) return type.field(i);
  }
  return nullptr;
}

// Bytes for `size_bytes`, `reassembly_bytes_per_worker` and their like.
Unit UnitOf(const FieldDescriptor& field) {
  const bool counts_bytes = absl::EndsWith(field.name(), "_bytes") ||
                            absl::StrContains(field.name(), "_bytes_");
  return counts_bytes ? Unit::kBytes : Unit::kNone;
}

// What a scalar field wants, in the words of a file.
const char* Expected(const FieldDescriptor& field) {
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_BOOL) return "true or false";
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) return "a word";
  return UnitOf(field) == Unit::kBytes ? "a number of bytes" : "a whole number";
}

// The value of `type` that `word` names, never the one that means "not set".
const EnumValueDescriptor* FindValue(const EnumDescriptor& type,
                                     std::string_view word) {
  for (int i = 0; i < type.value_count(); ++i) {
    const EnumValueDescriptor& value = *type.value(i);
    if (value.number() == 0) continue;
    if (word == value.name() || word == ShortName(value)) return &value;
  }
  return nullptr;
}

std::vector<std::string> ShortNames(const EnumDescriptor& type) {
  std::vector<std::string> names;
  for (int i = 0; i < type.value_count(); ++i) {
    if (type.value(i)->number() == 0) continue;
    names.push_back(ShortName(*type.value(i)));
  }
  return names;
}

// Walks tree and message together.
class Reader {
 public:
  Reader(std::string_view file, SourceMap& positions)
      : file_(file), positions_(positions) {}

  void ReadMessage(const YamlNode& node, const std::string& path,
                   Message& message);

  void Report(Position position, const std::string& path, std::string message,
              std::string unset_path = "") {
    if (diagnostics_.size() > kMaxDiagnostics) return;
    if (diagnostics_.size() == kMaxDiagnostics) {
      diagnostics_.push_back({.file = file_,
                              .position = position,
                              .path = "",
                              .message = "further errors are not shown"});
      return;
    }
    diagnostics_.push_back({.file = file_,
                            .position = position,
                            .path = path,
                            .message = std::move(message),
                            .unset_path = std::move(unset_path)});
  }

  // For a value that could not be read.
  void ReportUnread(Position position, const std::string& path,
                    std::string message) {
    Report(position, path, std::move(message), path);
  }

  std::vector<Diagnostic> TakeDiagnostics() { return std::move(diagnostics_); }

 private:
  // What a message's earlier keys have set.
  struct Seen {
    std::unordered_map<const FieldDescriptor*, const YamlNode*> field;
    std::unordered_map<const OneofDescriptor*, const FieldDescriptor*> oneof;
  };

  void ReadEntry(const YamlNode& key, const YamlNode& value,
                 const std::string& path, Message& message, Seen& seen);
  bool MayBeSet(const YamlNode& key, const FieldDescriptor& field,
                const std::string& path, Seen& seen);
  void ReadList(const YamlNode& node, const std::string& path, Message& message,
                const FieldDescriptor& field);
  void ReadValue(const YamlNode& node, const std::string& path,
                 Message& message, const FieldDescriptor& field);
  void ReadSubmessage(const YamlNode& node, const std::string& path,
                      Message& message);
  void ReadEnum(const YamlNode& node, const std::string& path, Message& message,
                const FieldDescriptor& field);
  void ReadScalar(const YamlNode& node, const std::string& path,
                  Message& message, const FieldDescriptor& field);

  // Sets a singular field or appends to a repeated one. Of a value that is
  // wrong, a repeated field gets an empty element, so that the places of the
  // others stay; a singular field stays unset.
  template <typename T, typename Setter, typename Adder>
  void Store(const absl::StatusOr<T>& value, const YamlNode& node,
             const std::string& path, Message& message,
             const FieldDescriptor& field, Setter set, Adder add) {
    const Reflection& reflection = *message.GetReflection();
    if (!value.ok()) {
      ReportUnread(node.position, path, std::string(Text(value.status())));
      if (field.is_repeated()) (reflection.*add)(&message, &field, {});
    } else if (field.is_repeated()) {
      (reflection.*add)(&message, &field, *value);
    } else {
      (reflection.*set)(&message, &field, *value);
    }
  }

  const std::string file_;
  SourceMap& positions_;
  std::vector<Diagnostic> diagnostics_;
};

void Reader::ReadMessage(const YamlNode& node, const std::string& path,
                         Message& message) {
  if (node.kind != YamlNode::Kind::kMap) {
    ReportUnread(
        node.position, path,
        absl::StrCat("expected a map of ",
                     absl::StrJoin(FieldNames(*message.GetDescriptor()), ", "),
                     "; found ", Describe(node)));
    return;
  }
  Seen seen;
  for (size_t i = 0; i + 1 < node.children.size(); i += 2) {
    ReadEntry(*node.children[i], *node.children[i + 1], path, message, seen);
  }
}

void Reader::ReadEntry(const YamlNode& key, const YamlNode& value,
                       const std::string& path, Message& message, Seen& seen) {
  const Descriptor& type = *message.GetDescriptor();
  if (key.kind != YamlNode::Kind::kScalar) {
    Report(key.position, path,
           absl::StrCat("a key must be a word; found ", Describe(key)));
    return;
  }
  const FieldDescriptor* field = FindField(type, key.text);
  if (field == nullptr) {
    const std::vector<std::string> names = FieldNames(type);
    const std::string near = ClosestMatch(key.text, names);
    Report(
        key.position,
        FieldPath(path, IsIdentifier(key.text) ? key.text : Quoted(key.text)),
        absl::StrCat("unknown key; ", Alternatives(key.text, names)),
        near.empty() ? "" : FieldPath(path, near));
    return;
  }
  const std::string field_path = FieldPath(path, field->name());
  if (IsServerSet(*field)) {
    Report(key.position, field_path, "is set by the server; leave it out");
    return;
  }
  if (!MayBeSet(key, *field, field_path, seen)) return;
  if (value.kind == YamlNode::Kind::kNull) {
    positions_.Add(field_path, key.position);
    ReportUnread(key.position, field_path,
                 "has no value; give one or leave the key out");
    return;
  }
  positions_.Add(field_path, value.position);
  if (field->is_repeated()) {
    ReadList(value, field_path, message, *field);
  } else {
    ReadValue(value, field_path, message, *field);
  }
}

// Whether no earlier key has set the field or another arm of its oneof.
bool Reader::MayBeSet(const YamlNode& key, const FieldDescriptor& field,
                      const std::string& path, Seen& seen) {
  const auto [first, is_first] = seen.field.emplace(&field, &key);
  if (!is_first) {
    Report(key.position, path,
           absl::StrCat("duplicate key; first set in line ",
                        first->second->position.line));
    return false;
  }
  const OneofDescriptor* oneof = field.real_containing_oneof();
  if (oneof == nullptr) return true;
  const auto [arm, is_first_arm] = seen.oneof.emplace(oneof, &field);
  if (is_first_arm) return true;
  Report(key.position, path,
         absl::StrCat("cannot be set beside ", arm->second->name(),
                      "; allowed: one of ",
                      absl::StrJoin(ArmNames(*oneof), ", ")));
  return false;
}

void Reader::ReadList(const YamlNode& node, const std::string& path,
                      Message& message, const FieldDescriptor& field) {
  if (node.kind != YamlNode::Kind::kList) {
    ReportUnread(node.position, path,
                 absl::StrCat("expected a list; found ", Describe(node)));
    return;
  }
  for (size_t i = 0; i < node.children.size(); ++i) {
    const YamlNode& child = *node.children[i];
    const std::string element_path = ElementPath(path, i);
    positions_.Add(element_path, child.position);
    ReadValue(child, element_path, message, field);
  }
}

void Reader::ReadValue(const YamlNode& node, const std::string& path,
                       Message& message, const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE: {
      const Reflection& reflection = *message.GetReflection();
      ReadSubmessage(node, path,
                     field.is_repeated()
                         ? *reflection.AddMessage(&message, &field)
                         : *reflection.MutableMessage(&message, &field));
      return;
    }
    case FieldDescriptor::CPPTYPE_ENUM:
      return ReadEnum(node, path, message, field);
    default:
      return ReadScalar(node, path, message, field);
  }
}

void Reader::ReadSubmessage(const YamlNode& node, const std::string& path,
                            Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  const bool is_word = node.kind == YamlNode::Kind::kScalar;
  if (IsDuration(type)) {
    if (!is_word) {
      ReportUnread(node.position, path,
                   absl::StrCat("expected a duration such as 300s; found ",
                                Describe(node)));
      return;
    }
    const auto duration = ParseDurationWord(node.text);
    if (duration.ok()) {
      message.CopyFrom(*duration);
    } else {
      ReportUnread(node.position, path, std::string(Text(duration.status())));
    }
    return;
  }
  if (is_word && HasShortForm(type)) {
    const absl::Status status = ReadShortForm(node.text, message);
    if (!status.ok())
      ReportUnread(node.position, path, std::string(Text(status)));
    return;
  }
  ReadMessage(node, path, message);
}

void Reader::ReadEnum(const YamlNode& node, const std::string& path,
                      Message& message, const FieldDescriptor& field) {
  const EnumDescriptor& type = *field.enum_type();
  absl::StatusOr<const EnumValueDescriptor*> value =
      node.kind == YamlNode::Kind::kScalar ? FindValue(type, node.text)
                                           : nullptr;
  if (*value == nullptr) {
    const bool is_word = node.kind == YamlNode::Kind::kScalar;
    value = absl::InvalidArgumentError(absl::StrCat(
        is_word ? absl::StrCat(Quoted(node.text), " is not known")
                : absl::StrCat("expected a word; found ", Describe(node)),
        "; ", Alternatives(is_word ? node.text : "", ShortNames(type))));
  }
  const Reflection& reflection = *message.GetReflection();
  if (value.ok()) {
    field.is_repeated() ? reflection.AddEnum(&message, &field, *value)
                        : reflection.SetEnum(&message, &field, *value);
    return;
  }
  ReportUnread(node.position, path, std::string(Text(value.status())));
  if (field.is_repeated()) reflection.AddEnumValue(&message, &field, 0);
}

void Reader::ReadScalar(const YamlNode& node, const std::string& path,
                        Message& message, const FieldDescriptor& field) {
  absl::Status not_a_word;
  if (node.kind != YamlNode::Kind::kScalar) {
    not_a_word = absl::InvalidArgumentError(
        absl::StrCat("expected ", Expected(field), "; found ", Describe(node)));
  }
  const std::string_view word = LongForm(field, node.text);
  const Unit unit = UnitOf(field);
  const auto store = [&](auto value, auto set, auto add) {
    if (!not_a_word.ok()) value = not_a_word;
    Store(value, node, path, message, field, set, add);
  };
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_UINT32:
      return store(
          ParseUnsigned(word, std::numeric_limits<uint32_t>::max(), unit),
          &Reflection::SetUInt32, &Reflection::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return store(
          ParseUnsigned(word, std::numeric_limits<uint64_t>::max(), unit),
          &Reflection::SetUInt64, &Reflection::AddUInt64);
    case FieldDescriptor::CPPTYPE_BOOL:
      return store(ParseBool(word), &Reflection::SetBool, &Reflection::AddBool);
    case FieldDescriptor::CPPTYPE_STRING:
      if (field.type() == FieldDescriptor::TYPE_BYTES) break;
      return store(absl::StatusOr<std::string>(word), &Reflection::SetString,
                   &Reflection::AddString);
    default:
      break;
  }
  // No message of a configuration file has such a field; a test walks them.
  ReportUnread(node.position, path, "cannot be set in a file");
}

}  // namespace

std::vector<Diagnostic> ReadYaml(std::string_view file, std::string_view text,
                                 google::protobuf::Message& message,
                                 SourceMap& positions) {
  Reader reader(file, positions);
  YamlTree tree;
  for (Diagnostic& fault : tree.Parse(text)) {
    reader.Report(fault.position, fault.path, std::move(fault.message));
  }
  if (tree.root() != nullptr) {
    positions.Add("", tree.root()->position);
    reader.ReadMessage(*tree.root(), "", message);
  }
  return reader.TakeDiagnostics();
}

std::string ShortName(const EnumValueDescriptor& value) {
  // OverlapPolicy -> overlap_policy_, as the lint of the .proto demands.
  std::string prefix;
  for (char c : value.type()->name()) {
    if (absl::ascii_isupper(c) && !prefix.empty()) prefix += '_';
    prefix += absl::ascii_tolower(c);
  }
  prefix += '_';
  std::string name = value.name();
  absl::AsciiStrToLower(&name);
  return absl::StartsWith(name, prefix) ? name.substr(prefix.size()) : name;
}

}  // namespace mosaic::config
