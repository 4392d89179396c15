// Group O of the evasion catalogue: each way in which two TCP segments can
// overlap, as arrivals and the stream that FIRST and LAST make of them.

#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace mosaic::testing {

