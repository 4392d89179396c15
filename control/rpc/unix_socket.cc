#include "control/rpc/unix_socket.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "control/config/diagnostic.h"

namespace mosaic {
namespace {

constexpr mode_t kMode = 0660;

sockaddr_un AddressOf(const std::string& path) {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

// "PATH: WHAT: the system's reason".
absl::Status SystemError(const std::string& path, const std::string& what) {
  return absl::FailedPreconditionError(
      absl::StrCat(path, ": ", what, ": ", std::strerror(errno)));
}

absl::Status SomebodyListens(const std::string& path) {
  return absl::FailedPreconditionError(absl::StrCat(
      path, ": another process listens there; end it, or choose another path"));
}

bool SameFile(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

}  // namespace

absl::StatusOr<std::unique_ptr<UnixSocket>> UnixSocket::Listen(
    const std::string& path, std::optional<gid_t> group) {
  if (path.empty() || path.size() > kMaxPathBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("the path of the socket, ", config::Quoted(path), ", has ",
                     path.size(), " bytes; 1 to ", kMaxPathBytes, " fit"));
  }
  auto socket = std::unique_ptr<UnixSocket>(new UnixSocket(path));
  if (absl::Status status = socket->Lock(); !status.ok()) return status;
  if (absl::Status status = socket->RemoveStale(); !status.ok()) return status;
  if (absl::Status status = socket->Bind(group); !status.ok()) return status;
  return socket;
}

UnixSocket::~UnixSocket() {
  if (fd_ >= 0) {
    struct stat now = {};
    if (lstat(path_.c_str(), &now) == 0 && now.st_dev == device_ &&
        now.st_ino == inode_) {
      unlink(path_.c_str());
    }
    close(fd_);
  }
  if (lock_ >= 0) {
    // While the lock is held nobody else can take this file for theirs.
    unlink(lock_path().c_str());
    close(lock_);
  }
}

absl::Status UnixSocket::Lock() {
  // Who had the lock removes its file, so the one that is locked here may be
  // gone from the folder already: then the next one is tried.
  while (lock_ < 0) {
    const int fd = open(lock_path().c_str(),
                        O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return SystemError(lock_path(), "cannot be opened");
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
      const absl::Status status = errno == EWOULDBLOCK
                                      ? SomebodyListens(path_)
                                      : SystemError(lock_path(), "flock");
      close(fd);
      return status;
    }
    struct stat locked = {};
    struct stat named = {};
    if (fstat(fd, &locked) == 0 && stat(lock_path().c_str(), &named) == 0 &&
        SameFile(locked, named)) {
      lock_ = fd;
    } else {
      close(fd);
    }
  }
  return absl::OkStatus();
}

absl::Status UnixSocket::RemoveStale() {
  struct stat found = {};
  if (lstat(path_.c_str(), &found) != 0) {
    return errno == ENOENT ? absl::OkStatus()
                           : SystemError(path_, "cannot be looked at");
  }
  if (!S_ISSOCK(found.st_mode)) {
    return absl::FailedPreconditionError(absl::StrCat(
        path_,
        ": is there and is no socket; remove it, or choose another path"));
  }
  // The lock is ours, but whoever listens may be no mosaicd.
  const int probe =
      ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return SystemError(path_, "socket");
  const sockaddr_un address = AddressOf(path_);
  const int connected = connect(
      probe, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int reason = errno;
  close(probe);
  // EAGAIN: its queue is full, so somebody has it.
  if (connected == 0 || reason == EAGAIN) return SomebodyListens(path_);
  errno = reason;
  if (reason != ECONNREFUSED) return SystemError(path_, "cannot be asked");
  if (unlink(path_.c_str()) != 0) {
    return SystemError(path_, "a dead process left it, and it stays");
  }
  return absl::OkStatus();
}

absl::Status UnixSocket::Bind(std::optional<gid_t> group) {
  const int fd =
      ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return SystemError(path_, "socket");
  const sockaddr_un address = AddressOf(path_);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
      0) {
    const absl::Status status = SystemError(path_, "cannot be made");
    close(fd);
    return status;
  }
  fd_ = fd;
  struct stat made = {};
  if (lstat(path_.c_str(), &made) != 0) return SystemError(path_, "lstat");
  device_ = made.st_dev;
  inode_ = made.st_ino;
  // Nobody can connect before listen(), so the order of these is free.
  if (group.has_value() &&
      chown(path_.c_str(), static_cast<uid_t>(-1), *group) != 0) {
    return SystemError(path_, absl::StrCat("cannot be group ", *group, "'s"));
  }
  if (chmod(path_.c_str(), kMode) != 0) return SystemError(path_, "chmod");
  if (listen(fd_, SOMAXCONN) != 0) return SystemError(path_, "listen");
  return absl::OkStatus();
}

}  // namespace mosaic
