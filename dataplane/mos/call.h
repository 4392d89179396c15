// What the calls of the C API have in common: a context that is looked up, an
// errno, and no exception that gets out.

#pragma once

#include <cerrno>
#include <cstdint>
#include <functional>
#include <new>
#include <type_traits>
#include <utility>

#include "dataplane/mos/callback.h"
#include "dataplane/mos/runtime.h"

namespace mosaic::mos {

// Sets errno; for `return Fail(EBADF);`.
template <typename Result = int>
Result Fail(int error, Result result = static_cast<Result>(-1)) {
  errno = error;
  return result;
}

// An outcome as calls give it: 0, or -1 with `error` as errno.
inline int Answer(int error) { return error == 0 ? 0 : Fail(error); }

// What `call` returns; -1 with ENOMEM or EIO if it throws.
template <typename Call>
auto Guarded(Call&& call) noexcept -> decltype(call()) {
  using Result = decltype(call());
  try {
    return call();
  } catch (const std::bad_alloc&) {
    errno = ENOMEM;
  } catch (...) {
    errno = EIO;
  }
  if constexpr (std::is_pointer_v<Result>) {
    return nullptr;
  } else if constexpr (!std::is_void_v<Result>) {
    return static_cast<Result>(-1);
  }
}

// The same for `call(context)`, where `mctx` is a live context; -1 with EACCES
// where it is not.
template <typename Call>
auto In(mctx_t mctx, Call&& call) noexcept {
  return Guarded([&] {
    using Result = decltype(call(std::declval<Context&>()));
    Context* const context = Runtime::Instance().Find(mctx);
    if (context == nullptr) {
      errno = EACCES;
      if constexpr (std::is_pointer_v<Result>) {
        return Result(nullptr);
      } else {
        return static_cast<Result>(-1);
      }
    }
    return call(*context);
  });
}

// The callback of `context` that runs on this thread, or null.
inline Callback* CallbackOf(const Context& context) {
  Callback* const callback = Callback::Current();
  return callback != nullptr && callback->context == &context ? callback
                                                              : nullptr;
}

// What `sock` is.
enum class SocketKind : uint8_t {
  kNone,
  kListener,
  kActive,
  kEpoll,
  kPipe,
};

// REQUIRES for kActive: a callback of `context` runs. Outside of one a number
// of active sockets is taken as one that may be open.
SocketKind KindOf(Context& context, int sock);

// Calls visit(FlowView&, ActiveSocket&) for the active socket `sock`, which may
// be the one of the callback or any other of the context, and returns 0 or the
// errno that it returned. EPERM outside of a callback; EBADF if it is not open;
// ENOTSOCK, or `listener_error`, for another kind.
int WithFlow(Context& context, int sock, int listener_error,
             const std::function<int(FlowView&, ActiveSocket&)>& visit);

}  // namespace mosaic::mos
