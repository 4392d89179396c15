// The numbers by which capture files name link types (LINKTYPE_*, which differ
// from an operating system's DLT_* values), and those that Mosaic can parse.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dataplane/base/packet.h"

namespace mosaic {

// The link type with this number in a capture file, or nothing if it is not
// supported.
[[nodiscard]] std::optional<LinkType> LinkTypeFromNumber(uint16_t number);

// Says which link type `number` is and which ones are supported, for an error
// message. REQUIRES: LinkTypeFromNumber(number) has no value.
std::string UnsupportedLinkType(uint16_t number);

}  // namespace mosaic
