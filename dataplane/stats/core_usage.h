// CoreUsage is how much of what a worker may use is in use now. What it may use
// at most is fixed at the start.

#pragma once

#include <cstddef>

namespace mosaic {

struct CoreUsage {
  size_t flows = 0;
  size_t flows_max = 0;
  size_t buffer_bytes = 0;  // Memory of reassembly, both sides.
  size_t buffer_limit_bytes = 0;
  size_t timers = 0;  // Armed.
};

}  // namespace mosaic
