// The calls of mtcp_api.h that make, end and name sockets.

#include <mtcp_api.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <utility>
#include <variant>

#include "dataplane/mos/call.h"
#include "dataplane/mos/listener.h"
#include "dataplane/mos/listener_scope.h"
#include "dataplane/mos/text.h"

namespace mosaic::mos {
namespace {

bool IsDomain(int domain) {
  return domain == AF_INET || domain == AF_INET6 || domain == AF_UNSPEC;
}

int OpenListener(Context& context, int domain, Listener::Kind kind) {
  static std::atomic<uint64_t> opened{0};
  Runtime& runtime = Runtime::Instance();
  Scope scope;
  if (!CompileScope(kind, domain, nullptr, runtime.filters(), scope).ok()) {
    return Fail(EINVAL);
  }
  const int sock = context.sockets().Reserve();
  if (sock == 0) return Fail(ENFILE);
  auto listener = std::make_shared<Listener>(
      sock, kind, domain,
      Cat("mos-", context.worker(), "-", sock, "-", ++opened),
      runtime.buffer_bytes());
  listener->syn_filter = scope.syn;
  listener->orphan_filter = scope.orphan;
  listener->raw_filter = scope.raw;
  context.sockets().Put(sock, std::move(listener));
  return sock;
}

// The other end of `end` hears of its closing.
void ClosePipe(Context& context, const PipeEnd& end) {
  const std::lock_guard lock(context.waiters().mutex);
  if (end.direction == PipeEnd::Direction::kRead) {
    end.pipe->reader_open = false;
    ++end.pipe->writable_edges;
  } else {
    end.pipe->writer_open = false;
    ++end.pipe->readable_edges;
  }
  context.waiters().changed.notify_all();
}

int Close(Context& context, int sock) {
  const SocketKind kind = KindOf(context, sock);
  if (kind == SocketKind::kActive) return Fail(EPERM);
  const Socket taken = context.sockets().Take(sock);
  if (std::holds_alternative<std::monostate>(taken)) return Fail(EBADF);
  {
    const std::lock_guard lock(context.waiters().mutex);
    context.sockets().ForEachEpoll([&](Epoll& epoll) { epoll.Forget(sock); });
  }
  if (const auto* listener = std::get_if<std::shared_ptr<Listener>>(&taken)) {
    (*listener)->closed.store(true, std::memory_order_relaxed);
    return Answer(Runtime::Instance().Publish());
  }
  if (const auto* end = std::get_if<std::shared_ptr<PipeEnd>>(&taken)) {
    ClosePipe(context, **end);
  }
  return 0;
}

void Fill(const Endpoint& endpoint, uint8_t* to) {
  if (endpoint.ip_version == 4) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(endpoint.port);
    std::memcpy(&address.sin_addr, endpoint.address.data(),
                sizeof address.sin_addr);
    std::memcpy(to, &address, sizeof address);
    return;
  }
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(endpoint.port);
  std::memcpy(&address.sin6_addr, endpoint.address.data(),
              sizeof address.sin6_addr);
  std::memcpy(to, &address, sizeof address);
}

int PeerName(FlowView& flow, sockaddr* address, socklen_t* length, int side) {
  const size_t one = flow.client().ip_version == 4 ? sizeof(sockaddr_in)
                                                   : sizeof(sockaddr_in6);
  if (*length != (side == MOS_SIDE_BOTH ? 2 * one : one)) return EINVAL;
  auto* const to = reinterpret_cast<uint8_t*>(address);
  if (side != MOS_SIDE_SVR) Fill(flow.client(), to);
  if (side != MOS_SIDE_CLI) {
    Fill(flow.server(), side == MOS_SIDE_BOTH ? to + one : to);
  }
  return 0;
}

// A call of an end-host socket, which no number can be.
int NoEndHost(mctx_t mctx, int sock, int monitor_error) {
  return In(mctx, [&](Context& context) {
    switch (KindOf(context, sock)) {
      case SocketKind::kNone:
        return Fail(EBADF);
      case SocketKind::kEpoll:
      case SocketKind::kPipe:
        return Fail(ENOTSOCK);
      case SocketKind::kListener:
      case SocketKind::kActive:
        break;
    }
    return Fail(monitor_error);
  });
}

}  // namespace
}  // namespace mosaic::mos

using mosaic::FlowView;
using mosaic::mos::ActiveSocket;
using mosaic::mos::Answer;
using mosaic::mos::Context;
using mosaic::mos::Fail;
using mosaic::mos::In;
using mosaic::mos::Listener;

int mtcp_socket(mctx_t mctx, int domain, int type, int protocol) {
  UNUSED(protocol);
  return In(mctx, [&](Context& context) {
    if (!mosaic::mos::IsDomain(domain)) return Fail(EAFNOSUPPORT);
    switch (type) {
      case MOS_SOCK_MONITOR_STREAM:
        return mosaic::mos::OpenListener(context, domain,
                                         Listener::Kind::kStream);
      case MOS_SOCK_MONITOR_RAW:
        return mosaic::mos::OpenListener(context, domain, Listener::Kind::kRaw);
      default:
        return Fail(EINVAL);
    }
  });
}

int mtcp_close(mctx_t mctx, int sock) {
  return In(mctx, [&](Context& context) {
    return mosaic::mos::Close(context, sock);
  });
}

int mtcp_getpeername(mctx_t mctx, int sock, struct sockaddr* addr,
                     socklen_t* addrlen, int side) {
  return In(mctx, [&](Context& context) {
    if (side != MOS_SIDE_CLI && side != MOS_SIDE_SVR && side != MOS_SIDE_BOTH) {
      return Fail(EINVAL);
    }
    if (addr == nullptr || addrlen == nullptr) return Fail(EFAULT);
    return Answer(mosaic::mos::WithFlow(
        context, sock, ENOTCONN, [&](FlowView& flow, ActiveSocket&) {
          return mosaic::mos::PeerName(flow, addr, addrlen, side);
        }));
  });
}

int mtcp_bind(mctx_t mctx, int sock, const struct sockaddr*, socklen_t) {
  return mosaic::mos::NoEndHost(mctx, sock, EINVAL);
}

int mtcp_listen(mctx_t mctx, int sock, int) {
  return mosaic::mos::NoEndHost(mctx, sock, EINVAL);
}

int mtcp_accept(mctx_t mctx, int sock, struct sockaddr*, socklen_t*) {
  return mosaic::mos::NoEndHost(mctx, sock, EINVAL);
}

int mtcp_connect(mctx_t mctx, int sock, const struct sockaddr*, socklen_t) {
  return mosaic::mos::NoEndHost(mctx, sock, EINVAL);
}

int mtcp_abort(mctx_t mctx, int sock) {
  return mosaic::mos::NoEndHost(mctx, sock, EINVAL);
}

int mtcp_getsockname(mctx_t mctx, int sock, struct sockaddr*, socklen_t*) {
  return mosaic::mos::NoEndHost(mctx, sock, EINVAL);
}
