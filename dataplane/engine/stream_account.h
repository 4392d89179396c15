// What the parts of StreamDelivery share: moving a stream's front, and counting
// the memory that buffers take.

#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/base/counter.h"
#include "dataplane/engine/stream_delivery.h"
#include "dataplane/tcp/tcp_end.h"

namespace mosaic {

inline void Subtract(Counter& gauge, uint64_t n) {
  gauge.Set(gauge.Read() - n);
}

// Moves the stream's front on by bytes that were delivered or given up.
inline void Advance(TcpEnd& sender, uint64_t n) {
  sender.delivered += n;
  sender.next_seq = sender.next_seq + static_cast<uint32_t>(n);
}

// Stream offset of the highest byte that the receiver acknowledged.
inline uint64_t AckedOffset(const TcpEnd& sender) {
  if (!sender.Has(end_flag::kAckSeen)) return 0;
  const int64_t acked = static_cast<int64_t>(sender.delivered) +
                        sender.snd_una.Since(sender.next_seq);
  return acked < 0 ? 0 : static_cast<uint64_t>(acked);
}

// Counts to a side what the pool lends and is given back in its scope, in which
// only buffers of that side are touched.
class StreamDelivery::MemoryAccount {
 public:
  MemoryAccount(StreamDelivery& delivery, Side receiver)
      : chunks_(delivery.tracker_.chunks()),
        bytes_(delivery.counters_.buffer_bytes[Index(receiver)]),
        free_before_(chunks_.free_chunks()) {}
  ~MemoryAccount() {
    const size_t free_now = chunks_.free_chunks();
    if (free_now == free_before_) return;
    bytes_.Set(bytes_.Read() + free_before_ * sizeof(Chunk) -
               free_now * sizeof(Chunk));
  }
  MemoryAccount(const MemoryAccount&) = delete;
  MemoryAccount& operator=(const MemoryAccount&) = delete;

 private:
  const ChunkPool& chunks_;
  Counter& bytes_;
  const size_t free_before_;
};

}  // namespace mosaic
