// Any text as a mos.conf: it is refused with a reason in each line, or what
// comes out keeps to its bounds.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "dataplane/mos/mos_conf.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using mosaic::mos::MosConf;
  const auto conf = mosaic::mos::ParseMosConf(
      {reinterpret_cast<const char*>(data), size}, "f");
  if (!conf.ok()) {
    Require(std::string(conf.status().message()).starts_with("f:"));
    return 0;
  }
  Require(!conf->devices.empty());
  Require(conf->devices.size() <= MosConf::kMaxDevices);
  Require(conf->applications.size() <= MosConf::kMaxApplications);
  Require(conf->forward_to.size() == conf->devices.size());
  for (const auto& to : conf->forward_to) {
    Require(!to.has_value() || *to < conf->devices.size());
  }
  Require(conf->cpu_mask != 0);
  Require(conf->max_concurrency >= 1 &&
          conf->max_concurrency <= MosConf::kMaxConcurrency);
  Require(conf->receive_buffer_bytes <= MosConf::kMaxReceiveBufferBytes);
  return 0;
}
