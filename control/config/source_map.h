// SourceMap tells where in a configuration file a field's value stands, so that
// what is found wrong with a message can be shown in the text it came from.

#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "control/config/diagnostic.h"

namespace mosaic::config {

class SourceMap {
 public:
  // Notes where the value of `path` begins; the first note of a path stays.
  void Add(std::string path, Position position);

  // Where the value of `path` begins; if the file does not set it, where the
  // nearest enclosing value that it sets does. Unknown for an empty map.
  Position Find(std::string_view path) const;

 private:
  std::unordered_map<std::string, Position> positions_;
};

}  // namespace mosaic::config
