// Feeds any bytes to the reader of TCP options. What comes out must be in its
// bounds, and must not change with bytes behind the header.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataplane/base/check.h"
#include "dataplane/parse/tcp_options.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kMaxOptions = 40;
  // A block of exactly their size, so that a read past it is seen.
  const std::vector<uint8_t> bytes(data, data + std::min(size, kMaxOptions));
  const mosaic::TcpOptions options = mosaic::ParseTcpOptions(bytes);
  MOSAIC_CHECK(options.sack_count <= mosaic::kMaxSackBlocks);
  MOSAIC_CHECK(options.window_scale <= mosaic::kMaxWindowScale);
  MOSAIC_CHECK(options.fast_open_length <= 16);
  MOSAIC_CHECK(!options.mss_repeated || options.has_mss);
  for (size_t i = 0; i < options.sack_count; ++i) {
    MOSAIC_CHECK(options.sack[i].begin < options.sack[i].end);
  }
  return 0;
}
