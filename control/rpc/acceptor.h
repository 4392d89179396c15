// Acceptor takes connections on sockets that listen, refuses those of whom it
// does not know and those above a bound, and hands the others on. gRPC's own
// listener knows neither the peer's uid nor a bound.
//
//   listening sockets ─► accept ─► who? how many? ─► Take(fd)
//                                     │ no
//                                     ▼
//                                   close, count
//
// A connection counts until both ends of it are gone. To notice that, the
// acceptor keeps a second descriptor of each, which it never reads.
//
// Ownership   Borrows the listening sockets. What Take() gets is Take()'s.
// Bounds      kMaxConnections at once.
// Threading   One thread of its own between Start() and Stop(), on which Take()
//             runs. The counts may be read by any.

#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "absl/status/status.h"

namespace mosaic {

// Who may connect.
struct PeerPolicy {
  std::vector<uid_t> uids;
  std::optional<gid_t> group;  // Whose members may, too.
};

// Root, and whom the process runs as.
PeerPolicy RootAndSelf();

class Acceptor {
 public:
  static constexpr size_t kMaxConnections = 64;

  enum class Peers : uint8_t {
    kChecked,  // A unix socket, whose peers PeerPolicy decides about.
    kAnybody,  // TCP, whose peers have no uid.
  };
  struct Listener {
    int fd = -1;
    Peers peers = Peers::kChecked;
  };
  struct Counts {
    uint64_t accepted = 0;
    uint64_t refused_peer = 0;   // PeerPolicy does not know it.
    uint64_t refused_bound = 0;  // kMaxConnections, or no descriptor was left.
    size_t open = 0;
  };
  // Gets a connection that does not block, and owns it.
  using Take = std::function<void(int fd)>;

  Acceptor(std::vector<Listener> listeners, PeerPolicy policy, Take take);
  // Stops.
  ~Acceptor();

  Acceptor(const Acceptor&) = delete;
  Acceptor& operator=(const Acceptor&) = delete;

  // Once. FAILED_PRECONDITION with the system's reason.
  absl::Status Start();
  // Accepts no more; connections that were handed on stay. Waits for Take().
  void Stop();

  Counts counts() const;

 private:
  void Run();
  void Accept(const Listener& listener);
  void Refuse(int fd, std::atomic<uint64_t>& count);
  void RefuseWithReserve(int listener);
  void Watch(int fd);
  void Forget(int watch);
  bool Allowed(int fd) const;

  const std::vector<Listener> listeners_;
  const PeerPolicy policy_;
  const Take take_;

  int epoll_ = -1;
  int stop_ = -1;     // An eventfd; readable once Run() is to end.
  int reserve_ = -1;  // Given up to close a connection where none is left.
  std::thread thread_;

  std::set<int> watches_;  // The thread's.

  // Written by the thread.
  std::atomic<uint64_t> accepted_{0};
  std::atomic<uint64_t> refused_peer_{0};
  std::atomic<uint64_t> refused_bound_{0};
  std::atomic<size_t> open_{0};
};

}  // namespace mosaic
