// Feeds bytes to the configuration reader. Whatever they are, it must end, stay
// within its bounds, and either tell at least one placed fault or give a
// message that its own JSON form reads back to the same.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "control/config/config_file.h"
#include "dataplane/base/check.h"
#include "google/protobuf/util/json_util.h"
#include "google/protobuf/util/message_differencer.h"
#include "mosaic/v1/system_config.pb.h"

namespace {

using mosaic::config::Diagnostic;
using mosaic::config::FilterKind;
using mosaic::config::ParseConfigFile;

absl::Status AcceptAll(const std::string&, FilterKind) {
  return absl::OkStatus();
}

void CheckFault(const Diagnostic& fault, std::string_view text) {
  MOSAIC_CHECK(!fault.message.empty());
  MOSAIC_CHECK(fault.position.line >= 0 && fault.position.column >= 0);
  MOSAIC_CHECK(static_cast<size_t>(fault.position.line) <= text.size() + 1);
  for (const unsigned char c : Format(fault)) MOSAIC_CHECK(c >= 0x20);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  mosaic::v1::ConfigFile file;
  const std::vector<Diagnostic> faults =
      ParseConfigFile("fuzz", text, AcceptAll, file);
  for (const Diagnostic& fault : faults) CheckFault(fault, text);
  if (!faults.empty()) return 0;

  std::string json;
  MOSAIC_CHECK(google::protobuf::util::MessageToJsonString(file, &json).ok());
  mosaic::v1::ConfigFile again;
  MOSAIC_CHECK(ParseConfigFile("json", json, AcceptAll, again).empty());
  MOSAIC_CHECK(google::protobuf::util::MessageDifferencer::Equals(file, again));
  return 0;
}
