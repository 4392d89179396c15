#include "dataplane/flow/half_open_list.h"

#include <algorithm>
#include <deque>
#include <random>

#include "gtest/gtest.h"

namespace mosaic {
namespace {

TEST(HalfOpenListTest, TheOldestIsFirstWhateverLeaves) {
  constexpr uint32_t kRecords = 20;
  HalfOpenList list(kRecords);
  std::deque<uint32_t> model;
  std::mt19937 random(1);
  for (int step = 0; step < 20'000; ++step) {
    const auto index = static_cast<uint32_t>(random() % kRecords);
    const auto found = std::ranges::find(model, index);
    if (found == model.end()) {
      list.Add(index);
      model.push_back(index);
    } else {
      list.Remove(index);
      model.erase(found);
    }
    ASSERT_EQ(list.size(), model.size());
    if (!model.empty()) {
      ASSERT_EQ(list.oldest(), model.front());
    }
  }
}

}  // namespace
}  // namespace mosaic
