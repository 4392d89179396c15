#include "control/config/yaml_tree.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "gtest/gtest.h"

namespace mosaic::config {
namespace {

// What Parse() says about `text`, as "line:column: message", "" if nothing.
std::string FaultOf(std::string_view text) {
  YamlTree tree;
  const std::vector<Diagnostic> faults = tree.Parse(text);
  EXPECT_EQ(tree.root() == nullptr, !faults.empty());
  if (faults.empty()) return "";
  EXPECT_EQ(faults.size(), 1u);
  return std::to_string(faults[0].position.line) + ":" +
         std::to_string(faults[0].position.column) + ": " + faults[0].message;
}

// `levels` lists, one inside the other.
std::string Nested(size_t levels) {
  return std::string(levels, '[') + std::string(levels, ']');
}

// A list of `words` one-letter words.
std::string ListOf(size_t words) {
  std::string text = "[";
  for (size_t i = 0; i < words; ++i) text += "a,";
  return text + "]";
}

TEST(YamlTreeTest, NodesKnowTheirKindAndPlace) {
  YamlTree tree;
  ASSERT_TRUE(tree.Parse("key: [word, \"word\", ~]\nother:\n  a: 1\n").empty());

  const YamlNode& root = *tree.root();
  ASSERT_EQ(root.kind, YamlNode::Kind::kMap);
  ASSERT_EQ(root.children.size(), 4u);
  const YamlNode& list = *root.children[1];
  ASSERT_EQ(list.kind, YamlNode::Kind::kList);
  EXPECT_EQ(list.position.line, 1);
  EXPECT_EQ(list.position.column, 6);
  EXPECT_EQ(list.children[0]->text, "word");
  EXPECT_EQ(list.children[1]->text, "word");
  EXPECT_EQ(list.children[1]->position.column, 13);
  EXPECT_EQ(list.children[2]->kind, YamlNode::Kind::kNull);
  EXPECT_EQ(root.children[3]->kind, YamlNode::Kind::kMap);
  EXPECT_EQ(root.children[3]->position.line, 3);
  EXPECT_EQ(root.children[3]->position.column, 3);
}

TEST(YamlTreeTest, AnAliasStandsForItsNode) {
  YamlTree tree;
  ASSERT_TRUE(tree.Parse("a: &x [1, 2]\nb: *x\n").empty());
  EXPECT_EQ(tree.root()->children[1], tree.root()->children[3]);
}

TEST(YamlTreeTest, BrokenYamlIsToldWithItsPlace) {
  EXPECT_EQ(FaultOf("a: b: c"), "1:5: not valid YAML: illegal map value");
  EXPECT_EQ(FaultOf("a: 1\nb: [1, 2\n"),
            "2:4: not valid YAML: the bracket that opens here is not closed");
  EXPECT_EQ(FaultOf("a: *nowhere"),
            "1:4: not valid YAML: the referenced anchor is not defined");
}

TEST(YamlTreeTest, AFaultInAnEscapeIsToldInPrintableText) {
  EXPECT_EQ(FaultOf("[\"U\\"),
            "1:6: not valid YAML: the text ends after a backslash");
  EXPECT_EQ(FaultOf("\"\\\xc3\xa9\""),
            "1:4: not valid YAML: unknown escape character: \\303");
}

TEST(YamlTreeTest, ADocumentWithoutContentIsEmpty) {
  for (const char* text : {"", "\n\n", "# only a comment\n", "---\n", "~\n"}) {
    EXPECT_EQ(FaultOf(text),
              "1:1: the file is empty; write {} for all defaults")
        << text;
  }
  EXPECT_EQ(FaultOf("{}"), "");
}

TEST(YamlTreeTest, ASecondDocumentIsRefused) {
  EXPECT_EQ(FaultOf("a: 1\n---\nb: 2\n"),
            "3:1: a second document begins; a file holds one");
  EXPECT_EQ(FaultOf("a: 1\n...\n"), "");
}

TEST(YamlTreeTest, TagsAreRefused) {
  EXPECT_EQ(FaultOf("a: !!str 1"),
            "1:4: the tag \"tag:yaml.org,2002:str\" is not supported; leave it "
            "out");
  EXPECT_EQ(FaultOf("!x {a: 1}"),
            "1:1: the tag \"!x\" is not supported; leave it out");
}

TEST(YamlTreeTest, WhatIsNotTextIsToldByByteAndPlace) {
  EXPECT_EQ(FaultOf("a: 1\nb: \xff"), "2:4: byte 0xff is not UTF-8 text");
  EXPECT_EQ(FaultOf(std::string_view("a: \0", 4)),
            "1:4: control character 0x00 in the text");
  EXPECT_EQ(FaultOf("a: \x1b[31m"), "1:4: control character 0x1b in the text");
}

TEST(YamlTreeTest, Utf8IsCheckedToItsLastRule) {
  for (const char* good : {"\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf",
                           "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(FaultOf(std::string("a: x") + good), "") << good;
  }
  for (const char* bad :
       {"\x80", "\xc1\xbf", "\xc2", "\xc2z", "\xe0\x9f\xbf", "\xe1\x80",
        "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf0\x90\x80", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80"}) {
    EXPECT_NE(FaultOf(std::string("a: x") + bad), "");
  }
}

TEST(YamlTreeTest, AFileOfTheGreatestSizeIsReadAndOneByteMoreIsNot) {
  std::string text = "a: 1\n#";
  text.resize(YamlTree::kMaxBytes, 'x');
  EXPECT_EQ(FaultOf(text), "");
  text += 'x';
  EXPECT_EQ(FaultOf(text), "0:0: larger than 1048576 bytes");
}

TEST(YamlTreeTest, TheDeepestNestingIsReadAndOneLevelMoreIsNot) {
  EXPECT_EQ(FaultOf(Nested(YamlTree::kMaxDepth)), "");
  EXPECT_EQ(FaultOf(Nested(YamlTree::kMaxDepth + 1)),
            "1:65: nested more than 64 levels deep");
}

TEST(YamlTreeTest, AnAliasCountsWithTheDepthOfWhatItStandsFor) {
  // The anchor's 32 levels fit below 32 others, and not below 33.
  const std::string anchor = "- &x " + Nested(32) + "\n- ";
  const auto below = [&](size_t levels) {
    return anchor + std::string(levels, '[') + "*x" + std::string(levels, ']');
  };
  EXPECT_EQ(FaultOf(below(31)), "");
  EXPECT_EQ(FaultOf(below(32)), "2:35: nested more than 64 levels deep");
}

TEST(YamlTreeTest, TheMostNodesAreReadAndOneMoreIsNot) {
  EXPECT_EQ(FaultOf(ListOf(YamlTree::kMaxNodes - 1)), "");
  EXPECT_EQ(FaultOf(ListOf(YamlTree::kMaxNodes)),
            "1:400000: more than 200000 values, each use of an alias counted");
}

TEST(YamlTreeTest, AliasesOfAliasesDoNotMultiplyUnbounded) {
  std::string text = "l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (char level = '1'; level <= '9'; ++level) {
    // l1: &l1 [*l0, *l0, …]
    std::string line = "lN: &lN [*lM, *lM, *lM, *lM, *lM, *lM, *lM, *lM]\n";
    std::replace(line.begin(), line.end(), 'N', level);
    std::replace(line.begin(), line.end(), 'M', static_cast<char>(level - 1));
    text += line;
  }
  EXPECT_EQ(FaultOf(text),
            "6:25: more than 200000 values, each use of an alias counted");
}

TEST(YamlTreeTest, AnAliasInsideOfItselfIsRefused) {
  EXPECT_EQ(FaultOf("a: &x [1, *x]"),
            "1:11: an alias inside of what it stands for");
}

}  // namespace
}  // namespace mosaic::config
