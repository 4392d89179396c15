// Reads YAML into any protobuf message, by its descriptor: the message's JSON
// mapping, written as YAML, with what makes it pleasant to write by hand.
//
//   field names   as in the .proto (`idle_timeout`) or in JSON (`idleTimeout`)
//   enums         full names or the lower-case rest behind the prefix (`first`)
//   sizes         fields with _bytes in their name take units: 256KiB, 1MB
//   durations     300s, 1.5s, 200ms, 5m
//   short forms   `tcp port 443` for a PacketFilter, `443` or `8000-8099` for a
//                 PortRange, `auto` for SystemConfig.workers
//
// Errors      All are told, up to kMaxDiagnostics: unknown and duplicate keys,
//             wrong types, numbers that do not fit, words an enum does not
//             have, a second arm of a oneof, values left empty. Nothing is
//             ignored.

#pragma once

#include <string_view>
#include <vector>

#include "control/config/diagnostic.h"
#include "control/config/source_map.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace mosaic::config {

// More would not be read by anybody; a last one tells that there are more.
inline constexpr size_t kMaxDiagnostics = 1000;

// Sets in `message` what `text` says, and in `positions` where it says so;
// paths are in the .proto's names, relative to `message`. Returns what is
// wrong, in the order found, each with `file` as its file. Whatever is right
// has been set even so, and a list has as many elements as the text, so that a
// validator can tell its errors too.
[[nodiscard]] std::vector<Diagnostic> ReadYaml(
    std::string_view file, std::string_view text,
    google::protobuf::Message& message, SourceMap& positions);

// The short form of an enum's value: OVERLAP_POLICY_FIRST is `first`.
std::string ShortName(const google::protobuf::EnumValueDescriptor& value);

}  // namespace mosaic::config
