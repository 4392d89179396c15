// Document is a configuration file on its way to the daemon: it knows the line
// and column of every value, so that what the daemon refuses is shown in the
// text it came from.

#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "control/config/diagnostic.h"
#include "control/config/source_map.h"
#include "control/ctl/call_status.h"
#include "mosaic/v1/config_service.pb.h"

namespace mosaic::ctl {

class Document {
 public:
  Document() = default;
  Document(std::string name, std::string text)
      : name_(std::move(name)), text_(std::move(text)) {}

  // Reads a Config, or the `config:` part of a daemon's file. Returns what is
  // wrong, in the order of the text; `config` must not be used then.
  [[nodiscard]] std::vector<config::Diagnostic> Read(v1::Config& config);

  // Whether the text has a `system:` part. REQUIRES: Read() was called.
  bool has_system() const { return has_system_; }

  // Puts "file:line:column: " before the path of each field that the text sets.
  void AddPlaces(std::vector<FieldViolation>& violations) const;

 private:
  std::string name_;
  std::string text_;
  config::SourceMap positions_;
  std::string prefix_;  // Path of the Config in the text: "config" or "".
  bool has_system_ = false;
};

// Reads the file at `path`, or standard input for "-". An error says why it
// cannot be read, or that it is larger than the reader takes.
absl::Status ReadText(const std::string& path, Document& document);

// `config` without what only the server sets.
v1::Config WithoutServerSet(v1::Config config);

}  // namespace mosaic::ctl
