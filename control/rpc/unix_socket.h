// UnixSocket listens on a path of the file system.
//
//   PATH        the socket: only there while somebody listens or has died
//   PATH.lock   locked while its maker lives, so that of two daemons that start
//               at the same time one is refused, and a file that a dead one
//               left is known to be nobody's
//
// Ownership   Owns the descriptor, both files and the lock.
// Threading   One thread at a time.

#pragma once

#include <sys/types.h>

#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace mosaic {

class UnixSocket {
 public:
  // What an address can hold.
  static constexpr size_t kMaxPathBytes = 107;

  // Nobody can connect before the mode is 0660 and the group, where given, is
  // `group`. A socket that a dead process left is replaced.
  //   INVALID_ARGUMENT     the path is empty or too long
  //   FAILED_PRECONDITION  somebody listens there; it is no socket; or the
  //                        system says no, with its reason
  static absl::StatusOr<std::unique_ptr<UnixSocket>> Listen(
      const std::string& path, std::optional<gid_t> group);
  // Closes, and removes both files, unless somebody has put others in their
  // place.
  ~UnixSocket();

  UnixSocket(const UnixSocket&) = delete;
  UnixSocket& operator=(const UnixSocket&) = delete;

  // Does not block.
  int fd() const { return fd_; }

 private:
  explicit UnixSocket(std::string path) : path_(std::move(path)) {}

  std::string lock_path() const { return path_ + ".lock"; }
  absl::Status Lock();
  absl::Status RemoveStale();
  absl::Status Bind(std::optional<gid_t> group);

  const std::string path_;
  int lock_ = -1;
  int fd_ = -1;
  dev_t device_ = 0;  // Of the file that Bind() made.
  ino_t inode_ = 0;
};

}  // namespace mosaic
