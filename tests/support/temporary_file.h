// A file with given bytes that exists as long as this object.

#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>

#include "gtest/gtest.h"

namespace mosaic::testing {

class TemporaryFile {
 public:
  explicit TemporaryFile(std::span<const uint8_t> bytes)
      : path_(::testing::TempDir() + "mosaic_test_XXXXXX") {
    const int fd = mkstemp(path_.data());
    EXPECT_GE(fd, 0) << path_;
    EXPECT_EQ(write(fd, bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
    close(fd);
  }
  ~TemporaryFile() { unlink(path_.c_str()); }

  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace mosaic::testing
