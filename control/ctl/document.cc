#include "control/ctl/document.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "control/config/yaml_reader.h"
#include "control/config/yaml_tree.h"
#include "google/protobuf/descriptor.h"
#include "mosaic/v1/annotations.pb.h"
#include "mosaic/v1/system_config.pb.h"

namespace mosaic::ctl {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

bool HasKey(const config::YamlNode* root, std::string_view key) {
  if (root == nullptr || root->kind != config::YamlNode::Kind::kMap) {
    return false;
  }
  for (size_t i = 0; i + 1 < root->children.size(); i += 2) {
    if (root->children[i]->text == key) return true;
  }
  return false;
}

struct CloseFile {
  void operator()(std::FILE* file) const {
    if (file != stdin) std::fclose(file);
  }
};

}  // namespace

std::vector<config::Diagnostic> Document::Read(v1::Config& config) {
  config::YamlTree tree;
  // A fault of the syntax is found, and told with its place, by the reader.
  static_cast<void>(tree.Parse(text_));
  has_system_ = HasKey(tree.root(), "system");
  if (!has_system_ && !HasKey(tree.root(), "config")) {
    return config::ReadYaml(name_, text_, config, positions_);
  }
  prefix_ = "config";
  v1::ConfigFile file;
  auto faults = config::ReadYaml(name_, text_, file, positions_);
  config.Swap(file.mutable_config());
  return faults;
}

void Document::AddPlaces(std::vector<FieldViolation>& violations) const {
  for (FieldViolation& violation : violations) {
    std::string path = violation.field;
    const std::string_view request = "config";
    if (path == request) path.clear();
    if (path.rfind("config.", 0) == 0) path.erase(0, request.size() + 1);
    if (!prefix_.empty()) path = config::FieldPath(prefix_, path);
    const config::Position place = positions_.Find(path);
    if (place.line == 0) continue;
    violation.field = fmt::format("{}:{}:{}: {}", name_, place.line,
                                  place.column, violation.field);
  }
}

absl::Status ReadText(const std::string& path, Document& document) {
  const bool standard = path == "-";
  const std::string name = standard ? "(standard input)" : path;
  const std::unique_ptr<std::FILE, CloseFile> file(
      standard ? stdin : std::fopen(path.c_str(), "rb"));
  if (file == nullptr) {
    return absl::NotFoundError(
        fmt::format("{}: {}", name, std::strerror(errno)));
  }
  // One byte more than allowed, so that a longer text is told by the reader.
  std::string text(config::YamlTree::kMaxBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get()) != 0) {
    return absl::UnavailableError(
        fmt::format("{}: {}", name, std::strerror(errno)));
  }
  document = Document(name, std::move(text));
  return absl::OkStatus();
}

v1::Config WithoutServerSet(v1::Config config) {
  const auto clear = [](Message& message) {
    const auto& type = *message.GetDescriptor();
    for (int i = 0; i < type.field_count(); ++i) {
      if (type.field(i)->options().GetExtension(v1::server_set)) {
        message.GetReflection()->ClearField(&message, type.field(i));
      }
    }
  };
  for (v1::Monitor& monitor : *config.mutable_monitors()) clear(monitor);
  for (v1::NfInstance& nf : *config.mutable_nf_instances()) clear(nf);
  return config;
}

}  // namespace mosaic::ctl
