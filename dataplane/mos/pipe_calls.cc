// The calls of mtcp_api.h and mtcp_epoll.h that work on pipes and wait for
// them.

#include <mtcp_epoll.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include <algorithm>
#include <chrono>
#include <climits>
#include <memory>
#include <mutex>
#include <utility>
#include <variant>

#include "dataplane/mos/call.h"

namespace mosaic::mos {
namespace {

using Clock = std::chrono::steady_clock;

// Callbacks never wait: they would hold the worker up.
bool MayWait() { return Callback::Current() == nullptr; }

template <typename T>
std::shared_ptr<T> Get(Context& context, int sock) {
  const Socket socket = context.sockets().Find(sock);
  const auto* const found = std::get_if<std::shared_ptr<T>>(&socket);
  return found == nullptr ? nullptr : *found;
}

// The pipe's end `sock` for reading or writing `buf`; else null and errno.
std::shared_ptr<PipeEnd> EndFor(Context& context, int sock,
                                PipeEnd::Direction direction, const void* buf,
                                size_t len) {
  switch (KindOf(context, sock)) {
    case SocketKind::kNone:
      errno = EBADF;
      return nullptr;
    case SocketKind::kEpoll:
      errno = ENOTSOCK;
      return nullptr;
    case SocketKind::kListener:
    case SocketKind::kActive:
      errno = ENOTCONN;
      return nullptr;
    case SocketKind::kPipe:
      break;
  }
  std::shared_ptr<PipeEnd> end = Get<PipeEnd>(context, sock);
  if (end == nullptr) {
    errno = EBADF;
  } else if (end->direction != direction || (buf == nullptr && len > 0)) {
    errno = EINVAL;
    end = nullptr;
  }
  return end;
}

ssize_t Read(Context& context, int sock, char* buf, size_t len) {
  const std::shared_ptr<PipeEnd> end =
      EndFor(context, sock, PipeEnd::Direction::kRead, buf, len);
  if (end == nullptr) return -1;
  if (len == 0) return 0;
  Waiters& waiters = context.waiters();
  std::unique_lock lock(waiters.mutex);
  Pipe& pipe = *end->pipe;
  while (pipe.bytes.empty()) {
    if (!pipe.writer_open) return 0;
    if (waiters.ended) return Fail<ssize_t>(EINTR);
    if (!end->waits || !MayWait()) return Fail<ssize_t>(EAGAIN);
    waiters.changed.wait(lock);
  }
  const bool was_full = pipe.bytes.size() == Pipe::kCapacity;
  const size_t count = std::min(len, pipe.bytes.size());
  const auto last = pipe.bytes.begin() + static_cast<std::ptrdiff_t>(count);
  std::copy(pipe.bytes.begin(), last, buf);
  pipe.bytes.erase(pipe.bytes.begin(), last);
  if (was_full) ++pipe.writable_edges;
  waiters.changed.notify_all();
  return static_cast<ssize_t>(count);
}

ssize_t Write(Context& context, int sock, const char* buf, size_t len) {
  const std::shared_ptr<PipeEnd> end =
      EndFor(context, sock, PipeEnd::Direction::kWrite, buf, len);
  if (end == nullptr) return -1;
  if (len == 0) return 0;
  Waiters& waiters = context.waiters();
  std::unique_lock lock(waiters.mutex);
  Pipe& pipe = *end->pipe;
  while (pipe.reader_open && pipe.bytes.size() == Pipe::kCapacity) {
    if (waiters.ended) return Fail<ssize_t>(EINTR);
    if (!end->waits || !MayWait()) return Fail<ssize_t>(EAGAIN);
    waiters.changed.wait(lock);
  }
  if (!pipe.reader_open) return Fail<ssize_t>(EPIPE);
  const size_t count = std::min(len, Pipe::kCapacity - pipe.bytes.size());
  pipe.bytes.insert(pipe.bytes.end(), buf, buf + count);
  ++pipe.readable_edges;
  waiters.changed.notify_all();
  return static_cast<ssize_t>(count);
}

// One buffer after the other, as far as `transfer` gets without waiting anew.
template <typename Transfer>
ssize_t ForEach(const iovec* iov, int count, Transfer&& transfer) {
  if (count < 0 || count > IOV_MAX || (iov == nullptr && count > 0)) {
    return Fail<ssize_t>(EINVAL);
  }
  ssize_t total = 0;
  if (count == 0) return transfer(nullptr, 0);
  for (int i = 0; i < count; ++i) {
    if (iov[i].iov_len == 0 && (total > 0 || i + 1 < count)) continue;
    const ssize_t moved =
        transfer(static_cast<char*>(iov[i].iov_base), iov[i].iov_len);
    if (moved < 0) return total > 0 ? total : moved;
    total += moved;
    if (static_cast<size_t>(moved) < iov[i].iov_len) break;
  }
  return total;
}

int MakePipe(Context& context, int ends[2]) {
  const int from = context.sockets().Reserve();
  const int to = from == 0 ? 0 : context.sockets().Reserve();
  const auto pipe = std::make_shared<Pipe>();
  const auto put = [&](int sock, PipeEnd::Direction direction) {
    context.sockets().Put(sock, std::make_shared<PipeEnd>(
                                    PipeEnd{pipe, direction, /*waits=*/true}));
  };
  if (from != 0) put(from, PipeEnd::Direction::kRead);
  if (to == 0) {
    if (from != 0) static_cast<void>(context.sockets().Take(from));
    return ENFILE;
  }
  put(to, PipeEnd::Direction::kWrite);
  ends[0] = from;
  ends[1] = to;
  return 0;
}

int SetWaits(Context& context, int sock, bool waits) {
  const SocketKind kind = KindOf(context, sock);
  if (kind == SocketKind::kNone) return EBADF;
  if (kind == SocketKind::kEpoll) return ENOTSOCK;
  const std::shared_ptr<PipeEnd> end = Get<PipeEnd>(context, sock);
  // A monitor's socket never waits.
  if (end == nullptr) return 0;
  const std::lock_guard lock(context.waiters().mutex);
  end->waits = waits;
  return 0;
}

int Control(Context& context, int sock, int request, void* argp) {
  const SocketKind kind = KindOf(context, sock);
  if (kind == SocketKind::kNone) return EBADF;
  if (argp == nullptr) return EFAULT;
  auto* const value = static_cast<int*>(argp);
  if (request == static_cast<int>(FIONBIO)) {
    return SetWaits(context, sock, *value == 0);
  }
  const std::shared_ptr<PipeEnd> end = Get<PipeEnd>(context, sock);
  if (request != static_cast<int>(FIONREAD) || end == nullptr) return EINVAL;
  const std::lock_guard lock(context.waiters().mutex);
  *value = static_cast<int>(end->pipe->bytes.size());
  return 0;
}

int ControlEpoll(Context& context, int epid, int op, int sock,
                 const mtcp_epoll_event* event) {
  const SocketKind instance = KindOf(context, epid);
  if (instance == SocketKind::kNone) return EBADF;
  if (KindOf(context, sock) == SocketKind::kNone) return EBADF;
  const std::shared_ptr<Epoll> epoll = Get<Epoll>(context, epid);
  if (epoll == nullptr || sock == epid) return EINVAL;
  if (event == nullptr && op != MOS_EPOLL_CTL_DEL) return EINVAL;
  const std::shared_ptr<PipeEnd> end = Get<PipeEnd>(context, sock);
  const std::lock_guard lock(context.waiters().mutex);
  int error = EINVAL;
  switch (op) {
    case MOS_EPOLL_CTL_ADD:
      error = epoll->Add(sock, end, *event);
      break;
    case MOS_EPOLL_CTL_MOD:
      error = epoll->Modify(sock, *event);
      break;
    case MOS_EPOLL_CTL_DEL:
      error = epoll->Remove(sock);
      break;
    default:
      break;
  }
  context.waiters().changed.notify_all();
  return error;
}

int Wait(Context& context, int epid, mtcp_epoll_event* events, int maxevents,
         int timeout) {
  if (KindOf(context, epid) == SocketKind::kNone) return Fail(EBADF);
  const std::shared_ptr<Epoll> epoll = Get<Epoll>(context, epid);
  if (epoll == nullptr || events == nullptr || maxevents <= 0) {
    return Fail(EINVAL);
  }
  const bool waits = timeout != 0 && MayWait();
  if (waits) Runtime::Instance().Begin();
  const Clock::time_point deadline =
      Clock::now() + std::chrono::milliseconds(std::max(timeout, 0));
  Waiters& waiters = context.waiters();
  std::unique_lock lock(waiters.mutex);
  while (true) {
    const size_t ready =
        epoll->Collect({events, static_cast<size_t>(maxevents)});
    if (ready > 0) return static_cast<int>(ready);
    if (waiters.ended) return Fail(EINTR);
    if (!waits) return 0;
    if (timeout < 0) {
      waiters.changed.wait(lock);
    } else if (waiters.changed.wait_until(lock, deadline) ==
               std::cv_status::timeout) {
      return static_cast<int>(
          epoll->Collect({events, static_cast<size_t>(maxevents)}));
    }
  }
}

}  // namespace
}  // namespace mosaic::mos

using mosaic::mos::Answer;
using mosaic::mos::Context;
using mosaic::mos::Fail;
using mosaic::mos::In;

int mtcp_pipe(mctx_t mctx, int pipeid[2]) {
  return In(mctx, [&](Context& context) {
    if (pipeid == nullptr) return Fail(EINVAL);
    return Answer(mosaic::mos::MakePipe(context, pipeid));
  });
}

ssize_t mtcp_read(mctx_t mctx, int sock, char* buf, size_t len) {
  return In(mctx, [&](Context& context) {
    return mosaic::mos::Read(context, sock, buf, len);
  });
}

ssize_t mtcp_recv(mctx_t mctx, int sock, char* buf, size_t len, int flags) {
  return In(mctx, [&](Context& context) -> ssize_t {
    if (flags != 0) return Fail<ssize_t>(EINVAL);
    return mosaic::mos::Read(context, sock, buf, len);
  });
}

ssize_t mtcp_readv(mctx_t mctx, int sock, const struct iovec* iov,
                   int num_iov) {
  return In(mctx, [&](Context& context) {
    return mosaic::mos::ForEach(iov, num_iov, [&](char* buf, size_t len) {
      return mosaic::mos::Read(context, sock, buf, len);
    });
  });
}

ssize_t mtcp_write(mctx_t mctx, int sock, const char* buf, size_t len) {
  return In(mctx, [&](Context& context) {
    return mosaic::mos::Write(context, sock, buf, len);
  });
}

ssize_t mtcp_writev(mctx_t mctx, int sock, const struct iovec* iov,
                    int num_iov) {
  return In(mctx, [&](Context& context) {
    return mosaic::mos::ForEach(iov, num_iov, [&](char* buf, size_t len) {
      return mosaic::mos::Write(context, sock, buf, len);
    });
  });
}

int mtcp_setsock_nonblock(mctx_t mctx, int sock) {
  return In(mctx, [&](Context& context) {
    return Answer(mosaic::mos::SetWaits(context, sock, false));
  });
}

int mtcp_ioctl(mctx_t mctx, int sock, int request, void* argp) {
  return In(mctx, [&](Context& context) {
    return Answer(mosaic::mos::Control(context, sock, request, argp));
  });
}

int mtcp_epoll_create(mctx_t mctx, int size) {
  return In(mctx, [&](Context& context) {
    if (size < 1) return Fail(EINVAL);
    const int sock = context.sockets().Reserve();
    if (sock == 0) return Fail(ENFILE);
    context.sockets().Put(sock, std::make_shared<mosaic::mos::Epoll>());
    return sock;
  });
}

int mtcp_epoll_ctl(mctx_t mctx, int epid, int op, int sock,
                   struct mtcp_epoll_event* event) {
  return In(mctx, [&](Context& context) {
    return Answer(mosaic::mos::ControlEpoll(context, epid, op, sock, event));
  });
}

int mtcp_epoll_wait(mctx_t mctx, int epid, struct mtcp_epoll_event* events,
                    int maxevents, int timeout) {
  return In(mctx, [&](Context& context) {
    return mosaic::mos::Wait(context, epid, events, maxevents, timeout);
  });
}

char* EventToString(uint32_t event) {
  static constexpr std::pair<uint32_t, const char*> kNames[] = {
      {MOS_EPOLLNONE, "MOS_EPOLLNONE"},
      {MOS_EPOLLIN, "MOS_EPOLLIN"},
      {MOS_EPOLLPRI, "MOS_EPOLLPRI"},
      {MOS_EPOLLOUT, "MOS_EPOLLOUT"},
      {MOS_EPOLLRDNORM, "MOS_EPOLLRDNORM"},
      {MOS_EPOLLRDBAND, "MOS_EPOLLRDBAND"},
      {MOS_EPOLLWRNORM, "MOS_EPOLLWRNORM"},
      {MOS_EPOLLWRBAND, "MOS_EPOLLWRBAND"},
      {MOS_EPOLLMSG, "MOS_EPOLLMSG"},
      {MOS_EPOLLERR, "MOS_EPOLLERR"},
      {MOS_EPOLLHUP, "MOS_EPOLLHUP"},
      {MOS_EPOLLRDHUP, "MOS_EPOLLRDHUP"},
      {static_cast<uint32_t>(MOS_EPOLLONESHOT), "MOS_EPOLLONESHOT"},
      {static_cast<uint32_t>(MOS_EPOLLET), "MOS_EPOLLET"}};
  for (const auto& [bit, name] : kNames) {
    // The type is mOS's; the text is not to be written to.
    if ((event & bit) != 0) return const_cast<char*>(name);
  }
  return const_cast<char*>("unknown event");
}
