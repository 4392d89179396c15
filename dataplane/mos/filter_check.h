// How the library checks a filter's native code: by the program filter-check,
// which lies in the folder mosaic/ beside the library. The process' own
// executable is the user's, so it cannot be asked as mosaicd asks its own.

#pragma once

#include "dataplane/filter/self_check.h"

namespace mosaic::mos {

// Where the program is not found filters are interpreted: slower, no less
// right.
FilterChecker CheckByHelper();

}  // namespace mosaic::mos
