#include "control/core/field_mask.h"

#include <map>
#include <memory>
#include <span>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "control/config/suggestion.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/message_differencer.h"
#include "mosaic/v1/annotations.pb.h"

namespace mosaic {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;
using google::protobuf::util::MessageDifferencer;

using FieldPath = std::vector<const FieldDescriptor*>;

bool IsSingularMessage(const FieldDescriptor& field) {
  return !field.is_repeated() &&
         field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE;
}

// Whether masks reach below the field. A Duration, or another message that is
// not ours, is one value.
bool HasFieldsOfItsOwn(const FieldDescriptor& field) {
  return IsSingularMessage(field) &&
         field.message_type()->file()->package() == "mosaic.v1";
}

// The fields that `path` goes through; an error's text in `problem` if it names
// none.
FieldPath Resolve(const std::string& path, const Descriptor& type,
                  std::string& problem) {
  FieldPath fields;
  const Descriptor* at = &type;
  const std::vector<std::string> names = absl::StrSplit(path, '.');
  for (const std::string& name : names) {
    if (at == nullptr) {
      problem = absl::StrCat(fields.back()->name(),
                             " is taken as a whole; no mask reaches below it");
      return {};
    }
    const FieldDescriptor* const field = at->FindFieldByName(name);
    if (field == nullptr) {
      std::vector<std::string> existing;
      for (int i = 0; i < at->field_count(); ++i) {
        existing.push_back(at->field(i)->name());
      }
      problem =
          absl::StrCat(config::Quoted(name), " is no field of ", at->name(),
                       "; ", config::Alternatives(name, existing));
      return {};
    }
    fields.push_back(field);
    at = HasFieldsOfItsOwn(*field) ? field->message_type() : nullptr;
  }
  return fields;
}

// Makes `field` of `to` what it is in `from`, set or not.
void CopyField(const Message& from, const FieldDescriptor* field, Message& to) {
  const Reflection& source = *from.GetReflection();
  const Reflection& target = *to.GetReflection();
  const bool is_set = field->is_repeated() ? source.FieldSize(from, field) > 0
                                           : source.HasField(from, field);
  if (!is_set) {
    target.ClearField(&to, field);
    return;
  }
  // What is swapped is this field of a copy; its type need not be known here.
  const std::unique_ptr<Message> copy(from.New());
  copy->CopyFrom(from);
  target.SwapFields(&to, copy.get(), {field});
}

void CopyPath(const Message& from, std::span<const FieldDescriptor* const> path,
              Message& to) {
  const FieldDescriptor* const field = path.front();
  if (path.size() == 1) {
    CopyField(from, field, to);
    return;
  }
  const Reflection& source = *from.GetReflection();
  const Reflection& target = *to.GetReflection();
  // Where neither has the message there is nothing to take and nothing to
  // clear, and to make it would be a change.
  if (!source.HasField(from, field) && !target.HasField(to, field)) return;
  CopyPath(source.GetMessage(from, field), path.subspan(1),
           *target.MutableMessage(&to, field));
}

void CopyAllFields(const Message& from, Message& to) {
  const Descriptor& type = *from.GetDescriptor();
  // In two rounds, since to clear one field of a oneof must not undo another.
  for (int i = 0; i < type.field_count(); ++i) {
    to.GetReflection()->ClearField(&to, type.field(i));
  }
  to.MergeFrom(from);
}

void CopySetFields(const Message& from, Message& to) {
  const Reflection& source = *from.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  source.ListFields(from, &fields);
  for (const FieldDescriptor* field : fields) {
    if (HasFieldsOfItsOwn(*field)) {
      CopySetFields(source.GetMessage(from, field),
                    *to.GetReflection()->MutableMessage(&to, field));
    } else {
      CopyField(from, field, to);
    }
  }
}

bool SameField(const Message& a, const Message& b,
               const FieldDescriptor* field) {
  return MessageDifferencer().CompareWithFields(a, b, {field}, {field});
}

void AddChangedPaths(const Message& a, const Message& b,
                     const std::string& prefix,
                     std::vector<std::string>& paths) {
  const Descriptor& type = *a.GetDescriptor();
  const Reflection& reflection = *a.GetReflection();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* const field = type.field(i);
    if (SameField(a, b, field)) continue;
    const std::string path = config::FieldPath(prefix, field->name());
    if (HasFieldsOfItsOwn(*field) && reflection.HasField(a, field) &&
        reflection.HasField(b, field)) {
      AddChangedPaths(reflection.GetMessage(a, field),
                      reflection.GetMessage(b, field), path, paths);
    } else {
      paths.push_back(path);
    }
  }
}

}  // namespace

MaybeError ApplyMask(const google::protobuf::FieldMask& mask,
                     const std::string& mask_path, const Message& from,
                     Message& to) {
  // By text, so that a path named often is taken once.
  std::map<std::string, FieldPath> paths;
  std::vector<config::Violation> violations;
  bool all = false;
  for (int i = 0; i < mask.paths_size(); ++i) {
    if (mask.paths(i) == "*") {
      all = true;
      continue;
    }
    std::string problem;
    paths[mask.paths(i)] =
        Resolve(mask.paths(i), *from.GetDescriptor(), problem);
    if (problem.empty()) continue;
    violations.push_back(
        {config::ElementPath(config::FieldPath(mask_path, "paths"),
                             static_cast<size_t>(i)),
         absl::StrCat(config::Quoted(mask.paths(i)), ": ", problem)});
  }
  if (!violations.empty()) return InvalidFields(std::move(violations));
  if (all) {
    CopyAllFields(from, to);
  } else if (mask.paths().empty()) {
    CopySetFields(from, to);
  } else {
    for (const auto& [text, path] : paths) CopyPath(from, path, to);
  }
  return std::nullopt;
}

std::vector<std::string> ChangedPaths(const Message& a, const Message& b) {
  std::vector<std::string> paths;
  AddChangedPaths(a, b, "", paths);
  return paths;
}

void ClearServerSet(Message& message) {
  const Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->options().GetExtension(v1::server_set)) {
      message.GetReflection()->ClearField(&message, type.field(i));
    }
  }
}

}  // namespace mosaic
