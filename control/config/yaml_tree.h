// YamlTree is the text of one YAML document as a tree of nodes that know their
// place, with every bound that a hostile file could try.
//
// Bounds      kMaxBytes of text, kMaxDepth levels, kMaxNodes nodes. Aliases
//             count as often as they are used, so that a few nested ones cannot
//             stand for billions of nodes.
// Subset      One document of maps, lists and words. Tags (!!x) and merge keys
//             (<<) are refused: they would change what a word means.

#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "control/config/diagnostic.h"

namespace mosaic::config {

struct YamlNode {
  enum class Kind : uint8_t {
    kNull,    // `key:` with nothing behind, or `null`, or `~`.
    kScalar,  // A word; see `text`, `quoted`.
    kList,    // See `children`.
    kMap,     // See `children`: key, value, key, value …
  };

  Kind kind = Kind::kNull;
  bool quoted = false;
  Position position;
  std::string text;
  // Owned by the tree; one node may be the child of several through aliases.
  std::vector<const YamlNode*> children;

  // Of the tree below, this node included; aliases count each time.
  size_t nodes = 1;
  size_t depth = 1;
};

class YamlTree {
 public:
  static constexpr size_t kMaxBytes = 1024 * 1024;
  static constexpr size_t kMaxDepth = 64;
  static constexpr size_t kMaxNodes = 200'000;

  // Reads `text`; REQUIRES: called once. Returns what is wrong with it, with an
  // empty path and no file; root() is null then. Not more than the first fault
  // is told, as nothing behind it can be trusted.
  [[nodiscard]] std::vector<Diagnostic> Parse(std::string_view text);

  // The document. Valid as long as the tree.
  const YamlNode* root() const { return root_; }

 private:
  std::deque<YamlNode> nodes_;
  const YamlNode* root_ = nullptr;
};

}  // namespace mosaic::config
