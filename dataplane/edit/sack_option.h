// The SACK option (RFC 2018) in the numbers of who receives it.

#pragma once

#include <cstdint>
#include <span>

#include "dataplane/edit/seq_remap.h"

namespace mosaic {

// Translates the blocks in a TCP header's options. A block of which nothing can
// be reported any more gives way to the ones behind it, and its place to
// padding; the options' length stays.
void TranslateSack(const SeqRemap& remap, std::span<uint8_t> options);

}  // namespace mosaic
