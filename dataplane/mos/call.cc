#include "dataplane/mos/call.h"

#include <functional>
#include <memory>
#include <variant>

#include "dataplane/mos/listener_function.h"

namespace mosaic::mos {

SocketKind KindOf(Context& context, int sock) {
  if (sock >= ActiveSockets::kFirst) {
    if (CallbackOf(context) == nullptr) return SocketKind::kActive;
    return context.active_sockets().Find(sock) != nullptr ? SocketKind::kActive
                                                          : SocketKind::kNone;
  }
  const Socket socket = context.sockets().Find(sock);
  if (std::holds_alternative<std::shared_ptr<Listener>>(socket)) {
    return SocketKind::kListener;
  }
  if (std::holds_alternative<std::shared_ptr<Epoll>>(socket)) {
    return SocketKind::kEpoll;
  }
  return std::holds_alternative<std::shared_ptr<PipeEnd>>(socket)
             ? SocketKind::kPipe
             : SocketKind::kNone;
}

int WithFlow(Context& context, int sock, int listener_error,
             const std::function<int(FlowView&, ActiveSocket&)>& visit) {
  const SocketKind kind = KindOf(context, sock);
  if (kind == SocketKind::kNone) return EBADF;
  if (kind == SocketKind::kListener) return listener_error;
  if (kind != SocketKind::kActive) return ENOTSOCK;
  Callback* const callback = CallbackOf(context);
  if (callback == nullptr) return EPERM;
  if (callback->flow != nullptr && callback->sock == sock) {
    return visit(*callback->flow, *callback->active);
  }
  const ActiveSockets::Entry* const entry = context.active_sockets().Find(sock);
  int error = EBADF;
  // What the program holds of a flow that it does not hear of now.
  ListenerFunction* const function = entry->function;
  if (function->listener().closed.load(std::memory_order_relaxed)) return EBADF;
  static_cast<void>(function->worker().VisitFlow(
      entry->flow,
      [&](FlowView& flow) { error = visit(flow, function->ActiveOf(flow)); }));
  return error;
}

}  // namespace mosaic::mos
