#include "control/ctl/yaml_writer.h"

#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "control/config/field_checks.h"
#include "control/config/yaml_reader.h"
#include "control/ctl/printable_text.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/time_util.h"
#include "mosaic/v1/annotations.pb.h"
#include "mosaic/v1/common.pb.h"

namespace mosaic::ctl {
namespace {

using google::protobuf::DynamicCastToGenerated;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::util::TimeUtil;

// Words that YAML 1.1 or 1.2 take for something else.
bool IsReserved(const std::string& word) {
  const std::string lower = absl::AsciiStrToLower(word);
  for (const char* reserved :
       {"", "~", "null", "true", "false", "yes", "no", "on", "off", "y", "n"}) {
    if (lower == reserved) return true;
  }
  // Numbers, dates and times.
  return word.find_first_not_of("0123456789+-.eExXoOabcdefABCDEF_:") ==
             std::string::npos &&
         word.find_first_of("0123456789") != std::string::npos;
}

// In double quotes where it is not a plain word everywhere.
std::string Scalar(const std::string& text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 _./-()=";
  const bool plain =
      !IsReserved(text) &&
      absl::ascii_isalnum(static_cast<unsigned char>(text[0])) != 0 &&
      text.back() != ' ' && text.find_first_not_of(kPlain) == std::string::npos;
  if (plain) return text;
  const std::string escaped =
      absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}});
  return absl::StrCat("\"", Printable(escaped), "\"");
}

std::string DurationText(const google::protobuf::Duration& duration) {
  // "300s", "0.500s": protobuf's form is one that the reader takes.
  return TimeUtil::ToString(duration);
}

class Writer {
 public:
  explicit Writer(YamlFor purpose) : purpose_(purpose) {}

  // The fields of `message`, each line behind `indent` blanks.
  void WriteFields(const Message& message, size_t indent);

  std::string Take() { return std::move(text_); }

 private:
  bool IsWritten(const Message& message, const FieldDescriptor& field) const;
  bool HasFields(const Message& message) const;
  void WriteField(const Message& message, const FieldDescriptor& field,
                  size_t indent);
  void WriteList(const Message& message, const FieldDescriptor& field,
                 size_t indent);
  // What stands for a whole message on the line of its key, or "".
  std::string OneWord(const Message& message) const;
  // A scalar: singular where `index` is negative, else an element.
  std::string Value(const Message& message, const FieldDescriptor& field,
                    int index) const;

  const YamlFor purpose_;
  std::string text_;
};

bool Writer::IsWritten(const Message& message,
                       const FieldDescriptor& field) const {
  if (purpose_ == YamlFor::kFile &&
      field.options().GetExtension(v1::server_set)) {
    return false;
  }
  const Reflection& reflection = *message.GetReflection();
  return field.is_repeated() ? reflection.FieldSize(message, &field) > 0
                             : reflection.HasField(message, &field);
}

bool Writer::HasFields(const Message& message) const {
  const auto& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    if (IsWritten(message, *type.field(i))) return true;
  }
  return false;
}

void Writer::WriteFields(const Message& message, size_t indent) {
  const auto& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (IsWritten(message, field)) WriteField(message, field, indent);
  }
}

void Writer::WriteField(const Message& message, const FieldDescriptor& field,
                        size_t indent) {
  absl::StrAppend(&text_, std::string(indent, ' '), field.name(), ":");
  if (field.is_repeated()) {
    WriteList(message, field, indent);
    return;
  }
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    absl::StrAppend(&text_, " ", Value(message, field, -1), "\n");
    return;
  }
  const Message& child = message.GetReflection()->GetMessage(message, &field);
  if (const std::string word = OneWord(child); !word.empty()) {
    absl::StrAppend(&text_, " ", word, "\n");
    return;
  }
  text_ += '\n';
  WriteFields(child, indent + 2);
}

void Writer::WriteList(const Message& message, const FieldDescriptor& field,
                       size_t indent) {
  const Reflection& reflection = *message.GetReflection();
  const int size = reflection.FieldSize(message, &field);
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    std::vector<std::string> words;
    for (int i = 0; i < size; ++i) words.push_back(Value(message, field, i));
    absl::StrAppend(&text_, " [", absl::StrJoin(words, ", "), "]\n");
    return;
  }
  text_ += '\n';
  for (int i = 0; i < size; ++i) {
    const Message& child = reflection.GetRepeatedMessage(message, &field, i);
    if (field.is_map()) {
      const auto& type = *child.GetDescriptor();
      absl::StrAppend(&text_, std::string(indent + 2, ' '),
                      Value(child, *type.map_key(), -1), ": ",
                      Value(child, *type.map_value(), -1), "\n");
      continue;
    }
    const size_t begin = text_.size();
    if (const std::string word = OneWord(child); !word.empty()) {
      absl::StrAppend(&text_, std::string(indent + 4, ' '), word, "\n");
    } else {
      WriteFields(child, indent + 4);
    }
    // The dash goes before the element's first line.
    text_[begin + indent + 2] = '-';
  }
}

std::string Writer::OneWord(const Message& message) const {
  if (const auto* duration =
          DynamicCastToGenerated<google::protobuf::Duration>(&message)) {
    return DurationText(*duration);
  }
  if (const auto* time =
          DynamicCastToGenerated<google::protobuf::Timestamp>(&message)) {
    return absl::StrCat("\"", TimeUtil::ToString(*time), "\"");
  }
  if (const auto* filter = DynamicCastToGenerated<v1::PacketFilter>(&message);
      filter != nullptr && !filter->expression().empty()) {
    return Scalar(filter->expression());
  }
  if (const auto* ports = DynamicCastToGenerated<v1::PortRange>(&message)) {
    return ports->first() == ports->last()
               ? absl::StrCat(ports->first())
               : absl::StrCat(ports->first(), "-", ports->last());
  }
  return HasFields(message) ? "" : "{}";
}

std::string Writer::Value(const Message& message, const FieldDescriptor& field,
                          int index) const {
  const Reflection& reflection = *message.GetReflection();
  const bool one = index < 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return (one ? reflection.GetBool(message, &field)
                  : reflection.GetRepeatedBool(message, &field, index))
                 ? "true"
                 : "false";
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int number =
          one ? reflection.GetEnumValue(message, &field)
              : reflection.GetRepeatedEnumValue(message, &field, index);
      const auto* value = field.enum_type()->FindValueByNumber(number);
      return value == nullptr ? absl::StrCat(number)
                              : config::ShortName(*value);
    }
    case FieldDescriptor::CPPTYPE_UINT64: {
      const uint64_t number =
          one ? reflection.GetUInt64(message, &field)
              : reflection.GetRepeatedUInt64(message, &field, index);
      const bool bytes = absl::StrContains(field.name(), "_bytes");
      return purpose_ == YamlFor::kFile && bytes ? config::BytesText(number)
                                                 : absl::StrCat(number);
    }
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(
          one ? reflection.GetUInt32(message, &field)
              : reflection.GetRepeatedUInt32(message, &field, index));
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(
          one ? reflection.GetInt32(message, &field)
              : reflection.GetRepeatedInt32(message, &field, index));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrCat(
          one ? reflection.GetDouble(message, &field)
              : reflection.GetRepeatedDouble(message, &field, index));
    default:
      return Scalar(one ? reflection.GetString(message, &field)
                        : reflection.GetRepeatedString(message, &field, index));
  }
}

}  // namespace

std::string WriteYaml(const Message& message, YamlFor purpose) {
  Writer writer(purpose);
  writer.WriteFields(message, 0);
  std::string text = writer.Take();
  return text.empty() ? "{}\n" : text;
}

}  // namespace mosaic::ctl
