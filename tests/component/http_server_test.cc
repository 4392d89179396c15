// The HTTP server on loopback, asked by plain sockets.

#include "control/metrics/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class Connection {
 public:
  explicit Connection(uint16_t port)
      : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to = {};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ =
        connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
  }
  ~Connection() { close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool connected() const { return connected_; }
  void Send(const std::string& text) {
    EXPECT_EQ(send(socket_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  // Until the server closes.
  std::string Receive() {
    std::string text;
    char bytes[4096];
    for (ssize_t n; (n = recv(socket_, bytes, sizeof bytes, 0)) > 0;) {
      text.append(bytes, static_cast<size_t>(n));
    }
    return text;
  }

 private:
  const int socket_;
  bool connected_ = false;
};

std::string Ask(uint16_t port, const std::string& line) {
  Connection connection(port);
  EXPECT_TRUE(connection.connected());
  connection.Send(line + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  return connection.Receive();
}

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServer::Handlers Handlers() {
    HttpServer::Handlers handlers;
    handlers.metrics = [this] {
      ++scrapes_;
      return std::string("m_total 1\n");
    };
    handlers.health_problems = [] { return std::vector<std::string>(); };
    handlers.readiness_problems = [this] {
      return ready_ ? std::vector<std::string>()
                    : std::vector<std::string>{"port wan is down", "draining"};
    };
    return handlers;
  }
  std::unique_ptr<HttpServer> Started(HttpServer::Config config = {}) {
    config.port = 0;
    absl::StatusOr<std::unique_ptr<HttpServer>> server =
        HttpServer::Start(config, Handlers());
    EXPECT_TRUE(server.ok()) << server.status();
    return *std::move(server);
  }

  std::atomic<int> scrapes_{0};
  std::atomic<bool> ready_{true};
};

TEST_F(HttpServerTest, MetricsAreServedAsPrometheusText) {
  const auto server = Started();
  ASSERT_NE(server->port(), 0);
  EXPECT_THAT(Ask(server->port(), "GET /metrics"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"),
                    HasSubstr("Content-Type: text/plain; version=0.0.4"),
                    HasSubstr("Content-Length: 10\r\n"),
                    EndsWith("\r\n\r\nm_total 1\n")));
  EXPECT_EQ(scrapes_, 1);
}

TEST_F(HttpServerTest, ReadinessFollowsItsCauseAndSaysIt) {
  const auto server = Started();
  EXPECT_THAT(Ask(server->port(), "GET /readyz"),
              AllOf(StartsWith("HTTP/1.1 200"), EndsWith("\r\n\r\nok\n")));
  ready_ = false;
  EXPECT_THAT(Ask(server->port(), "GET /readyz"),
              AllOf(StartsWith("HTTP/1.1 503"),
                    EndsWith("\r\n\r\nport wan is down\ndraining\n")));
  EXPECT_THAT(Ask(server->port(), "GET /healthz"), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, HeadHasNoBody) {
  const auto server = Started();
  EXPECT_THAT(Ask(server->port(), "HEAD /healthz"),
              AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("Content-Length: 3"),
                    EndsWith("\r\n\r\n")));
}

TEST_F(HttpServerTest, OtherPathsAreNotFoundAndOtherMethodsNotAllowed) {
  const auto server = Started();
  for (const char* path :
       {"/", "/metrics/", "/metricsx", "/etc/passwd", "/../etc/passwd"}) {
    EXPECT_THAT(Ask(server->port(), std::string("GET ") + path),
                StartsWith("HTTP/1.1 404"))
        << path;
  }
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
    EXPECT_THAT(
        Ask(server->port(), std::string(method) + " /metrics"),
        AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("Allow: GET, HEAD")))
        << method;
  }
  EXPECT_EQ(scrapes_, 0);
}

TEST_F(HttpServerTest, ARequestThatNeverEndsIsGivenUp) {
  HttpServer::Config config;
  config.threads = 1;
  config.request_timeout = std::chrono::milliseconds(100);
  const auto server = Started(config);
  Connection slow(server->port());
  slow.Send("GET /metrics HTTP/1.1\r\nHost:");
  EXPECT_THAT(Ask(server->port(), "GET /healthz"), StartsWith("HTTP/1.1 200"))
      << "the only thread is free again";
}

TEST_F(HttpServerTest, ManyAskAtTheSameTime) {
  const auto server = Started();
  std::vector<std::thread> askers;
  for (int i = 0; i < 8; ++i) {
    askers.emplace_back([&] {
      for (int j = 0; j < 20; ++j) {
        EXPECT_THAT(Ask(server->port(), "GET /metrics"),
                    EndsWith("m_total 1\n"));
      }
    });
  }
  for (std::thread& asker : askers) asker.join();
  EXPECT_EQ(scrapes_, 160);
}

TEST_F(HttpServerTest, AnAddressThatIsTakenIsAnErrorThatNamesIt) {
  const auto server = Started();
  HttpServer::Config config;
  config.port = server->port();
  const auto second = HttpServer::Start(config, Handlers());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()),
              AllOf(HasSubstr("127.0.0.1:" + std::to_string(server->port())),
                    HasSubstr("in use")));
}

TEST_F(HttpServerTest, BadConfigurationIsRefusedWithWhatIsAllowed) {
  HttpServer::Config config;
  config.address = "localhost";
  EXPECT_THAT(
      std::string(HttpServer::Start(config, Handlers()).status().message()),
      AllOf(HasSubstr("\"localhost\""), HasSubstr("127.0.0.1")));
  config = {};
  config.threads = 65;
  EXPECT_THAT(
      std::string(HttpServer::Start(config, Handlers()).status().message()),
      HasSubstr("65 is not in [1, 64]"));
  config = {};
  config.request_timeout = std::chrono::milliseconds(0);
  EXPECT_EQ(HttpServer::Start(config, Handlers()).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(HttpServerTest, AnIpv6AddressIsListenedOnOrRefusedWithTheReason) {
  HttpServer::Config config;
  config.address = "::1";
  config.port = 0;
  const auto server = HttpServer::Start(config, Handlers());
  if (server.ok()) {
    EXPECT_NE((*server)->port(), 0);
  } else {
    EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(server.status().message()), HasSubstr("IPv6"));
  }
}

}  // namespace
}  // namespace mosaic
