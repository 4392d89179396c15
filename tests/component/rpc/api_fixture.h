// What the tests of the API share: a live engine behind a unix socket, stubs on
// a channel to it, and error details read back.

#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/channel.h"
#include "grpcpp/client_context.h"
#include "grpcpp/create_channel.h"
#include "grpcpp/security/credentials.h"
#include "gtest/gtest.h"
#include "mosaic/v1/config_service.grpc.pb.h"
#include "mosaic/v1/monitor_service.grpc.pb.h"
#include "mosaic/v1/nf_service.grpc.pb.h"
#include "mosaic/v1/observer_service.grpc.pb.h"
#include "mosaic/v1/system_service.grpc.pb.h"
#include "tests/support/live_engine.h"
#include "tests/support/socket_folder.h"

namespace mosaic::testing {

// The detail of type T, if the status has one.
template <typename T>
std::optional<T> DetailOf(const grpc::Status& status) {
  google::rpc::Status rich;
  if (!rich.ParseFromString(status.error_details())) return std::nullopt;
  T detail;
  for (const auto& any : rich.details()) {
    if (any.UnpackTo(&detail)) return detail;
  }
  return std::nullopt;
}

// ErrorInfo.reason, with its domain checked; empty without one.
inline std::string ReasonOf(const grpc::Status& status) {
  const auto info = DetailOf<google::rpc::ErrorInfo>(status);
  if (!info.has_value()) return "";
  EXPECT_EQ(info->domain(), "mosaic");
  return info->reason();
}

// The paths of BadRequest.
inline std::vector<std::string> FieldsOf(const grpc::Status& status) {
  std::vector<std::string> fields;
  const auto detail = DetailOf<google::rpc::BadRequest>(status);
  if (!detail.has_value()) return fields;
  for (const auto& violation : detail->field_violations()) {
    EXPECT_NE(violation.description(), "");
    fields.push_back(violation.field());
  }
  return fields;
}

// A context of a call that ends, whatever goes wrong.
class Context : public grpc::ClientContext {
 public:
  explicit Context(std::chrono::seconds timeout = std::chrono::seconds(20)) {
    set_deadline(std::chrono::system_clock::now() + timeout);
  }
};

inline v1::Monitor StreamMonitorNamed(const std::string& id) {
  v1::Monitor monitor;
  monitor.set_name("monitors/" + id);
  monitor.set_type(v1::MONITOR_TYPE_STREAM);
  return monitor;
}

class ApiTest : public ::testing::Test {
 protected:
  // One stream monitor, "monitors/all", and two workers.
  static LiveEngineSetup DefaultSetup() {
    LiveEngineSetup setup;
    *setup.config.add_monitors() = StreamMonitorNamed("all");
    return setup;
  }

  void Start(LiveEngineSetup setup) {
    setup.listen.socket_path = socket_path_;
    live_ = std::make_unique<LiveEngine>(std::move(setup));
    channel_ = NewChannel();
  }

  // A connection of its own.
  std::shared_ptr<grpc::Channel> NewChannel() {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(
        "unix:" + socket_path_, grpc::InsecureChannelCredentials(), arguments);
  }

  void Send(const std::vector<PacketBuilder>& packets) {
    for (const PacketBuilder& packet : packets) live_->Send(packet);
  }

  SocketFolder folder_;
  const std::string socket_path_ = folder_.path("api.sock");
  std::unique_ptr<LiveEngine> live_;
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace mosaic::testing
