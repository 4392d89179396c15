#include "control/ctl/document.h"

#include "gtest/gtest.h"

namespace mosaic::ctl {
namespace {

constexpr const char* kResources =
    "monitors:\n"
    "  - name: monitors/web\n"
    "    syn_filter: tcp port 443\n";

TEST(DocumentTest, IsAConfigOrAPartOfADaemonsFile) {
  v1::Config config;
  Document plain("a.yaml", kResources);
  EXPECT_TRUE(plain.Read(config).empty());
  EXPECT_EQ(config.monitors(0).name(), "monitors/web");
  EXPECT_FALSE(plain.has_system());

  v1::Config part;
  Document file("b.yaml",
                "system: {workers: 2}\nconfig: {monitors: [{name: x}]}\n");
  EXPECT_TRUE(file.Read(part).empty());
  EXPECT_EQ(part.monitors(0).name(), "x");
  EXPECT_TRUE(file.has_system());
}

TEST(DocumentTest, FaultsHaveTheirPlace) {
  v1::Config config;
  Document document("a.yaml", "monitors:\n  - tipe: raw\n");
  const auto faults = document.Read(config);
  ASSERT_EQ(faults.size(), 1u);
  EXPECT_EQ(config::Format(faults[0]).rfind("a.yaml:2:5: monitors[0].tipe", 0),
            0u);
  Document broken("a.yaml", "monitors: [\n");
  EXPECT_EQ(broken.Read(config).size(), 1u);
}

TEST(DocumentTest, WhatTheDaemonRefusesIsFoundInTheText) {
  v1::Config config;
  Document document("a.yaml", kResources);
  ASSERT_TRUE(document.Read(config).empty());
  std::vector<FieldViolation> violations = {
      {"config.monitors[0].syn_filter.expression", "syntax error"},
      {"config.monitors[0].type", "is required"}};
  document.AddPlaces(violations);
  EXPECT_EQ(violations[0].field,
            "a.yaml:3:17: config.monitors[0].syn_filter.expression");
  EXPECT_EQ(violations[1].field, "a.yaml:2:5: config.monitors[0].type");
}

TEST(DocumentTest, PlacesOfADaemonsFileAreBelowItsConfig) {
  v1::Config config;
  Document document("a.yaml", "config:\n  monitors:\n    - name: monitors/a\n");
  ASSERT_TRUE(document.Read(config).empty());
  std::vector<FieldViolation> violations = {
      {"config.monitors[0].name", "is taken"}};
  document.AddPlaces(violations);
  EXPECT_EQ(violations[0].field, "a.yaml:3:13: config.monitors[0].name");
}

TEST(DocumentTest, MissingFilesAreNamed) {
  Document document;
  const absl::Status status = ReadText("no-such-file.yaml", document);
  EXPECT_EQ(std::string(status.message()),
            "no-such-file.yaml: No such file or directory");
}

TEST(DocumentTest, ServerSetFieldsAreTakenAway) {
  v1::Config config;
  v1::Monitor& monitor = *config.add_monitors();
  monitor.set_name("monitors/a");
  monitor.set_etag("e");
  monitor.mutable_create_time()->set_seconds(1);
  const v1::Config bare = WithoutServerSet(config);
  EXPECT_EQ(bare.monitors(0).name(), "monitors/a");
  EXPECT_TRUE(bare.monitors(0).etag().empty());
  EXPECT_FALSE(bare.monitors(0).has_create_time());
}

}  // namespace
}  // namespace mosaic::ctl
