// Which files a UnixSocket makes, replaces and leaves alone.

#include "control/rpc/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/socket_folder.h"

namespace mosaic::testing {
namespace {

using ::testing::HasSubstr;

absl::StatusOr<std::unique_ptr<UnixSocket>> Listen(const std::string& path) {
  return UnixSocket::Listen(path, std::nullopt);
}

bool Exists(const std::string& path) {
  struct stat found = {};
  return lstat(path.c_str(), &found) == 0;
}

class UnixSocketTest : public ::testing::Test {
 protected:
  SocketFolder folder_;
  const std::string path_ = folder_.path("mosaicd.sock");
};

TEST_F(UnixSocketTest, IsForItsUserAndGroupOnlyWhateverTheUmask) {
  const mode_t before = umask(0);
  const auto socket = Listen(path_);
  umask(before);
  ASSERT_TRUE(socket.ok()) << socket.status();
  struct stat made = {};
  ASSERT_EQ(lstat(path_.c_str(), &made), 0);
  EXPECT_TRUE(S_ISSOCK(made.st_mode));
  EXPECT_EQ(made.st_mode & 0777, 0660u);
}

TEST_F(UnixSocketTest, BelongsToTheGroupThatIsAllowed) {
  const auto socket = UnixSocket::Listen(path_, getegid());
  ASSERT_TRUE(socket.ok()) << socket.status();
  struct stat made = {};
  ASSERT_EQ(lstat(path_.c_str(), &made), 0);
  EXPECT_EQ(made.st_gid, getegid());
}

TEST_F(UnixSocketTest, LeavesNoFileBehindWhenItEnds) {
  ASSERT_TRUE(Listen(path_).ok());
  EXPECT_FALSE(Exists(path_));
  EXPECT_FALSE(Exists(path_ + ".lock"));
}

TEST_F(UnixSocketTest, LeavesAFileThatAnotherPutInItsPlace) {
  {
    const auto socket = Listen(path_);
    ASSERT_TRUE(socket.ok());
    ASSERT_EQ(unlink(path_.c_str()), 0);
    std::ofstream(path_) << "another's";
  }
  EXPECT_TRUE(Exists(path_));
}

TEST_F(UnixSocketTest, ReplacesWhatAProcessThatWasKilledLeft) {
  const pid_t child = fork();
  if (child == 0) {
    // As kill -9 does: no destructor runs.
    const auto socket = Listen(path_);
    _exit(socket.ok() ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ASSERT_TRUE(Exists(path_));

  const auto socket = Listen(path_);
  ASSERT_TRUE(socket.ok()) << socket.status();
  const int client = ConnectTo(path_);
  EXPECT_GE(client, 0);
  close(client);
}

TEST_F(UnixSocketTest, DoesNotStartWhereAnotherOneListens) {
  const auto first = Listen(path_);
  ASSERT_TRUE(first.ok());
  const auto second = Listen(path_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(second.status().message(),
              HasSubstr("mosaicd.sock: another process listens there"));
  // And the first is none the worse for it.
  const int client = ConnectTo(path_);
  EXPECT_GE(client, 0);
  close(client);
}

TEST_F(UnixSocketTest, DoesNotStartWhereAForeignProgramListens) {
  const int foreign = socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  path_.copy(address.sun_path, sizeof address.sun_path - 1);
  ASSERT_EQ(
      bind(foreign, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(listen(foreign, 1), 0);
  EXPECT_THAT(Listen(path_).status().message(),
              HasSubstr("another process listens there"));
  EXPECT_TRUE(Exists(path_));
  close(foreign);
}

TEST_F(UnixSocketTest, DoesNotReplaceWhatIsNoSocket) {
  std::ofstream(path_) << "precious";
  EXPECT_THAT(Listen(path_).status().message(),
              HasSubstr("is there and is no socket"));
  std::string text;
  std::ifstream(path_) >> text;
  EXPECT_EQ(text, "precious");
}

TEST_F(UnixSocketTest, NamesThePathAndTheReasonWhereItCannotBeMade) {
  const auto socket = Listen(folder_.path("missing/mosaicd.sock"));
  EXPECT_EQ(socket.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(socket.status().message(),
              HasSubstr("missing/mosaicd.sock.lock: cannot be opened: No such "
                        "file or directory"));
}

TEST_F(UnixSocketTest, RefusesAPathThatNoAddressHolds) {
  const std::string fits = folder_.path(
      std::string(UnixSocket::kMaxPathBytes - folder_.path("").size(), 'a'));
  ASSERT_EQ(fits.size(), UnixSocket::kMaxPathBytes);
  EXPECT_TRUE(Listen(fits).ok()) << Listen(fits).status();

  const auto longer = Listen(fits + "a");
  EXPECT_EQ(longer.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(longer.status().message(), HasSubstr("has 108 bytes; 1 to 107"));
  EXPECT_EQ(Listen("").status().code(), absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace mosaic::testing
