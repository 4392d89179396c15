// LoopbackSocket listens on a TCP port of 127.0.0.1, and nowhere else: what
// reaches it comes from this machine.
//
// Ownership   Owns the descriptor.

#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"

namespace mosaic {

class LoopbackSocket {
 public:
  // 0 means any port that is free. FAILED_PRECONDITION with the system's reason
  // if it cannot listen there.
  static absl::StatusOr<std::unique_ptr<LoopbackSocket>> Listen(uint16_t port);
  ~LoopbackSocket();

  LoopbackSocket(const LoopbackSocket&) = delete;
  LoopbackSocket& operator=(const LoopbackSocket&) = delete;

  // Does not block.
  int fd() const { return fd_; }
  uint16_t port() const { return port_; }

 private:
  explicit LoopbackSocket(int fd) : fd_(fd) {}

  const int fd_;
  uint16_t port_ = 0;
};

}  // namespace mosaic
