// Counts what chosen threads ask of the allocator, by taking the place of
// malloc() and its kin in the whole program. operator new ends there too.
//
// Only for a program of its own that has allocation_watch.cc among its sources,
// and not under sanitizers, which take the same place.

#pragma once

#include <cstdint>
#include <string>

namespace mosaic::testing {

class AllocationWatch {
 public:
  // The calling thread is one that is watched, until `this` goes.
  class Thread {
   public:
    Thread();
    ~Thread();
    Thread(const Thread&) = delete;
    Thread& operator=(const Thread&) = delete;
  };

  // Begins to count, from 0, what watched threads allocate and free.
  static void Begin();
  // Ends it. Returns how many calls there were.
  static uint64_t End();
  // Where the first of these calls came from, a frame a line; empty if there
  // was none.
  static std::string FirstCaller();
};

}  // namespace mosaic::testing
