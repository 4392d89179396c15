#include "control/config/field_checks.h"

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "google/protobuf/descriptor.h"

namespace mosaic::config {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::string_view kIdSyntax = "[a-z][a-z0-9-]{0,62}";
constexpr size_t kMaxIdBytes = 63;
constexpr int32_t kNanosPerSecond = 1'000'000'000;
constexpr uint64_t kMebibyte = 1024 * 1024;

absl::string_view View(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

std::string BytesText(uint64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"", "KiB", "MiB", "GiB",
                                                 "TiB"};
  size_t unit = 0;
  while (bytes > 0 && bytes % 1024 == 0 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return absl::StrCat(bytes, kUnits[unit]);
}

bool IsId(std::string_view id) {
  if (id.empty() || id.size() > kMaxIdBytes || !absl::ascii_islower(id[0])) {
    return false;
  }
  for (char c : id) {
    if (!absl::ascii_islower(c) && !absl::ascii_isdigit(c) && c != '-') {
      return false;
    }
  }
  return true;
}

void FieldChecks::InRange(const std::string& path, uint64_t value, uint64_t min,
                          uint64_t max) {
  if (value >= min && value <= max) return;
  Fail(path, absl::StrCat(value, " is not in [", min, ", ", max, "]"));
}

void FieldChecks::BytesInRange(const std::string& path, uint64_t value,
                               uint64_t min, uint64_t max) {
  if (value >= min && value <= max) return;
  Fail(path, absl::StrCat(BytesText(value), " is not in [", BytesText(min),
                          ", ", BytesText(max), "]"));
}

void FieldChecks::WholeMebibytes(const std::string& path, uint64_t value) {
  if (value % kMebibyte == 0) return;
  Fail(path, absl::StrCat(BytesText(value), " is not a whole number of MiB"));
}

void FieldChecks::Timeout(const std::string& path,
                          const google::protobuf::Duration& value) {
  const bool fits = value.nanos() > -kNanosPerSecond &&
                    value.nanos() < kNanosPerSecond &&
                    (value.seconds() == 0 || value.nanos() == 0 ||
                     (value.seconds() < 0) == (value.nanos() < 0));
  if (!fits) {
    Fail(path, absl::StrCat("seconds ", value.seconds(), " and nanos ",
                            value.nanos(), " are no duration"));
    return;
  }
  const absl::Duration duration =
      absl::Seconds(value.seconds()) + absl::Nanoseconds(value.nanos());
  if (duration > absl::ZeroDuration() && duration <= absl::Hours(24)) return;
  Fail(path, absl::StrCat(duration == absl::ZeroDuration()
                              ? "0s"
                              : absl::FormatDuration(duration),
                          " is not in (0s, 24h]"));
}

void FieldChecks::AtMost(const std::string& path, int size, int max,
                         std::string_view elements) {
  if (size <= max) return;
  Fail(path, absl::StrCat(size, " ", View(elements), "; at most ", max,
                          " are allowed"));
}

void FieldChecks::ResourceName(const std::string& path, const std::string& name,
                               std::string_view collection) {
  const std::string_view text = name;
  const size_t prefix = collection.size() + 1;
  if (text.size() > prefix && text.substr(0, collection.size()) == collection &&
      text[collection.size()] == '/' && IsId(text.substr(prefix))) {
    return;
  }
  std::string message = absl::StrCat(
      name.empty() ? "required" : absl::StrCat(Quoted(name), " is no name"),
      "; allowed: ", View(collection), "/{id} with id = ", View(kIdSyntax));
  if (IsId(name)) {
    absl::StrAppend(&message, "; did you mean \"", View(collection), "/", name,
                    "\"?");
  }
  Fail(path, std::move(message));
}

void FieldChecks::Id(const std::string& path, const std::string& id) {
  if (IsId(id)) return;
  Fail(path, absl::StrCat(id.empty() ? "required"
                                     : absl::StrCat(Quoted(id), " is no id"),
                          "; allowed: ", View(kIdSyntax)));
}

void FieldChecks::KnownEnums(const std::string& path, const Message& message) {
  const Reflection& reflection = *message.GetReflection();
  const auto check = [&](const std::string& at, const EnumDescriptor& type,
                         int number) {
    if (type.FindValueByNumber(number) != nullptr) return;
    Fail(at, absl::StrCat(number, " is no value of ", type.name()));
  };
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string at = FieldPath(path, field->name());
    const bool is_enum = field->cpp_type() == FieldDescriptor::CPPTYPE_ENUM;
    const bool is_message =
        field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
    if (!field->is_repeated()) {
      if (is_enum) {
        check(at, *field->enum_type(), reflection.GetEnumValue(message, field));
      }
      if (is_message) KnownEnums(at, reflection.GetMessage(message, field));
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      if (is_enum) {
        check(ElementPath(at, i), *field->enum_type(),
              reflection.GetRepeatedEnumValue(message, field, i));
      }
      if (is_message) {
        KnownEnums(ElementPath(at, i),
                   reflection.GetRepeatedMessage(message, field, i));
      }
    }
  }
}

}  // namespace mosaic::config
