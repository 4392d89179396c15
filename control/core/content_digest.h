// A digest of a message's content: equal messages have equal ones, and others
// differ but by accident. Not against forgery.

#pragma once

#include <string>

#include "google/protobuf/message.h"

namespace mosaic {

// 32 hexadecimal digits.
std::string ContentDigest(const google::protobuf::Message& message);

}  // namespace mosaic
