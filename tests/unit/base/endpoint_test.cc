#include "dataplane/base/endpoint.h"

#include "gtest/gtest.h"

namespace mosaic {
namespace {

TEST(EndpointTest, Ipv4TextHasDotsAndAColonBeforeThePort) {
  const Endpoint endpoint = {{192, 0, 2, 1}, 4, 80};
  EXPECT_EQ(AddressText(endpoint), "192.0.2.1");
  EXPECT_EQ(Text(endpoint), "192.0.2.1:80");
}

TEST(EndpointTest, Ipv6TextIsShortAndBracketedBeforeThePort) {
  Endpoint endpoint = {{0x20, 0x01, 0x0d, 0xb8}, 6, 65535};
  endpoint.address[15] = 1;
  EXPECT_EQ(AddressText(endpoint), "2001:db8::1");
  EXPECT_EQ(Text(endpoint), "[2001:db8::1]:65535");
}

TEST(EndpointTest, LongestIpv6AddressFits) {
  Endpoint endpoint;
  endpoint.ip_version = 6;
  endpoint.address.fill(0xff);
  EXPECT_EQ(Text(endpoint), "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:0");
}

TEST(EndpointTest, KeyGivesBothOfItsEndpoints) {
  FlowKey key;
  key.ip_version = 4;
  key.address[0] = {10, 0, 0, 1};
  key.address[1] = {10, 0, 0, 2};
  key.port = {1, 2};
  EXPECT_EQ(Text(EndpointOf(key, 0)), "10.0.0.1:1");
  EXPECT_EQ(Text(EndpointOf(key, 1)), "10.0.0.2:2");
}

TEST(EndpointTest, VersionsAndPortsTellEndpointsApart) {
  const Endpoint one = {{10, 0, 0, 1}, 4, 80};
  EXPECT_EQ(one, (Endpoint{{10, 0, 0, 1}, 4, 80}));
  EXPECT_FALSE(one == (Endpoint{{10, 0, 0, 1}, 6, 80}));
  EXPECT_FALSE(one == (Endpoint{{10, 0, 0, 1}, 4, 81}));
  EXPECT_FALSE(one == (Endpoint{{10, 0, 0, 2}, 4, 80}));
}

}  // namespace
}  // namespace mosaic
