// ActiveSockets numbers the flows of one context, once for each listener that
// sees them: the `sock` that callbacks are given.
//
// Memory      Reserved by the constructor for every flow with every listener
//             that it can have, resident as it is used, so that a flow never
//             lacks a number.
// Threading   The context's worker.

#pragma once

#include <cstddef>
#include <cstdint>

#include "dataplane/api/event.h"
#include "dataplane/api/worker_view.h"
#include "dataplane/base/lazy_array.h"

namespace mosaic::mos {

class ActiveSockets;
class ListenerFunction;

// What a listener has of a flow: its context there (NetworkFunction), zeroed
// when the flow is attached.
struct ActiveSocket {
  ActiveSockets* table = nullptr;  // Null: it has no number yet.
  int sock = 0;
  bool has_error = false;
  bool has_ended = false;
  Side error_side = Side::kClient;
  EndReason end_reason = EndReason::kFin;
  void* user = nullptr;  // mtcp_set_uctx().
  StreamError error;     // The last that it was told of.
};

class ActiveSockets {
 public:
  // Numbers of what a program opens itself are below.
  static constexpr int kFirst = 1024;

  explicit ActiveSockets(size_t numbers) : entries_(numbers) {}

  struct Entry {
    ListenerFunction* function = nullptr;  // Null: free.
    FlowHandle flow;
    uint32_t next_free = 0;  // Index + 1.
  };

  // A number for `flow` as `function` sees it. REQUIRES: one is left.
  int Open(ListenerFunction& function, FlowHandle flow);
  void Close(int sock);

  // Null if `sock` is no open one.
  const Entry* Find(int sock) const;

  size_t open() const { return open_; }

 private:
  const LazyArray<Entry> entries_;
  // Freed numbers wait in a row, so that one comes again as late as possible.
  uint32_t oldest_free_ = 0;
  uint32_t newest_free_ = 0;
  uint32_t unused_ = 0;  // From here on never given.
  size_t open_ = 0;
};

}  // namespace mosaic::mos
