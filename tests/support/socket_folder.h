// A folder for the sockets of one test, with a path that is short enough for
// their addresses, and a plain client of them.

#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace mosaic::testing {

// Gone, with all that is in it, when this is.
class SocketFolder {
 public:
  SocketFolder() {
    std::string name =
        (std::filesystem::temp_directory_path() / "mosaic-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~SocketFolder() { std::filesystem::remove_all(folder_); }

  SocketFolder(const SocketFolder&) = delete;
  SocketFolder& operator=(const SocketFolder&) = delete;

  std::string path(const std::string& name) const {
    return folder_ + "/" + name;
  }

 private:
  std::string folder_;
};

// A connection to the socket, the caller's to close; -1 if there is none.
inline int ConnectTo(const std::string& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address),
              sizeof address) == 0) {
    return fd;
  }
  close(fd);
  return -1;
}

// The same to a port of 127.0.0.1.
inline int ConnectToLoopback(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address),
              sizeof address) == 0) {
    return fd;
  }
  close(fd);
  return -1;
}

}  // namespace mosaic::testing
