// Messages to the operator of a program: what mos.conf warns about, why a call
// failed, what DPDK logs. They go to standard error, or to a file in the folder
// that mos.conf names as mos_log.
//
// Threading   Any thread but workers: writing may block.

#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace mosaic::mos {

// Appends to mosaic.log in `folder` from now on. An error of the file system
// leaves things as they are.
absl::Status SendMessagesTo(const std::string& folder);

// One line, without its break.
void Tell(std::string_view message);

// The text of a status. Abseil's own view is not the standard's.
inline std::string MessageOf(const absl::Status& status) {
  return std::string(status.message());
}

}  // namespace mosaic::mos
