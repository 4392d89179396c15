// What the errno tests of the C API share: one process that DPDK starts in
// once, and calls that are to fail.

#pragma once

#include <mos_api.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace mosaic::testing {

// A call that is to fail.
struct Row {
  const char* call;
  int error;
  std::function<long()> run;
};

// What is wrong with a row; empty if nothing is.
std::string FaultOf(const Row& row);

// Expects each to fail as it says.
void Expect(const std::vector<Row>& rows);

// Calls that answer NULL, or nothing, in the form of the others.
inline long Null(const void* pointer) { return pointer == nullptr ? -1 : 0; }
template <typename Call>
long Void(Call&& call) {
  call();
  return errno == 0 ? 0 : -1;
}

inline void OnNothing(mctx_t, int, int, event_t, filter_arg_t*) {}
inline bool IsTrue(mctx_t, int, int, event_t, filter_arg_t*) { return true; }

// Sockets of every kind, and what callbacks found.
struct World {
  std::filesystem::path folder;
  mctx_t mctx = nullptr;
  int stream = 0;
  int raw = 0;
  int epoll = 0;
  std::array<int, 2> pipe = {};
  std::vector<std::string> faults;  // Found in callbacks.
  bool in_packet_ran = false;
  bool in_timer_ran = false;
  bool in_end_ran = false;
  bool in_raw_ran = false;
};
inline World world;

inline constexpr int kNoSocket = 900;

// Every call that takes a context, given this one; each is to fail with
// `error`.
std::vector<Row> RowsOf(mctx_t mctx, int error);

}  // namespace mosaic::testing
