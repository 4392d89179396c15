// Signals runs a program's handlers of mtcp_register_signal() on a thread of
// their own. Programs written for mOS end contexts from them, which no signal
// handler proper may do: it would interrupt whatever holds a lock.
//
// Threading   Any thread.

#pragma once

#include <mtcp_api.h>

namespace mosaic::mos {

// As mtcp_register_signal() says. Of signals that tell of a fault in the
// program itself (SIGSEGV and its like) the handler runs at once, where the
// fault is.
mtcp_sighandler_t RegisterSignal(int signum, mtcp_sighandler_t handler);

}  // namespace mosaic::mos
