// SocketTable numbers what a program opens itself in one context: listeners,
// epoll instances and ends of pipes. Active sockets have numbers above.
//
// Bounds      kSockets of all kinds at once.
// Threading   Any thread.

#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <mutex>
#include <variant>
#include <vector>

#include "dataplane/mos/active_sockets.h"
#include "dataplane/mos/epoll.h"
#include "dataplane/mos/listener.h"
#include "dataplane/mos/pipe.h"

namespace mosaic::mos {

using Socket = std::variant<std::monostate, std::shared_ptr<Listener>,
                            std::shared_ptr<Epoll>, std::shared_ptr<PipeEnd>>;

class SocketTable {
 public:
  static constexpr int kSockets = ActiveSockets::kFirst;

  // A number from 1 on; 0 if none is left. Put() says what it is.
  int Reserve();
  void Put(int sock, Socket socket);

  // A copy; std::monostate if there is none.
  Socket Find(int sock) const;
  // The same, taken out.
  Socket Take(int sock);

  std::vector<std::shared_ptr<Listener>> Listeners() const;
  // All that is there, taken out.
  std::vector<Socket> TakeAll();
  // Calls visit(Epoll&) for each instance.
  template <typename Visit>
  void ForEachEpoll(Visit&& visit) const {
    const std::lock_guard lock(mutex_);
    for (const Socket& socket : sockets_) {
      if (const auto* epoll = std::get_if<std::shared_ptr<Epoll>>(&socket)) {
        visit(**epoll);
      }
    }
  }

 private:
  bool Holds(int sock) const { return sock > 0 && sock < kSockets; }

  mutable std::mutex mutex_;
  std::array<Socket, kSockets> sockets_;
  std::array<bool, kSockets> reserved_ = {};
  int last_ = 0;  // Given last; the search goes on behind it.
};

}  // namespace mosaic::mos
