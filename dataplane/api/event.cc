#include "dataplane/api/event.h"

namespace mosaic {

std::string_view Name(ErrorCause cause) {
  static constexpr std::string_view kNames[kErrorCauses] = {"gap",
                                                            "overlap_conflict",
                                                            "buffer_full",
                                                            "too_many_islands",
                                                            "budget",
                                                            "overwritten",
                                                            "bad_checksum",
                                                            "late_after_gap",
                                                            "fin_data_overlap",
                                                            "out_of_window",
                                                            "paws"};
  return kNames[static_cast<size_t>(cause)];
}

}  // namespace mosaic
