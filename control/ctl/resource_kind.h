// What differs between the kinds of resources, so that each verb is written
// once.

#pragma once

#include <string>

#include "mosaic/v1/monitor_service.pb.h"
#include "mosaic/v1/nf_service.pb.h"

namespace mosaic::ctl {

struct MonitorKind {
  using Resource = v1::Monitor;
  using GetRequest = v1::GetMonitorRequest;
  using GetResponse = v1::GetMonitorResponse;
  using ListRequest = v1::ListMonitorsRequest;
  using ListResponse = v1::ListMonitorsResponse;
  using CreateRequest = v1::CreateMonitorRequest;
  using CreateResponse = v1::CreateMonitorResponse;
  using UpdateRequest = v1::UpdateMonitorRequest;
  using UpdateResponse = v1::UpdateMonitorResponse;
  using DeleteRequest = v1::DeleteMonitorRequest;
  using DeleteResponse = v1::DeleteMonitorResponse;

  static constexpr const char* kCollection = "monitors";

  template <typename Message>
  static const Resource& Of(const Message& message) {
    return message.monitor();
  }
  template <typename Message>
  static Resource& In(Message& message) {
    return *message.mutable_monitor();
  }
  static auto& All(ListResponse& list) { return *list.mutable_monitors(); }
  static void SetId(CreateRequest& request, const std::string& id) {
    request.set_monitor_id(id);
  }
};

struct NfKind {
  using Resource = v1::NfInstance;
  using GetRequest = v1::GetNfInstanceRequest;
  using GetResponse = v1::GetNfInstanceResponse;
  using ListRequest = v1::ListNfInstancesRequest;
  using ListResponse = v1::ListNfInstancesResponse;
  using CreateRequest = v1::CreateNfInstanceRequest;
  using CreateResponse = v1::CreateNfInstanceResponse;
  using UpdateRequest = v1::UpdateNfInstanceRequest;
  using UpdateResponse = v1::UpdateNfInstanceResponse;
  using DeleteRequest = v1::DeleteNfInstanceRequest;
  using DeleteResponse = v1::DeleteNfInstanceResponse;

  static constexpr const char* kCollection = "nfInstances";

  template <typename Message>
  static const Resource& Of(const Message& message) {
    return message.nf_instance();
  }
  template <typename Message>
  static Resource& In(Message& message) {
    return *message.mutable_nf_instance();
  }
  static auto& All(ListResponse& list) { return *list.mutable_nf_instances(); }
  static void SetId(CreateRequest& request, const std::string& id) {
    request.set_nf_instance_id(id);
  }
};

}  // namespace mosaic::ctl
