// How messages name workers.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace mosaic {

// "worker 3", "workers 0, 2". REQUIRES: there is one.
std::string WorkerNames(const std::vector<size_t>& workers);

}  // namespace mosaic
