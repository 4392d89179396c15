#include "nf/registry.h"

#include <algorithm>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

class DeafSink : public RecordSink {
 public:
  bool Write(uint64_t, std::span<const char>) override { return false; }
};

TEST(RegistryTest, EachListedTypeCanBeMade) {
  DeafSink sink;
  EXPECT_TRUE(std::ranges::is_sorted(NetworkFunctionTypes()));
  for (std::string_view type : NetworkFunctionTypes()) {
    const auto made = MakeNetworkFunction(type, {.records = &sink});
    ASSERT_TRUE(made.ok()) << type;
    EXPECT_FALSE((*made)->subscriptions().empty()) << type;
    for (const NfCounter& counter : (*made)->counters()) {
      EXPECT_EQ(counter.name.find_first_not_of(
                    "abcdefghijklmnopqrstuvwxyz0123456789_"),
                std::string_view::npos);
      EXPECT_TRUE(counter.help.ends_with('.')) << counter.name;
      EXPECT_EQ(counter.value->Read(), 0u);
    }
  }
}

TEST(RegistryTest, UnknownTypeIsRefusedWithTheTypesThereAre) {
  for (std::string_view type : {"", "fire_wall", "Firewall", "flow_log "}) {
    const auto made = MakeNetworkFunction(type, {});
    EXPECT_EQ(made.status().code(), absl::StatusCode::kNotFound);
    EXPECT_THAT(std::string(made.status().message()),
                ::testing::AllOf(::testing::HasSubstr("firewall, flow_log"),
                                 ::testing::HasSubstr(std::string(type))));
  }
}

}  // namespace
}  // namespace mosaic
