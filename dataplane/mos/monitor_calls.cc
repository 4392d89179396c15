// The calls of mos_api.h on events, contexts, streams and timers.

#include <mos_api.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>

#include "dataplane/event/handler_set.h"
#include "dataplane/mos/call.h"
#include "dataplane/mos/listener_function.h"
#include "dataplane/mos/listener_scope.h"
#include "dataplane/mos/messages.h"
#include "dataplane/mos/user_events.h"

namespace mosaic::mos {
namespace {

std::shared_ptr<Listener> ListenerOf(Context& context, int sock) {
  const Socket socket = context.sockets().Find(sock);
  const auto* const found = std::get_if<std::shared_ptr<Listener>>(&socket);
  return found == nullptr ? nullptr : *found;
}

int BindFilter(Context& context, int sock, const monitor_filter* texts) {
  if (KindOf(context, sock) == SocketKind::kNone) return EBADF;
  const std::shared_ptr<Listener> listener = ListenerOf(context, sock);
  if (listener == nullptr) return ENOPROTOOPT;
  Scope scope;
  const absl::Status compiled =
      CompileScope(listener->kind, listener->domain, texts,
                   Runtime::Instance().filters(), scope);
  if (!compiled.ok()) {
    Tell(MessageOf(compiled));
    return EINVAL;
  }
  {
    const std::lock_guard lock(listener->mutex);
    listener->syn_filter = scope.syn;
    listener->orphan_filter = scope.orphan;
    listener->raw_filter = scope.raw;
  }
  return Runtime::Instance().Publish();
}

// --- Callbacks.

std::optional<Hook> HookOf(int hook_point) {
  switch (hook_point) {
    case MOS_NULL:
      return Hook::kNone;
    case MOS_HK_SND:
      return Hook::kSender;
    case MOS_HK_RCV:
      return Hook::kReceiver;
    default:
      return std::nullopt;
  }
}

// Whether events that go back to `root` come at `hook` on such a socket.
bool Comes(EventKind root, Hook hook, SocketKind kind, bool raw) {
  if (raw) return root == EventKind::kPacketIn && hook == Hook::kNone;
  if (root == EventKind::kOrphan) {
    return kind == SocketKind::kListener && hook == Hook::kNone;
  }
  const bool none = root == EventKind::kNewData || root == EventKind::kError;
  return none == (hook == Hook::kNone);
}

int ErrnoOf(RegisterError error) {
  switch (error) {
    case RegisterError::kNone:
      return 0;
    case RegisterError::kUnknownEvent:
    case RegisterError::kIllegalHook:
      return EINVAL;
    case RegisterError::kTooManyHandlers:
    case RegisterError::kFull:
    case RegisterError::kNoHandlers:
      return ENOSPC;
  }
  return ENOSPC;
}

int RegisterOnListener(Context& context,
                       const std::shared_ptr<Listener>& listener,
                       const Listener::Place& place, callback_t callback) {
  bool begins = false;
  {
    const std::lock_guard lock(listener->mutex);
    begins = listener->callbacks.empty() && callback != nullptr;
    if (callback == nullptr) {
      listener->callbacks.erase(place);
    } else if (listener->callbacks.size() == HandlerSet::kMaxHandlers &&
               listener->callbacks.count(place) == 0) {
      return ENOSPC;
    } else {
      listener->callbacks[place] = callback;
    }
  }
  // The worker runs the listener from its first callback on; before, it could
  // tell nothing.
  if (begins) {
    const int error = Runtime::Instance().Publish();
    if (error != 0) {
      const std::lock_guard lock(listener->mutex);
      listener->callbacks.erase(place);
    }
    return error;
  }
  Runtime::Instance().Post(context, [listener, place, callback] {
    if (listener->closed.load(std::memory_order_relaxed)) return;
    ListenerFunction* const function =
        listener->function.load(std::memory_order_relaxed);
    if (function == nullptr) return;  // It registers all when it starts.
    static_cast<void>(function->Register(place.first, place.second, callback));
  });
  return 0;
}

int Register(Context& context, int sock, event_t event, int hook_point,
             callback_t callback) {
  const SocketKind kind = KindOf(context, sock);
  if (kind == SocketKind::kNone) return EBADF;
  if (kind == SocketKind::kEpoll || kind == SocketKind::kPipe) return ENOTSOCK;
  const std::optional<Hook> hook = HookOf(hook_point);
  const std::optional<EventKind> root = UserEvents::Instance().RootOf(event);
  if (!hook.has_value() || !root.has_value()) return EINVAL;
  const std::shared_ptr<Listener> listener = ListenerOf(context, sock);
  const bool raw =
      listener != nullptr && listener->kind == Listener::Kind::kRaw;
  if (!Comes(*root, *hook, kind, raw)) return EINVAL;
  if (listener != nullptr) {
    return RegisterOnListener(context, listener, {event, *hook}, callback);
  }
  return WithFlow(
      context, sock, ENOTSOCK, [&](FlowView& flow, ActiveSocket& active) {
        const auto* const entry = active.table->Find(active.sock);
        context.RepeatEvents(entry->function->worker());
        return ErrnoOf(flow.Register(event, *hook, HandlerOf(callback)));
      });
}

// What Guarded() gives for an exception is no event.
event_t OrNone(event_t event) {
  return event == static_cast<event_t>(-1) ? event_t{MOS_NULL_EVENT} : event;
}

// --- Reading.

std::optional<Side> SideOf(int side) {
  if (side == MOS_SIDE_CLI) return Side::kClient;
  if (side == MOS_SIDE_SVR) return Side::kServer;
  return std::nullopt;
}

ssize_t Peek(FlowView& flow, Side side, std::span<uint8_t> to) {
  const PeekResult result = flow.Peek(side, to);
  if (result.missed == 0) return result.bytes;
  errno = ENODATA;
  return -static_cast<ssize_t>(std::min<uint64_t>(result.missed, SSIZE_MAX));
}

// `read(flow, side, bytes)` on the active socket, once its arguments are good.
template <typename ReadBytes>
ssize_t ReadFrom(mctx_t mctx, int sock, int side, char* buf, size_t len,
                 ReadBytes&& read) {
  return In(mctx, [&](Context& context) -> ssize_t {
    ssize_t got = -1;
    const int error =
        WithFlow(context, sock, ENOTSOCK, [&](FlowView& flow, ActiveSocket&) {
          const std::optional<Side> of = SideOf(side);
          if (!of.has_value() || (buf == nullptr && len > 0)) return EINVAL;
          got =
              read(flow, *of, std::span(reinterpret_cast<uint8_t*>(buf), len));
          return 0;
        });
    return error == 0 ? got : Fail<ssize_t>(error);
  });
}

// --- Timers.

// A timeval as a duration; none if it is out of range.
std::optional<Duration> DurationOf(const timeval* time) {
  constexpr int64_t kMostSeconds = 366 * 24 * 3600;
  if (time == nullptr || time->tv_sec < 0 || time->tv_sec > kMostSeconds ||
      time->tv_usec < 0 || time->tv_usec >= 1'000'000) {
    return std::nullopt;
  }
  return Duration::Nanos(time->tv_sec * 1'000'000'000 + time->tv_usec * 1000);
}

int ArmTimer(Context& context, int id, Duration delay, Duration period,
             callback_t callback) {
  if (CallbackOf(context) != nullptr) {
    return context.timers().Arm(context.worker_view(), id, delay, period,
                                callback)
               ? 0
               : ENOMEM;
  }
  const bool posted = Runtime::Instance().Post(
      context, [&context, id, delay, period, callback] {
        static_cast<void>(context.timers().Arm(context.worker_view(), id, delay,
                                               period, callback));
      });
  return posted ? 0 : EACCES;
}

int CancelTimer(Context& context, int id) {
  if (CallbackOf(context) != nullptr) {
    return context.timers().Cancel(context.worker_view(), id) ? 0 : ENOENT;
  }
  const bool posted = Runtime::Instance().Post(context, [&context, id] {
    static_cast<void>(context.timers().Cancel(context.worker_view(), id));
  });
  return posted ? 0 : EACCES;
}

int SetTimer(mctx_t mctx, int id, const timeval* time, callback_t callback,
             bool again) {
  return In(mctx, [&](Context& context) {
    const std::optional<Duration> delay = DurationOf(time);
    if (!delay.has_value() || callback == nullptr) return Fail(EINVAL);
    const Duration period =
        again ? std::max(*delay, Duration::Millis(1)) : Duration();
    return Answer(ArmTimer(context, id, *delay, period, callback));
  });
}

}  // namespace
}  // namespace mosaic::mos

using mosaic::FlowView;
using mosaic::mos::ActiveSocket;
using mosaic::mos::Answer;
using mosaic::mos::Callback;
using mosaic::mos::Context;
using mosaic::mos::Fail;
using mosaic::mos::Guarded;
using mosaic::mos::In;
using mosaic::mos::UserEvents;

int mtcp_bind_monitor_filter(mctx_t mctx, int sock, monitor_filter_t ft) {
  return In(mctx, [&](Context& context) {
    return Answer(mosaic::mos::BindFilter(context, sock, ft));
  });
}

int mtcp_register_callback(mctx_t mctx, int sock, event_t event, int hook_point,
                           callback_t cb) {
  return In(mctx, [&](Context& context) {
    return Answer(mosaic::mos::Register(context, sock, event, hook_point, cb));
  });
}

event_t mtcp_define_event(event_t event, filter_t filter,
                          struct filter_arg* arg) {
  const event_t defined = Guarded(
      [&] { return UserEvents::Instance().Define(event, filter, arg); });
  return mosaic::mos::OrNone(defined);
}

event_t mtcp_alloc_event(event_t event) {
  const event_t allocated =
      Guarded([&] { return UserEvents::Instance().Alloc(event); });
  return mosaic::mos::OrNone(allocated);
}

int mtcp_raise_event(mctx_t mctx, event_t event) {
  return In(mctx, [&](Context& context) {
    const Callback* const callback = mosaic::mos::CallbackOf(context);
    if (callback == nullptr || callback->call == nullptr) return Fail(EPERM);
    return callback->call->Raise(event) == mosaic::RaiseResult::kRaised
               ? 0
               : Fail(EINVAL);
  });
}

void mtcp_set_uctx(mctx_t mctx, int sock, void* uctx) {
  static_cast<void>(In(mctx, [&](Context& context) {
    if (const auto listener = mosaic::mos::ListenerOf(context, sock);
        listener != nullptr) {
      listener->user.store(uctx);
      return 0;
    }
    return Answer(mosaic::mos::WithFlow(context, sock, EBADF,
                                        [&](FlowView&, ActiveSocket& active) {
                                          active.user = uctx;
                                          return 0;
                                        }));
  }));
}

void* mtcp_get_uctx(mctx_t mctx, int sock) {
  return In(mctx, [&](Context& context) -> void* {
    if (const auto listener = mosaic::mos::ListenerOf(context, sock);
        listener != nullptr) {
      return listener->user.load();
    }
    void* user = nullptr;
    const int error = mosaic::mos::WithFlow(
        context, sock, EBADF, [&](FlowView&, ActiveSocket& active) {
          user = active.user;
          return 0;
        });
    if (error != 0) errno = error;
    return user;
  });
}

ssize_t mtcp_peek(mctx_t mctx, int sock, int side, char* buf, size_t len) {
  return mosaic::mos::ReadFrom(
      mctx, sock, side, buf, len,
      [](FlowView& flow, mosaic::Side of, std::span<uint8_t> to) {
        return mosaic::mos::Peek(flow, of, to);
      });
}

ssize_t mtcp_ppeek(mctx_t mctx, int sock, int side, char* buf, size_t count,
                   uint64_t off) {
  return mosaic::mos::ReadFrom(
      mctx, sock, side, buf, count,
      [&](FlowView& flow, mosaic::Side of, std::span<uint8_t> to) -> ssize_t {
        const uint32_t got = flow.PeekAt(of, off, to);
        return got == 0 && count > 0 ? Fail<ssize_t>(ENODATA) : got;
      });
}

int mtcp_settimer(mctx_t mctx, int id, struct timeval* timeout, callback_t cb) {
  return mosaic::mos::SetTimer(mctx, id, timeout, cb, false);
}

int mtcp_settimer_periodic(mctx_t mctx, int id, struct timeval* period,
                           callback_t cb) {
  return mosaic::mos::SetTimer(mctx, id, period, cb, true);
}

int mtcp_canceltimer(mctx_t mctx, int id) {
  return In(mctx, [&](Context& context) {
    return Answer(mosaic::mos::CancelTimer(context, id));
  });
}

uint32_t mtcp_cb_get_ts(mctx_t mctx) {
  const auto now = In(mctx, [&](Context& context) -> int64_t {
    if (mosaic::mos::CallbackOf(context) == nullptr) {
      return Fail<int64_t>(EPERM);
    }
    return context.worker_view().now().micros() & UINT32_MAX;
  });
  return now < 0 ? 0 : static_cast<uint32_t>(now);
}
