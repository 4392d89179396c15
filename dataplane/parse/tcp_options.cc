#include "dataplane/parse/tcp_options.h"

#include <algorithm>

#include "dataplane/base/byte_order.h"

namespace mosaic {
namespace {

// Kinds, from IANA's registry of TCP parameters.
constexpr uint8_t kEnd = 0;
constexpr uint8_t kNoOperation = 1;
constexpr uint8_t kMaximumSegmentSize = 2;
constexpr uint8_t kWindowScale = 3;
constexpr uint8_t kSackPermitted = 4;
constexpr uint8_t kSack = 5;
constexpr uint8_t kTimestamps = 8;
constexpr uint8_t kMd5Signature = 19;
constexpr uint8_t kAuthentication = 29;
constexpr uint8_t kFastOpen = 34;
constexpr uint8_t kExperiment = 254;
constexpr uint16_t kFastOpenExperiment = 0xf989;  // RFC 7413, appendix A.

void ReadTimestamps(const uint8_t* data, TcpOptions& options) {
  options.has_timestamps = true;
  options.timestamp_value = ReadBig32(data);
  options.timestamp_echo = ReadBig32(data + 4);
}

void ReadWindowScale(uint8_t scale, TcpOptions& options) {
  options.has_window_scale = true;
  options.window_scale_clamped = scale > kMaxWindowScale;
  options.window_scale = std::min(scale, kMaxWindowScale);
}

void ReadSack(std::span<const uint8_t> data, TcpOptions& options) {
  options.sack_count = 0;
  for (size_t at = 0; at < data.size(); at += 8) {
    const SackBlock block{SeqNum(ReadBig32(&data[at])),
                          SeqNum(ReadBig32(&data[at + 4]))};
    if (block.begin < block.end) {
      options.sack[options.sack_count++] = block;
    } else {
      options.malformed = true;
    }
  }
}

// A cookie has 4 to 16 bytes, an even number of them; none asks for one.
bool ReadFastOpen(size_t cookie_length, TcpOptions& options) {
  if (cookie_length != 0 &&
      (cookie_length < 4 || cookie_length > 16 || cookie_length % 2 != 0)) {
    return false;
  }
  options.fast_open = true;
  options.fast_open_length = static_cast<uint8_t>(cookie_length);
  return true;
}

// Reads one option without its kind and length bytes. Returns false if `data`
// has a size that the kind cannot have.
bool ReadOption(uint8_t kind, std::span<const uint8_t> data,
                TcpOptions& options) {
  switch (kind) {
    case kMaximumSegmentSize:
      if (data.size() != 2) return false;
      options.mss_repeated = options.has_mss;
      options.has_mss = true;
      options.mss = ReadBig16(data.data());
      return true;
    case kWindowScale:
      if (data.size() != 1) return false;
      ReadWindowScale(data[0], options);
      return true;
    case kSackPermitted:
      if (!data.empty()) return false;
      options.sack_permitted = true;
      return true;
    case kSack:
      if (data.empty() || data.size() % 8 != 0 ||
          data.size() > kMaxSackBlocks * 8) {
        return false;
      }
      ReadSack(data, options);
      return true;
    case kTimestamps:
      if (data.size() != 8) return false;
      ReadTimestamps(data.data(), options);
      return true;
    case kMd5Signature:
      if (data.size() != 16) return false;
      options.md5_signature = true;
      return true;
    case kAuthentication:
      if (data.size() < 2) return false;
      options.authentication = true;
      return true;
    case kFastOpen:
      return ReadFastOpen(data.size(), options);
    case kExperiment:
      if (data.size() >= 2 && ReadBig16(data.data()) == kFastOpenExperiment) {
        return ReadFastOpen(data.size() - 2, options);
      }
      return true;
    default:
      return true;
  }
}

// What nearly every segment of an established connection carries: padding,
// padding, timestamps.
bool IsTimestampsOnly(std::span<const uint8_t> bytes) {
  constexpr uint32_t kLayout = 0x01'01'08'0a;
  return bytes.size() == 12 && ReadBig32(bytes.data()) == kLayout;
}

}  // namespace

TcpOptions ParseTcpOptions(std::span<const uint8_t> bytes) {
  TcpOptions options;
  if (IsTimestampsOnly(bytes)) {
    ReadTimestamps(bytes.data() + 4, options);
    return options;
  }
  size_t at = 0;
  while (at < bytes.size() && bytes[at] != kEnd) {
    const uint8_t kind = bytes[at];
    if (kind == kNoOperation) {
      ++at;
      continue;
    }
    const size_t room = bytes.size() - at;
    if (room < 2 || bytes[at + 1] < 2 || bytes[at + 1] > room) {
      options.malformed = true;
      break;
    }
    const size_t length = bytes[at + 1];
    if (!ReadOption(kind, bytes.subspan(at + 2, length - 2), options)) {
      options.malformed = true;
    }
    at += length;
  }
  return options;
}

}  // namespace mosaic
