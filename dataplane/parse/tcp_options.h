// TcpOptions is what the options of one TCP header say.
//
// Read are: maximum segment size (RFC 9293), window scale and timestamps (RFC
// 7323), SACK permitted and SACK blocks (RFC 2018), Fast Open cookie (RFC
// 7413), MD5 signature (RFC 2385), TCP-AO (RFC 5925). Others are passed over.
// Of an option that comes twice the last valid one counts.

#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dataplane/base/seq_num.h"

namespace mosaic {

struct SackBlock {
  SeqNum begin;
  SeqNum end;  // The first byte behind the block.
};

// Of more than four blocks there is no room in a header.
inline constexpr size_t kMaxSackBlocks = 4;

// Larger shifts are taken as this (RFC 7323, section 2.3).
inline constexpr uint8_t kMaxWindowScale = 14;

struct TcpOptions {
  // Presence is told apart from value: a maximum segment size of 0 is a value,
  // if an odd one, and callers must not divide by it.
  bool has_mss = false;
  bool has_window_scale = false;
  bool has_timestamps = false;
  bool sack_permitted = false;
  bool fast_open = false;  // A cookie, or a request for one.
  bool md5_signature = false;
  bool authentication = false;  // TCP-AO

  // An option's length is below 2, reaches past the end, or is not one that its
  // kind can have. After the first two the rest is unread, since nobody knows
  // where the next option begins; after the last only that option is.
  bool malformed = false;
  bool window_scale_clamped = false;
  bool mss_repeated = false;

  uint8_t window_scale = 0;      // At most kMaxWindowScale.
  uint8_t sack_count = 0;        // Blocks in `sack`.
  uint8_t fast_open_length = 0;  // Bytes of the cookie; 0 asks for one.
  uint16_t mss = 0;
  uint32_t timestamp_value = 0;
  uint32_t timestamp_echo = 0;
  std::array<SackBlock, kMaxSackBlocks> sack;
};

// Reads the bytes between the fixed header and the payload, as
// ParsedPacket::tcp_options() has them. A SACK block whose end is not behind
// its begin makes `malformed` and is left out.
TcpOptions ParseTcpOptions(std::span<const uint8_t> bytes);

}  // namespace mosaic
