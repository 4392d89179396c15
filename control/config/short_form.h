// Short forms: a word that may stand in a configuration file where the message
// or number it means would take more writing.

#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace mosaic::config {

// Whether ReadShortForm() knows a short form of this type: PacketFilter (its
// expression) and PortRange (`443`, `8000-8099`).
bool HasShortForm(const google::protobuf::Descriptor& type);

// Sets `message` to what `word` means; an error says which words are allowed.
// REQUIRES: HasShortForm(*message.GetDescriptor()).
absl::Status ReadShortForm(std::string_view word,
                           google::protobuf::Message& message);

// What `word` means for a scalar field: "0" for `auto` workers and receive
// queues, else itself.
std::string_view LongForm(const google::protobuf::FieldDescriptor& field,
                          std::string_view word);

}  // namespace mosaic::config
