#include "control/config/ip_prefix.h"

#include <string>

#include "gtest/gtest.h"

namespace mosaic::config {
namespace {

std::string FaultOf(std::string_view text) {
  return std::string(ParseIpPrefix(text).status().message());
}

TEST(ParseIpPrefixTest, ReadsNetworksOfBothVersions) {
  const auto v4 = ParseIpPrefix("192.0.2.0/24");
  ASSERT_TRUE(v4.ok());
  EXPECT_EQ(v4->ip_version, 4);
  EXPECT_EQ(v4->bits, 24);
  EXPECT_EQ(v4->address[0], 192);
  EXPECT_EQ(v4->address[2], 2);

  const auto v6 = ParseIpPrefix("2001:db8::/32");
  ASSERT_TRUE(v6.ok());
  EXPECT_EQ(v6->ip_version, 6);
  EXPECT_EQ(v6->bits, 32);
  EXPECT_EQ(v6->address[1], 0x01);
}

TEST(ParseIpPrefixTest, ASingleAddressIsItsOwnNetwork) {
  EXPECT_EQ(ParseIpPrefix("192.0.2.1")->bits, 32);
  EXPECT_EQ(ParseIpPrefix("::1")->bits, 128);
}

TEST(ParseIpPrefixTest, TheShortestAndLongestPrefixesAreRead) {
  for (const char* text :
       {"0.0.0.0/0", "255.255.255.255/32", "128.0.0.0/1", "192.0.2.254/31",
        "::/0", "8000::/1", "::1/128", "::2/127"}) {
    EXPECT_TRUE(ParseIpPrefix(text).ok()) << text << ": " << FaultOf(text);
  }
}

TEST(ParseIpPrefixTest, PrefixesLongerThanTheAddressAreRefused) {
  EXPECT_EQ(FaultOf("192.0.2.0/33"),
            "\"192.0.2.0/33\": the prefix length is not in [0, 32]");
  EXPECT_EQ(FaultOf("::/129"),
            "\"::/129\": the prefix length is not in [0, 128]");
  for (const char* text : {"::/", "::/-1", "::/+1", "::/ 1", "::/1/2",
                           "::/99999999999", "::/255.0.0.0"}) {
    EXPECT_FALSE(ParseIpPrefix(text).ok()) << text;
  }
}

TEST(ParseIpPrefixTest, BitsOutsideOfThePrefixAreToldWithTheNetwork) {
  EXPECT_EQ(FaultOf("10.0.0.1/8"),
            "\"10.0.0.1/8\" has bits set outside of its prefix; the network is "
            "10.0.0.0/8");
  EXPECT_EQ(
      FaultOf("2001:db8::1/33"),
      "\"2001:db8::1/33\" has bits set outside of its prefix; the network "
      "is 2001:db8::/33");
}

TEST(ParseIpPrefixTest, WhatIsNoAddressIsRefused) {
  EXPECT_EQ(FaultOf("1.2.3"),
            "\"1.2.3\" is not a network such as 192.0.2.0/24 or 2001:db8::/32");
  for (std::string_view text :
       {std::string_view(""), std::string_view("localhost"),
        std::string_view("1.2.3.4.5"), std::string_view("1.2.3.256"),
        std::string_view(" 1.2.3.4"), std::string_view("::1%lo"),
        std::string_view("1.2.3.4\0", 8)}) {
    EXPECT_FALSE(ParseIpPrefix(text).ok()) << text;
  }
}

}  // namespace
}  // namespace mosaic::config
