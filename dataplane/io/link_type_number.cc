#include "dataplane/io/link_type_number.h"

#include "absl/strings/str_cat.h"

namespace mosaic {
namespace {

struct Supported {
  uint16_t number;
  LinkType type;
  const char* name;
};

constexpr Supported kSupported[] = {
    {0, LinkType::kNull, "BSD loopback"},
    {1, LinkType::kEthernet, "Ethernet"},
    {9, LinkType::kPpp, "PPP"},
    {12, LinkType::kRawIp, "raw IP"},
    {101, LinkType::kRawIp, "raw IP"},
    {104, LinkType::kCiscoHdlc, "Cisco HDLC"},
    {108, LinkType::kLoop, "OpenBSD loopback"},
    {113, LinkType::kLinuxSll, "Linux cooked v1"},
    {228, LinkType::kRawIp, "raw IPv4"},
    {229, LinkType::kRawIp, "raw IPv6"},
    {276, LinkType::kLinuxSll2, "Linux cooked v2"},
};

struct Unsupported {
  uint16_t number;
  const char* name;
};

// The ones that people do try to open.
constexpr Unsupported kUnsupported[] = {
    {6, "token ring"},
    {51, "PPPoE"},
    {105, "IEEE 802.11"},
    {107, "frame relay"},
    {127, "IEEE 802.11 with radiotap"},
    {187, "Bluetooth HCI"},
    {189, "USB"},
    {195, "IEEE 802.15.4"},
    {198, "IEEE 802.3br mPackets"},
    {201, "Bluetooth HCI"},
    {220, "USB"},
    {249, "USB"},
    {253, "netlink"},
};

}  // namespace

std::optional<LinkType> LinkTypeFromNumber(uint16_t number) {
  for (const Supported& row : kSupported) {
    if (row.number == number) return row.type;
  }
  return std::nullopt;
}

std::string UnsupportedLinkType(uint16_t number) {
  std::string text = absl::StrCat("link type ", number);
  for (const Unsupported& row : kUnsupported) {
    if (row.number == number) absl::StrAppend(&text, " (", row.name, ")");
  }
  absl::StrAppend(&text, " is not supported; supported are");
  const char* separator = " ";
  for (const Supported& row : kSupported) {
    absl::StrAppend(&text, separator, row.number, " (", row.name, ")");
    separator = ", ";
  }
  return text;
}

}  // namespace mosaic
