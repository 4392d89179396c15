#include <set>
#include <string_view>

#include "dataplane/base/end_reason.h"
#include "dataplane/base/tcp_state.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

template <typename Enum>
void ExpectAWordForEach(size_t count) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < count; ++i) {
    const std::string_view name = Name(static_cast<Enum>(i));
    EXPECT_FALSE(name.empty()) << i;
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_12"),
              std::string_view::npos)
        << name;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
}

TEST(NamesTest, EachEndReasonHasAWord) {
  ExpectAWordForEach<EndReason>(kEndReasons);
  EXPECT_EQ(Name(EndReason::kShutdown), "shutdown");
}

TEST(NamesTest, EachTcpStateHasAWord) {
  ExpectAWordForEach<TcpState>(kTcpStates);
  EXPECT_EQ(Name(TcpState::kTimeWait), "time_wait");
}

}  // namespace
}  // namespace mosaic
