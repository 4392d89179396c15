#include "dataplane/mos/socket_table.h"

#include <utility>

namespace mosaic::mos {

int SocketTable::Reserve() {
  const std::lock_guard lock(mutex_);
  for (int tried = 1; tried < kSockets; ++tried) {
    last_ = last_ + 1 < kSockets ? last_ + 1 : 1;
    if (reserved_[static_cast<size_t>(last_)]) continue;
    reserved_[static_cast<size_t>(last_)] = true;
    return last_;
  }
  return 0;
}

void SocketTable::Put(int sock, Socket socket) {
  const std::lock_guard lock(mutex_);
  sockets_[static_cast<size_t>(sock)] = std::move(socket);
}

Socket SocketTable::Find(int sock) const {
  if (!Holds(sock)) return {};
  const std::lock_guard lock(mutex_);
  return sockets_[static_cast<size_t>(sock)];
}

Socket SocketTable::Take(int sock) {
  if (!Holds(sock)) return {};
  const std::lock_guard lock(mutex_);
  Socket taken = std::exchange(sockets_[static_cast<size_t>(sock)], Socket());
  if (!std::holds_alternative<std::monostate>(taken)) {
    reserved_[static_cast<size_t>(sock)] = false;
  }
  return taken;
}

std::vector<std::shared_ptr<Listener>> SocketTable::Listeners() const {
  std::vector<std::shared_ptr<Listener>> listeners;
  const std::lock_guard lock(mutex_);
  for (const Socket& socket : sockets_) {
    if (const auto* listener =
            std::get_if<std::shared_ptr<Listener>>(&socket)) {
      listeners.push_back(*listener);
    }
  }
  return listeners;
}

std::vector<Socket> SocketTable::TakeAll() {
  std::vector<Socket> all;
  const std::lock_guard lock(mutex_);
  for (Socket& socket : sockets_) {
    if (std::holds_alternative<std::monostate>(socket)) continue;
    all.push_back(std::exchange(socket, Socket()));
  }
  reserved_ = {};
  return all;
}

}  // namespace mosaic::mos
