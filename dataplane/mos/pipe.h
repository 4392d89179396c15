// Pipe carries bytes between threads of a program, like pipe(2): a descriptor
// that mtcp_epoll_wait() can wait for, to wake a thread that does.
//
// Bounds      kCapacity bytes wait in it; a writer then waits, or is told so.
// Threading   Any thread. Waiting is for Waiters; see there.

#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

namespace mosaic::mos {

// What threads of one context wait by: every change of a pipe or an epoll
// instance, and the context's end, wakes all and lets them look again.
struct Waiters {
  std::mutex mutex;  // Guards all pipes and epoll instances of the context.
  std::condition_variable changed;
  bool ended = false;
};

// REQUIRES for all members: the waiters' mutex is held.
struct Pipe {
  static constexpr size_t kCapacity = 65'536;

  std::deque<char> bytes;
  bool reader_open = true;
  bool writer_open = true;
  // Grow when reading, or writing, has become possible anew: for edges.
  uint64_t readable_edges = 0;
  uint64_t writable_edges = 1;
};

struct PipeEnd {
  enum class Direction : uint8_t { kRead, kWrite };
  std::shared_ptr<Pipe> pipe;
  Direction direction = Direction::kRead;
  bool waits = true;  // Not after mtcp_setsock_nonblock().
};

}  // namespace mosaic::mos
