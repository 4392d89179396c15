// Frames to fill mbufs with, and mbufs in as many pieces as a test wants.

#pragma once

#include <rte_config.h>
#include <rte_mbuf.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/io/mbuf_pool.h"
#include "gtest/gtest.h"

namespace mosaic::testing {

using FrameBytes = std::vector<uint8_t>;

// `length` bytes that depend on `seed`.
inline FrameBytes Frame(size_t length, uint32_t seed) {
  FrameBytes frame(length);
  uint32_t state = seed * 2654435761u + 1;
  for (uint8_t& byte : frame) {
    state = state * 1664525u + 1013904223u;
    byte = static_cast<uint8_t>(state >> 24);
  }
  return frame;
}

// `bytes` in mbufs of `pool`, a new one at each of `cuts`, which grow.
// REQUIRES: the pool has as many, with room for their parts.
inline rte_mbuf* Chain(const MbufPool& pool, const FrameBytes& bytes,
                       std::vector<size_t> cuts) {
  cuts.push_back(bytes.size());
  rte_mbuf* head = nullptr;
  size_t from = 0;
  for (const size_t to : cuts) {
    rte_mbuf* const part =
        CopyToMbuf(std::span(bytes).subspan(from, to - from), pool);
    EXPECT_NE(part, nullptr);
    if (head == nullptr) {
      head = part;
    } else {
      EXPECT_EQ(rte_pktmbuf_chain(head, part), 0);
    }
    from = to;
  }
  return head;
}

}  // namespace mosaic::testing
