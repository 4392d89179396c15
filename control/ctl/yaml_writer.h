// Writes a message as YAML that control/config's reader takes: lower-case enum
// values, filters and port ranges in their short forms, durations with units.

#pragma once

#include <cstdint>
#include <string>

#include "google/protobuf/message.h"

namespace mosaic::ctl {

enum class YamlFor : uint8_t {
  kReader,  // All that is set, numbers as they are.
  kFile,    // What a file may have: nothing that the server sets; 64KiB.
};

// One document, each line with a newline; "{}" where nothing is set. Strings
// are quoted where YAML would read something else, and their control characters
// are escaped.
std::string WriteYaml(const google::protobuf::Message& message,
                      YamlFor purpose);

}  // namespace mosaic::ctl
