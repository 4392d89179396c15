#include "control/config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <unordered_map>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace mosaic::config {
namespace {

Position PositionOf(const YAML::Mark& mark) {
  return {mark.line + 1, mark.column + 1};
}

Diagnostic Fault(Position position, std::string message) {
  return {.file = "",
          .position = position,
          .path = "",
          .message = std::move(message)};
}

// Length of the UTF-8 character that `text` starts with, or 0 if it starts with
// none (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF).
size_t Utf8Length(std::string_view text) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto continues = [&](size_t i) { return (byte(i) & 0xc0) == 0x80; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return continues(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (lead == 0xe0 && byte(1) < 0xa0) return 0;
    if (lead == 0xed && byte(1) > 0x9f) return 0;
    return continues(1) && continues(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (lead == 0xf0 && byte(1) < 0x90) return 0;
    if (lead == 0xf4 && byte(1) > 0x8f) return 0;
    return continues(1) && continues(2) && continues(3) ? 4 : 0;
  }
  return 0;
}

// The first byte that no text file has: invalid UTF-8 or a control character.
std::optional<Diagnostic> FindForeignByte(std::string_view text) {
  Position position{1, 1};
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const size_t length = Utf8Length(text.substr(i));
    if (length == 0) {
      return Fault(position,
                   absl::StrCat("byte 0x", absl::Hex(c, absl::kZeroPad2),
                                " is not UTF-8 text"));
    }
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) {
      return Fault(position,
                   absl::StrCat("control character 0x",
                                absl::Hex(c, absl::kZeroPad2), " in the text"));
    }
    if (c == '\n') {
      position = {position.line + 1, 1};
    } else {
      position.column += static_cast<int>(length);
    }
    i += length;
  }
  return std::nullopt;
}

// Builds the nodes from yaml-cpp's events. After the first fault it ignores the
// rest: yaml-cpp cannot be stopped but by an exception.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::deque<YamlNode>& nodes) : nodes_(nodes) {}

  const YamlNode* root() const { return root_; }
  const std::optional<Diagnostic>& fault() const { return fault_; }

  // What yaml-cpp gave up at. It tells the end of the text for a bracket that
  // is not closed; where that opens is of more use.
  Diagnostic SyntaxFault(const YAML::Exception& e) const {
    const bool is_open_flow = e.msg == YAML::ErrorMsg::END_OF_SEQ_FLOW ||
                              e.msg == YAML::ErrorMsg::END_OF_MAP_FLOW;
    if (is_open_flow && !open_.empty()) {
      return Fault(open_.back().node->position,
                   "not valid YAML: the bracket that opens here is not closed");
    }
    // yaml-cpp tells the end of the text as the character 4, which the text
    // itself cannot hold, and a character of several bytes by its first.
    const bool ends_in_escape =
        e.msg == absl::StrCat(YAML::ErrorMsg::INVALID_ESCAPE, "\x04");
    return Fault(e.mark.is_null() ? Position{} : PositionOf(e.mark),
                 absl::StrCat("not valid YAML: ",
                              ends_in_escape ? "the text ends after a backslash"
                                             : absl::CEscape(e.msg)));
  }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Leaf(YamlNode::Kind::kNull, mark, anchor);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor, const std::string& value) override {
    CheckTag(mark, tag);
    YamlNode* node = Leaf(YamlNode::Kind::kScalar, mark, anchor);
    if (node == nullptr) return;
    node->text = value;
    node->quoted = tag == "!";
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (fault_) return;
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      Refuse(mark, "an alias inside of what it stands for");
      return;
    }
    Count(mark, found->second->nodes, found->second->depth);
    Attach(found->second);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    CheckTag(mark, tag);
    Open(YamlNode::Kind::kList, mark, anchor);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag,
                  YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    CheckTag(mark, tag);
    Open(YamlNode::Kind::kMap, mark, anchor);
  }
  void OnMapEnd() override { Close(); }

 private:
  struct OpenNode {
    YamlNode* node;
    YAML::anchor_t anchor;
  };

  void Refuse(const YAML::Mark& mark, std::string message) {
    if (!fault_) fault_ = Fault(PositionOf(mark), std::move(message));
  }

  // yaml-cpp tells "?" for a plain word and "!" for a quoted one.
  void CheckTag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    Refuse(mark, absl::StrCat("the tag ", Quoted(tag),
                              " is not supported; leave it out"));
  }

  YamlNode* New(YamlNode::Kind kind, const YAML::Mark& mark) {
    if (!fault_) Count(mark, 1, 1);
    if (fault_) return nullptr;
    YamlNode& node = nodes_.emplace_back();
    node.kind = kind;
    node.position = PositionOf(mark);
    return &node;
  }

  YamlNode* Leaf(YamlNode::Kind kind, const YAML::Mark& mark,
                 YAML::anchor_t anchor) {
    YamlNode* node = New(kind, mark);
    if (node == nullptr) return nullptr;
    if (anchor != YAML::NullAnchor) anchors_[anchor] = node;
    Attach(node);
    return node;
  }

  void Open(YamlNode::Kind kind, const YAML::Mark& mark,
            YAML::anchor_t anchor) {
    YamlNode* node = New(kind, mark);
    if (node == nullptr) return;
    open_.push_back({node, anchor});
  }

  void Close() {
    if (fault_) return;
    const OpenNode closed = open_.back();
    open_.pop_back();
    if (closed.anchor != YAML::NullAnchor)
      anchors_[closed.anchor] = closed.node;
    Attach(closed.node);
  }

  // Adds a finished node to the one that encloses it.
  void Attach(const YamlNode* node) {
    if (open_.empty()) {
      root_ = node;
      return;
    }
    YamlNode& parent = *open_.back().node;
    parent.children.push_back(node);
    parent.nodes += node->nodes;
    parent.depth = std::max(parent.depth, node->depth + 1);
  }

  // Counts `nodes` more of `levels` levels below what is open.
  void Count(const YAML::Mark& mark, size_t nodes, size_t levels) {
    total_ += nodes;
    if (total_ > YamlTree::kMaxNodes) {
      Refuse(mark, absl::StrCat("more than ", YamlTree::kMaxNodes,
                                " values, each use of an alias counted"));
    }
    if (open_.size() + levels > YamlTree::kMaxDepth) {
      Refuse(mark, absl::StrCat("nested more than ", YamlTree::kMaxDepth,
                                " levels deep"));
    }
  }

  std::deque<YamlNode>& nodes_;
  std::vector<OpenNode> open_;
  std::unordered_map<YAML::anchor_t, const YamlNode*> anchors_;
  const YamlNode* root_ = nullptr;
  size_t total_ = 0;
  std::optional<Diagnostic> fault_;
};

}  // namespace

std::vector<Diagnostic> YamlTree::Parse(std::string_view text) {
  if (text.size() > kMaxBytes) {
    return {Fault({}, absl::StrCat("larger than ", kMaxBytes, " bytes"))};
  }
  if (auto fault = FindForeignByte(text)) return {*fault};

  TreeBuilder builder(nodes_);
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    const bool any = parser.HandleNextDocument(builder);
    if (builder.fault()) return {*builder.fault()};
    if (!any || builder.root() == nullptr ||
        builder.root()->kind == YamlNode::Kind::kNull) {
      return {Fault({1, 1}, "the file is empty; write {} for all defaults")};
    }
    std::deque<YamlNode> surplus;
    TreeBuilder second(surplus);
    if (parser.HandleNextDocument(second)) {
      return {Fault(second.root() ? second.root()->position : Position{1, 1},
                    "a second document begins; a file holds one")};
    }
  } catch (const YAML::Exception& e) {
    return {builder.fault() ? *builder.fault() : builder.SyntaxFault(e)};
  }
  root_ = builder.root();
  return {};
}

}  // namespace mosaic::config
