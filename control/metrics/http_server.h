// HttpServer answers Prometheus and whoever asks after Mosaic's health:
//
//   GET /metrics   200, the metrics as text
//   GET /healthz   200 "ok"; 503 with a reason a line
//   GET /readyz    the same
//
// HEAD is answered like GET without a body; any other method with 405, any
// other path with 404. Nothing of the request but its method and path is looked
// at.
//
// Bounds      Config::threads connections are served at once; as many again
//             wait, then the kernel's queue fills. A request that is not
//             complete after Config::request_timeout ends its connection.
// Threading   Start() and the destructor on one thread. Handlers are called on
//             threads of the server, several at the same time.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

struct mg_connection;
struct mg_context;

namespace mosaic {

class HttpServer {
 public:
  struct Config {
    // No host name. IPv6 only where civetweb is built with it, which Debian
    // 12's is not.
    std::string address = "127.0.0.1";
    uint16_t port = 9464;  // 0: any that is free.
    size_t threads = 4;    // 1 to 64.
    std::chrono::milliseconds request_timeout{5000};
  };

  struct Handlers {
    std::function<std::string()> metrics;
    // What is wrong, a line each; empty: nothing.
    std::function<std::vector<std::string>()> health_problems;
    std::function<std::vector<std::string>()> readiness_problems;
  };

  // Listens when it returns. INVALID_ARGUMENT for a bad config; UNAVAILABLE
  // with the address and the system's reason if it cannot be listened on.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const Config& config,
                                                           Handlers handlers);

  // Ends open connections; waits for handlers that run.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // The port it listens on.
  uint16_t port() const { return port_; }

 private:
  explicit HttpServer(Handlers handlers) : handlers_(std::move(handlers)) {}

  static int OnRequest(mg_connection* connection, void* server);
  void Answer(mg_connection* connection) const;

  const Handlers handlers_;
  mg_context* context_ = nullptr;
  uint16_t port_ = 0;
};

}  // namespace mosaic
