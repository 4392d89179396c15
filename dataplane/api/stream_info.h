// What a network function can ask of the bytes that one side of a flow
// received. Offsets count stream bytes from 0, the first after the SYN.

#pragma once

#include <cstdint>

#include "dataplane/base/seq_num.h"

namespace mosaic {

struct PeekResult {
  uint32_t bytes = 0;  // Copied.
  // Bytes that were lost before this reader came: nothing is copied, the
  // reader's offset is behind them, and the next call reads on.
  uint64_t missed = 0;
};

// A range of bytes that are held.
struct HeldRange {
  uint64_t offset = 0;
  uint64_t length = 0;  // 0: none.
};

// As the sender's sequence numbers, as TCP_INFO of mOS has them. The byte at
// offset 0 has the number init_seq + 1.
struct BufferInfo {
  SeqNum init_seq;
  SeqNum last_byte_read;      // init_seq before the reader's first byte.
  SeqNum next_byte_expected;  // Behind what is in order.
  SeqNum last_byte_received;  // Of the highest byte that came; init_seq before
                              // the first.
};

}  // namespace mosaic
