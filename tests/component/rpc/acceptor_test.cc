// Whom the acceptor lets in, how many, and that it notices when they go.

#include "control/rpc/acceptor.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "control/rpc/loopback_socket.h"
#include "control/rpc/unix_socket.h"
#include "gtest/gtest.h"
#include "tests/support/socket_folder.h"

namespace mosaic::testing {
namespace {

// A uid and a gid that no test runs as.
constexpr uint32_t kNobodysId = 4'000'000'000u;

// Keeps the connections that it is given.
class Connections {
 public:
  ~Connections() { CloseAll(); }

  Acceptor::Take Take() {
    return [this](int fd) {
      const std::lock_guard lock(mutex_);
      fds_.push_back(fd);
      changed_.notify_all();
    };
  }
  void WaitFor(size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return fds_.size() >= count; });
  }
  // As gRPC ends a connection.
  void CloseAll() {
    const std::lock_guard lock(mutex_);
    for (const int fd : fds_) {
      shutdown(fd, SHUT_RDWR);
      close(fd);
    }
    fds_.clear();
  }
  size_t size() {
    const std::lock_guard lock(mutex_);
    return fds_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<int> fds_;
};

// True once the other end has closed; waits for it.
bool EndsWithoutAByte(int fd) {
  char byte = 0;
  return fd >= 0 && read(fd, &byte, 1) == 0;
}

template <typename Condition>
void WaitUntil(Condition condition) {
  while (!condition()) std::this_thread::yield();
}

class AcceptorTest : public ::testing::Test {
 protected:
  void Start(PeerPolicy policy) {
    acceptor_ = std::make_unique<Acceptor>(
        std::vector<Acceptor::Listener>{
            {socket_->fd(), Acceptor::Peers::kChecked}},
        std::move(policy), connections_.Take());
    ASSERT_TRUE(acceptor_->Start().ok());
  }
  int Connect() { return ConnectTo(path_); }

  SocketFolder folder_;
  const std::string path_ = folder_.path("s");
  std::unique_ptr<UnixSocket> socket_ =
      *UnixSocket::Listen(path_, std::nullopt);
  Connections connections_;
  std::unique_ptr<Acceptor> acceptor_;
};

TEST_F(AcceptorTest, HandsOnTheConnectionsOfItsOwnUser) {
  Start(RootAndSelf());
  const int client = Connect();
  connections_.WaitFor(1);
  EXPECT_EQ(acceptor_->counts().accepted, 1u);
  EXPECT_EQ(acceptor_->counts().open, 1u);
  close(client);
}

TEST_F(AcceptorTest, ClosesTheConnectionOfAUserThatIsNotAllowed) {
  Start({{kNobodysId}, std::nullopt});
  const int client = Connect();
  EXPECT_TRUE(EndsWithoutAByte(client));
  EXPECT_EQ(connections_.size(), 0u);
  WaitUntil([&] { return acceptor_->counts().refused_peer == 1; });
  EXPECT_EQ(acceptor_->counts().accepted, 0u);
  close(client);
}

TEST_F(AcceptorTest, ClosesTheConnectionOfAUserOutsideTheGroup) {
  Start({{kNobodysId}, kNobodysId});
  const int client = Connect();
  EXPECT_TRUE(EndsWithoutAByte(client));
  close(client);
}

TEST_F(AcceptorTest, HandsOnTheConnectionOfAMemberOfTheGroup) {
  Start({{kNobodysId}, getegid()});
  const int client = Connect();
  connections_.WaitFor(1);
  EXPECT_EQ(acceptor_->counts().accepted, 1u);
  close(client);
}

TEST_F(AcceptorTest, ClosesOneConnectionMoreThanItsBoundAndTakesTheNextOne) {
  Start(RootAndSelf());
  std::vector<int> clients;
  for (size_t i = 0; i < Acceptor::kMaxConnections; ++i) {
    clients.push_back(Connect());
  }
  connections_.WaitFor(Acceptor::kMaxConnections);
  const int refused = Connect();
  EXPECT_TRUE(EndsWithoutAByte(refused));
  close(refused);
  EXPECT_EQ(acceptor_->counts().open, Acceptor::kMaxConnections);

  close(clients.back());
  clients.pop_back();
  WaitUntil([&] {
    return acceptor_->counts().open == Acceptor::kMaxConnections - 1;
  });
  clients.push_back(Connect());
  connections_.WaitFor(Acceptor::kMaxConnections + 1);
  EXPECT_EQ(acceptor_->counts().refused_bound, 1u);
  for (const int client : clients) close(client);
}

TEST_F(AcceptorTest, ForgetsAConnectionThatItsOwnerHasEnded) {
  Start(RootAndSelf());
  const int client = Connect();
  connections_.WaitFor(1);
  connections_.CloseAll();
  EXPECT_TRUE(EndsWithoutAByte(client));
  WaitUntil([&] { return acceptor_->counts().open == 0; });
  EXPECT_EQ(acceptor_->counts().accepted, 1u);
  close(client);
}

TEST_F(AcceptorTest, LeavesConnectionsAloneWhenItStops) {
  Start(RootAndSelf());
  const int client = Connect();
  connections_.WaitFor(1);
  acceptor_->Stop();
  pollfd ended = {client, POLLRDHUP, 0};
  EXPECT_EQ(poll(&ended, 1, 0), 0);
  close(client);
}

TEST_F(AcceptorTest, AsksNobodyOnTcpWhoTheyAre) {
  const auto tcp = LoopbackSocket::Listen(0);
  ASSERT_TRUE(tcp.ok()) << tcp.status();
  ASSERT_GT((*tcp)->port(), 0);
  Acceptor acceptor({{(*tcp)->fd(), Acceptor::Peers::kAnybody}},
                    {{kNobodysId}, std::nullopt}, connections_.Take());
  ASSERT_TRUE(acceptor.Start().ok());
  const int client = ConnectToLoopback((*tcp)->port());
  ASSERT_GE(client, 0);
  connections_.WaitFor(1);
  EXPECT_EQ(acceptor.counts().accepted, 1u);
  close(client);
}

TEST(LoopbackSocketTest, SaysWhichPortItCannotHave) {
  const auto first = LoopbackSocket::Listen(0);
  ASSERT_TRUE(first.ok());
  const auto second = LoopbackSocket::Listen((*first)->port());
  EXPECT_EQ(second.status().message(),
            "127.0.0.1:" + std::to_string((*first)->port()) +
                ": cannot listen: Address already in use");
}

}  // namespace
}  // namespace mosaic::testing
