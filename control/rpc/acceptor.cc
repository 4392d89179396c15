#include "control/rpc/acceptor.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mosaic {
namespace {

int OpenReserve() { return open("/dev/null", O_RDONLY | O_CLOEXEC); }

// The groups of the peer of a unix socket besides its first.
std::vector<gid_t> GroupsOf(int fd) {
  socklen_t bytes = 0;
  // Tells how much room it takes.
  getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, nullptr, &bytes);
  std::vector<gid_t> groups(bytes / sizeof(gid_t));
  if (groups.empty() ||
      getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &bytes) != 0) {
    return {};
  }
  groups.resize(bytes / sizeof(gid_t));
  return groups;
}

bool Add(int epoll, int fd, uint32_t events) {
  epoll_event event = {};
  event.events = events;
  event.data.fd = fd;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

// Both kinds are made nonblocking by accept4(); small frames of TCP leave at
// once.
int AcceptOne(const Acceptor::Listener& listener) {
  const int fd =
      accept4(listener.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0 && listener.peers == Acceptor::Peers::kAnybody) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  return fd;
}

}  // namespace

PeerPolicy RootAndSelf() {
  PeerPolicy policy;
  policy.uids = {0, geteuid()};
  return policy;
}

Acceptor::Acceptor(std::vector<Listener> listeners, PeerPolicy policy,
                   Take take)
    : listeners_(std::move(listeners)),
      policy_(std::move(policy)),
      take_(std::move(take)) {}

Acceptor::~Acceptor() {
  Stop();
  for (const int fd : {epoll_, stop_, reserve_}) {
    if (fd >= 0) close(fd);
  }
}

absl::Status Acceptor::Start() {
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  stop_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  reserve_ = OpenReserve();
  bool ok =
      epoll_ >= 0 && stop_ >= 0 && reserve_ >= 0 && Add(epoll_, stop_, EPOLLIN);
  for (const Listener& listener : listeners_) {
    ok = ok && Add(epoll_, listener.fd, EPOLLIN);
  }
  if (!ok) {
    return absl::FailedPreconditionError(
        absl::StrCat("connections cannot be accepted: ", std::strerror(errno)));
  }
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void Acceptor::Stop() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  // An eventfd takes the first one always.
  [[maybe_unused]] const ssize_t written = write(stop_, &one, sizeof one);
  thread_.join();
}

Acceptor::Counts Acceptor::counts() const {
  return {accepted_.load(std::memory_order_relaxed),
          refused_peer_.load(std::memory_order_relaxed),
          refused_bound_.load(std::memory_order_relaxed),
          open_.load(std::memory_order_relaxed)};
}

void Acceptor::Run() {
  std::array<epoll_event, 16> events;
  while (true) {
    const int ready =
        epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[static_cast<size_t>(i)].data.fd;
      if (fd == stop_) {
        while (!watches_.empty()) Forget(*watches_.begin());
        return;
      }
      const auto listener = std::ranges::find(listeners_, fd, &Listener::fd);
      if (listener != listeners_.end()) {
        Accept(*listener);
      } else {
        Forget(fd);
      }
    }
  }
}

void Acceptor::Accept(const Listener& listener) {
  const int fd = AcceptOne(listener);
  if (fd < 0) {
    // Without a descriptor the connection would stay in the queue, and this
    // loop would turn without end.
    if (errno == EMFILE || errno == ENFILE) RefuseWithReserve(listener.fd);
    return;
  }
  if (listener.peers == Peers::kChecked && !Allowed(fd)) {
    Refuse(fd, refused_peer_);
    return;
  }
  if (watches_.size() >= kMaxConnections) {
    Refuse(fd, refused_bound_);
    return;
  }
  Watch(fd);
}

void Acceptor::Refuse(int fd, std::atomic<uint64_t>& count) {
  close(fd);
  count.fetch_add(1, std::memory_order_relaxed);
}

void Acceptor::RefuseWithReserve(int listener) {
  close(reserve_);
  const int fd = accept(listener, nullptr, nullptr);
  if (fd >= 0) Refuse(fd, refused_bound_);
  reserve_ = OpenReserve();
}

// The second descriptor keeps the connection known here. Its owner shuts the
// connection down when it is done with it, and then, or when the peer has gone,
// epoll tells.
void Acceptor::Watch(int fd) {
  const int watch = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (watch < 0 || !Add(epoll_, watch, EPOLLRDHUP)) {
    if (watch >= 0) close(watch);
    Refuse(fd, refused_bound_);
    return;
  }
  watches_.insert(watch);
  accepted_.fetch_add(1, std::memory_order_relaxed);
  open_.store(watches_.size(), std::memory_order_relaxed);
  take_(fd);
}

void Acceptor::Forget(int watch) {
  // Closing does not take it out of epoll while the other descriptor lives.
  epoll_ctl(epoll_, EPOLL_CTL_DEL, watch, nullptr);
  close(watch);
  watches_.erase(watch);
  open_.store(watches_.size(), std::memory_order_relaxed);
}

bool Acceptor::Allowed(int fd) const {
  ucred peer = {};
  socklen_t bytes = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) != 0) return false;
  if (std::ranges::find(policy_.uids, peer.uid) != policy_.uids.end()) {
    return true;
  }
  if (!policy_.group.has_value()) return false;
  if (peer.gid == *policy_.group) return true;
  const std::vector<gid_t> groups = GroupsOf(fd);
  return std::ranges::find(groups, *policy_.group) != groups.end();
}

}  // namespace mosaic
