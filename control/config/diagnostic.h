// Diagnostic says what is wrong with a configuration and where.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace mosaic::config {

// A place in a text. Both count from 1, columns in bytes; 0 means unknown.
struct Position {
  int line = 0;
  int column = 0;
};

// What is wrong with the field `path` of a message. The path is relative to a
// message the caller knows: "config.monitors[1].client.buffer_size_bytes".
struct Violation {
  std::string path;
  std::string message;
};

// A violation and where in a file it stands.
struct Diagnostic {
  std::string file;
  Position position;    // Unknown where the file could not be read at all.
  std::string path;     // Empty where the text is not even YAML.
  std::string message;  // What is wrong, the value, what is allowed.

  // Path of what stays unset because of this, so that whoever checks the
  // message afterwards need not tell that it is missing; empty if nothing does.
  std::string unset_path = {};
};

// "file:line:column: path: message" without the parts that are not known.
std::string Format(const Diagnostic& diagnostic);

// One line each, in the order given.
std::string Format(const std::vector<Diagnostic>& diagnostics);

// `text` in double quotes for use in a message: control characters and invalid
// UTF-8 are escaped and long texts cut, so that a hostile file cannot write to
// the operator's terminal.
std::string Quoted(std::string_view text);

// `path` + "." + `field`, or just `field` where `path` is empty.
std::string FieldPath(std::string_view path, std::string_view field);

// `path` + "[" + `index` + "]".
std::string ElementPath(std::string_view path, size_t index);

}  // namespace mosaic::config
