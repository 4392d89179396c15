#include "control/metrics/http_server.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <netinet/in.h>

#include <array>
#include <cstring>
#include <string_view>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace mosaic {
namespace {

constexpr size_t kMaxThreads = 64;

struct Response {
  int status = 200;
  const char* reason = "OK";
  const char* more_headers = "";  // Each ends with a line break.
  const char* content_type = "text/plain; charset=utf-8";
  std::string body;
};

Response Metrics(const HttpServer::Handlers& handlers) {
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = handlers.metrics();
  return response;
}

Response Verdict(const std::vector<std::string>& problems) {
  Response response;
  if (problems.empty()) {
    response.body = "ok\n";
    return response;
  }
  response.status = 503;
  response.reason = "Service Unavailable";
  response.body = absl::StrCat(absl::StrJoin(problems, "\n"), "\n");
  return response;
}

Response ResponseTo(std::string_view method, std::string_view path,
                    const HttpServer::Handlers& handlers) {
  const bool known =
      path == "/metrics" || path == "/healthz" || path == "/readyz";
  Response response;
  if (!known) {
    response.status = 404;
    response.reason = "Not Found";
    response.body = "there are /metrics, /healthz and /readyz\n";
  } else if (method != "GET" && method != "HEAD") {
    response.status = 405;
    response.reason = "Method Not Allowed";
    response.more_headers = "Allow: GET, HEAD\r\n";
    response.body = "this can only be read: GET or HEAD\n";
  } else if (path == "/metrics") {
    response = Metrics(handlers);
  } else {
    response = Verdict(path == "/healthz" ? handlers.health_problems()
                                          : handlers.readiness_problems());
  }
  return response;
}

// `address` as civetweb wants to listen on it; empty if it is no address.
std::string ListeningPort(const std::string& address, uint16_t port) {
  std::array<unsigned char, sizeof(in6_addr)> parsed;
  if (inet_pton(AF_INET, address.c_str(), parsed.data()) == 1) {
    return absl::StrCat(address, ":", port);
  }
  if (inet_pton(AF_INET6, address.c_str(), parsed.data()) == 1) {
    return absl::StrCat("[", address, "]:", port);
  }
  return std::string();
}

bool KnowsIpv6() { return mg_check_feature(MG_FEATURES_IPV6) != 0; }

absl::Status Check(const HttpServer::Config& config) {
  if (ListeningPort(config.address, config.port).empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("metrics address: \"", config.address,
                     "\" is no IP address, such as 127.0.0.1 or 0.0.0.0"));
  }
  if (config.address.find(':') != std::string::npos && !KnowsIpv6()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "metrics address: ", config.address,
        " is one of IPv6, which this system's civetweb is built without; use "
        "an IPv4 address, such as 127.0.0.1 or 0.0.0.0"));
  }
  if (config.threads < 1 || config.threads > kMaxThreads) {
    return absl::InvalidArgumentError(
        absl::StrCat("threads of the metrics server: ", config.threads,
                     " is not in [1, ", kMaxThreads, "]"));
  }
  if (config.request_timeout.count() <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("request timeout of the metrics server: ",
                     config.request_timeout.count(), "ms is not above 0"));
  }
  return absl::OkStatus();
}

// What civetweb has to say goes into the error of the start; later it has
// nothing to say but what peers did wrong.
int KeepSilent(const mg_connection*, const char*) { return 1; }

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(
    const Config& config, Handlers handlers) {
  if (const absl::Status status = Check(config); !status.ok()) return status;
  const std::string listen = ListeningPort(config.address, config.port);
  const std::string threads = absl::StrCat(config.threads);
  const std::string timeout = absl::StrCat(config.request_timeout.count());
  // A connection that is kept would keep a thread.
  const char* options[] = {"listening_ports",
                           listen.c_str(),
                           "num_threads",
                           threads.c_str(),
                           "connection_queue",
                           threads.c_str(),
                           "request_timeout_ms",
                           timeout.c_str(),
                           "enable_keep_alive",
                           "no",
                           nullptr};
  mg_callbacks callbacks = {};
  callbacks.begin_request = [](mg_connection* connection) {
    return OnRequest(connection, mg_get_user_data(mg_get_context(connection)));
  };
  callbacks.log_message = &KeepSilent;

  auto server = absl::WrapUnique(new HttpServer(std::move(handlers)));
  mg_init_library(0);
  mg_init_data init = {&callbacks, server.get(), options};
  unsigned code = 0;
  std::array<char, 256> text = {};
  mg_error_data error = {&code, text.data(), text.size()};
  errno = 0;
  server->context_ = mg_start2(&init, &error);
  if (server->context_ == nullptr) {
    return absl::UnavailableError(absl::StrCat(
        "metrics cannot be served on ", listen, ": ", text.data(),
        errno != 0 ? absl::StrCat(" (", std::strerror(errno), ")") : ""));
  }
  mg_server_port bound = {};
  if (mg_get_server_ports(server->context_, 1, &bound) == 1) {
    server->port_ = static_cast<uint16_t>(bound.port);
  }
  return server;
}

HttpServer::~HttpServer() {
  if (context_ != nullptr) mg_stop(context_);
  mg_exit_library();
}

int HttpServer::OnRequest(mg_connection* connection, void* server) {
  static_cast<const HttpServer*>(server)->Answer(connection);
  return 1;
}

void HttpServer::Answer(mg_connection* connection) const {
  const mg_request_info& request = *mg_get_request_info(connection);
  const std::string_view method = request.request_method;
  const Response response = ResponseTo(method, request.local_uri, handlers_);
  const std::string head =
      absl::StrCat("HTTP/1.1 ", response.status, " ", response.reason, "\r\n",
                   "Content-Type: ", response.content_type, "\r\n",
                   "Content-Length: ", response.body.size(), "\r\n",
                   response.more_headers, "Connection: close\r\n\r\n");
  mg_write(connection, head.data(), head.size());
  if (method != "HEAD") {
    mg_write(connection, response.body.data(), response.body.size());
  }
}

}  // namespace mosaic
