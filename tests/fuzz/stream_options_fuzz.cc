// Fuzzes what can be done to a stream that is read by peeking: segments, peeks,
// resizes, policies and stops, against a naive model.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/support/stream_script.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mosaic::testing::StreamCoverage coverage;
  const std::string wrong =
      mosaic::testing::PlayStreamScript({data, size}, coverage);
  if (!wrong.empty()) {
    std::fprintf(stderr, "%s\n", wrong.c_str());
    std::abort();
  }
  return 0;
}
