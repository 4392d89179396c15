// Fuzzes ReassemblyBuffer with scripts of operations, against a naive model.

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/support/reassembly_script.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  mosaic::testing::ScriptCoverage coverage;
  const std::string wrong =
      mosaic::testing::PlayReassemblyScript({data, size}, coverage);
  if (!wrong.empty()) {
    std::fprintf(stderr, "%s\n", wrong.c_str());
    std::abort();
  }
  return 0;
}
