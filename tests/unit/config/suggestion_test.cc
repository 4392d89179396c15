#include "control/config/suggestion.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace mosaic::config {
namespace {

const std::vector<std::string> kWords = {"name", "priority", "idle_timeout",
                                         "buffer_size_bytes", "nf_instances"};

TEST(ClosestMatchTest, FindsAWordDespiteATypingMistake) {
  EXPECT_EQ(ClosestMatch("prioritty", kWords), "priority");  // One too many.
  EXPECT_EQ(ClosestMatch("prioity", kWords), "priority");    // One missing.
  EXPECT_EQ(ClosestMatch("priorirty", kWords), "priority");
  EXPECT_EQ(ClosestMatch("nmae", kWords), "name");  // Two swapped.
  EXPECT_EQ(ClosestMatch("idle_timeuot", kWords), "idle_timeout");
}

TEST(ClosestMatchTest, CaseAndSeparatorsDoNotCount) {
  EXPECT_EQ(ClosestMatch("IDLE-TIMEOUT", kWords), "idle_timeout");
  EXPECT_EQ(ClosestMatch("nfinstance", kWords), "nf_instances");
}

TEST(ClosestMatchTest, APartOfFourLettersStandsForTheWhole) {
  EXPECT_EQ(ClosestMatch("buffer_size", kWords), "buffer_size_bytes");
  EXPECT_EQ(ClosestMatch("timeout", kWords), "idle_timeout");
  EXPECT_EQ(ClosestMatch("buf", kWords), "");
}

TEST(ClosestMatchTest, AnswersNothingWhereNothingIsNear) {
  EXPECT_EQ(ClosestMatch("colour", kWords), "");
  EXPECT_EQ(ClosestMatch("", kWords), "");
  EXPECT_EQ(ClosestMatch("_-_", kWords), "");
  EXPECT_EQ(ClosestMatch("name", {}), "");
}

TEST(ClosestMatchTest, AWordLongerThanItsBoundIsNotLookedAt) {
  const std::string longest(64, 'x');
  EXPECT_EQ(ClosestMatch(longest, {longest}), longest);
  EXPECT_EQ(ClosestMatch(longest + "x", {longest}), "");
}

TEST(AlternativesTest, TellsAllAndTheNearest) {
  EXPECT_EQ(Alternatives("frist", {"first", "last"}),
            "allowed: first, last; did you mean \"first\"?");
  EXPECT_EQ(Alternatives("newest", {"first", "last"}), "allowed: first, last");
}

}  // namespace
}  // namespace mosaic::config
