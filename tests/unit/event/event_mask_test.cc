#include <set>
#include <string>
#include <string_view>

#include "dataplane/api/event.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

constexpr Side kBothSides[] = {Side::kClient, Side::kServer};

template <typename Visit>
void ForEachEvent(Visit visit) {
  for (size_t kind = 0; kind < kEventKinds; ++kind) {
    for (size_t hook = 0; hook < kHooks; ++hook) {
      for (Side side : kBothSides) {
        visit(static_cast<EventKind>(kind), static_cast<Hook>(hook), side);
      }
    }
  }
}

TEST(EventMaskTest, EachEventHasABitOfItsOwn) {
  std::set<size_t> bits;
  ForEachEvent([&](EventKind kind, Hook hook, Side side) {
    EXPECT_LT(EventMask::Bit(kind, hook, side), EventMask::kBits);
    EXPECT_TRUE(bits.insert(EventMask::Bit(kind, hook, side)).second);
  });
  EXPECT_EQ(bits.size(), EventMask::kBits);
}

TEST(EventMaskTest, MaskOfOneEventHasThatAndNoOther) {
  ForEachEvent([](EventKind kind, Hook hook, Side side) {
    const EventMask one = EventMask::Of(kind, hook, side);
    ForEachEvent([&](EventKind k, Hook h, Side s) {
      EXPECT_EQ(one.Has(k, h, s), k == kind && h == hook && s == side);
    });
    EXPECT_TRUE(EventMask::Of(kind, hook).Has(kind, hook, side));
  });
}

TEST(EventMaskTest, EventsOfOneSideAreAllOfItsEventsAndNoneOfTheOthers) {
  ForEachEvent([](EventKind kind, Hook hook, Side side) {
    EXPECT_TRUE(EventMask::AllOf(side).Has(kind, hook, side));
    EXPECT_FALSE(EventMask::AllOf(Other(side)).Has(kind, hook, side));
  });
}

TEST(EventMaskTest, SetsCombine) {
  const EventMask data = EventMask::Of(EventKind::kNewData, Hook::kNone);
  const EventMask client = EventMask::AllOf(Side::kClient);
  EXPECT_TRUE(EventMask().empty());
  EXPECT_FALSE(data.empty());
  EXPECT_TRUE(data.Any(client));
  EXPECT_FALSE((data & ~client).Any(client));
  EXPECT_EQ((data & client) | (data & ~client), data);
}

TEST(EventNamesTest, EachErrorCauseHasAWordOfItsOwn) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < kErrorCauses; ++i) {
    const std::string_view name = Name(static_cast<ErrorCause>(i));
    EXPECT_FALSE(name.empty());
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_"),
              std::string_view::npos);
    names.insert(name);
  }
  EXPECT_EQ(names.size(), kErrorCauses);
}

}  // namespace
}  // namespace mosaic
