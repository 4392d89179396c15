#include "control/config/source_map.h"

#include <utility>

namespace mosaic::config {

void SourceMap::Add(std::string path, Position position) {
  positions_.emplace(std::move(path), position);
}

Position SourceMap::Find(std::string_view path) const {
  while (true) {
    const auto found = positions_.find(std::string(path));
    if (found != positions_.end()) return found->second;
    if (path.empty()) return Position{};
    const size_t cut = path.find_last_of(".[");
    path = path.substr(0, cut == std::string_view::npos ? 0 : cut);
  }
}

}  // namespace mosaic::config
