#include "dataplane/api/packet_edit.h"

namespace mosaic {

std::string_view Name(EditResult result) {
  static constexpr std::string_view kNames[kEditResults] = {
      "done",         "not_editable", "no_region",     "out_of_bounds",
      "fixed_length", "malformed",    "too_long",      "too_late",
      "already_sent", "out_of_order", "empty_segment", "tunnelled",
      "reassembled",  "cut",          "bad_checksum",  "source_routed",
      "no_buffer",    "remap_full"};
  return kNames[static_cast<size_t>(result)];
}

}  // namespace mosaic
