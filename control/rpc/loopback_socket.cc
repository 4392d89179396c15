#include "control/rpc/loopback_socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace mosaic {

absl::StatusOr<std::unique_ptr<LoopbackSocket>> LoopbackSocket::Listen(
    uint16_t port) {
  const auto failed = [port] {
    return absl::FailedPreconditionError(absl::StrCat(
        "127.0.0.1:", port, ": cannot listen: ", std::strerror(errno)));
  };
  const int fd =
      ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return failed();
  auto socket = std::unique_ptr<LoopbackSocket>(new LoopbackSocket(fd));
  // So that a restart need not wait for the connections of the one before.
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (bind(fd, generic, bytes) != 0 || listen(fd, SOMAXCONN) != 0 ||
      getsockname(fd, generic, &bytes) != 0) {
    return failed();
  }
  socket->port_ = ntohs(address.sin_port);
  return socket;
}

LoopbackSocket::~LoopbackSocket() { close(fd_); }

}  // namespace mosaic
