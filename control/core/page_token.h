// Page tokens: opaque to callers, and refused where they were not given out.

#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "control/core/error.h"

namespace mosaic {

// A token that says "behind `last`" in a list of `kind`.
std::string MakePageToken(const std::string& kind, const std::string& last);

// `last` again; nothing if `token` is none of `kind`.
std::optional<std::string> ReadPageToken(const std::string& kind,
                                         const std::string& token);

// Error for a token that ReadPageToken() refused.
Error InvalidPageToken();

// How many to list: `page_size`, or `default_size` for 0. INVALID_ARGUMENT if
// it is negative or above `max_size`.
Result<size_t> PageSize(int32_t page_size, int32_t default_size,
                        int32_t max_size);

}  // namespace mosaic
