#include "tests/support/allocation_watch.h"

#include <execinfo.h>
#include <malloc.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdlib>

// What glibc's own allocator is called behind the names that are taken here.
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* at, size_t size);
void* __libc_memalign(size_t alignment, size_t size);
void __libc_free(void* at);
}

namespace {

// None of these may need the allocator to come to life.
std::atomic<bool> counting{false};
std::atomic<uint64_t> calls{0};
thread_local bool watched = false;

constexpr int kFrames = 24;
std::array<void*, kFrames> first_caller;
std::atomic<int> first_frames{0};

void Note() {
  if (!watched || !counting.load(std::memory_order_relaxed)) return;
  if (calls.fetch_add(1) > 0) return;
  watched = false;  // Unwinding may allocate.
  first_frames.store(backtrace(first_caller.data(), kFrames));
  watched = true;
}

}  // namespace

extern "C" {

void* malloc(size_t size) noexcept {
  Note();
  return __libc_malloc(size);
}

void* calloc(size_t count, size_t size) noexcept {
  Note();
  return __libc_calloc(count, size);
}

void* realloc(void* at, size_t size) noexcept {
  Note();
  return __libc_realloc(at, size);
}

void* memalign(size_t alignment, size_t size) noexcept {
  Note();
  return __libc_memalign(alignment, size);
}

void* aligned_alloc(size_t alignment, size_t size) noexcept {
  Note();
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** to, size_t alignment, size_t size) noexcept {
  Note();
  *to = __libc_memalign(alignment, size);
  return *to == nullptr ? ENOMEM : 0;
}

void free(void* at) noexcept {
  if (at != nullptr) Note();
  __libc_free(at);
}

}  // extern "C"

namespace mosaic::testing {

AllocationWatch::Thread::Thread() { watched = true; }
AllocationWatch::Thread::~Thread() { watched = false; }

void AllocationWatch::Begin() {
  calls.store(0);
  first_frames.store(0);
  counting.store(true);
}

uint64_t AllocationWatch::End() {
  counting.store(false);
  return calls.load();
}

std::string AllocationWatch::FirstCaller() {
  std::string text;
  char** const names =
      backtrace_symbols(first_caller.data(), first_frames.load());
  for (int i = 0; i < first_frames.load() && names != nullptr; ++i) {
    text += names[i];
    text += '\n';
  }
  free(names);
  return text;
}

}  // namespace mosaic::testing
