// Fuzzes TimerWheel with scripts of operations, against a sorted list.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/support/timer_script.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string wrong = mosaic::testing::PlayTimerScript({data, size});
  if (!wrong.empty()) {
    std::fprintf(stderr, "%s\n", wrong.c_str());
    std::abort();
  }
  return 0;
}
