// Fuzzes FlowTable with scripts of operations, against a hash map.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/support/flow_table_script.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string wrong = mosaic::testing::PlayFlowTableScript({data, size});
  if (!wrong.empty()) {
    std::fprintf(stderr, "%s\n", wrong.c_str());
    std::abort();
  }
  return 0;
}
