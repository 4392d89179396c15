// What a write did, in a line.

#pragma once

#include <string>
#include <string_view>

#include "mosaic/v1/common.pb.h"

namespace mosaic::ctl {

// "revision 7 on 2 workers in 1.2ms, 12 live flows attached anew"; of a dry run
// "dry run: nothing was changed, 12 live flows would be attached anew".
std::string ResultText(const v1::ApplyResult& result);

// "monitors/web created": `verb` in the past, behind it whether it was a try.
std::string ChangeText(std::string_view name, std::string_view verb,
                       const v1::ApplyResult& result);

}  // namespace mosaic::ctl
