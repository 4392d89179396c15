// ConfigStore holds the run-time configuration: monitors and network functions
// by name. Every write of the API goes through it and takes effect on the
// workers before it returns, as a whole or not at all.
//
// Writes      Serialised. Each makes a candidate of the whole configuration,
//             validates it, applies it, and only then stores it. Where the
//             candidate equals what runs, no revision is made.
// Reads       See the state before or after a write, never wait for one that is
//             in progress.
// Etags       Digest of a resource's content with the revision of its last
//             change, so that they differ when it is changed there and back.
// Threading   Any thread.
// Bounds      config::kMaxMonitors and kMaxNfInstances; kMaxRequests answers
//             are kept for request_ids, each for kRequestMemory.

#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "control/core/applier.h"
#include "control/core/clock.h"
#include "control/core/error.h"
#include "control/core/request_log.h"
#include "mosaic/v1/config_service.pb.h"
#include "mosaic/v1/monitor_service.pb.h"
#include "mosaic/v1/nf_service.pb.h"

namespace mosaic {

class ConfigStore {
 public:
  static constexpr size_t kMaxRequests = 1024;
  static constexpr absl::Duration kRequestMemory = absl::Minutes(10);
  static constexpr int kDefaultPageSize = 100;
  static constexpr int kMaxPageSize = 1000;

  // Fills in what the server knows of a running instance: state, state_message,
  // counters. Called by reads, on their thread.
  using NfStatus = std::function<void(v1::NfInstance&)>;

  // All that is borrowed outlives the store. Empty until the first ApplyConfig.
  ConfigStore(Applier& applier, FilterCache& filters, Clock& clock,
              NfStatus nf_status = {});
  ~ConfigStore();

  ConfigStore(const ConfigStore&) = delete;
  ConfigStore& operator=(const ConfigStore&) = delete;

  // Each is the method of its name; see proto/mosaic/v1 for what it does and
  // error.h for how failures are told.
  Result<v1::CreateMonitorResponse> CreateMonitor(
      const v1::CreateMonitorRequest& request);
  Result<v1::GetMonitorResponse> GetMonitor(
      const v1::GetMonitorRequest& request) const;
  Result<v1::ListMonitorsResponse> ListMonitors(
      const v1::ListMonitorsRequest& request) const;
  Result<v1::UpdateMonitorResponse> UpdateMonitor(
      const v1::UpdateMonitorRequest& request);
  Result<v1::DeleteMonitorResponse> DeleteMonitor(
      const v1::DeleteMonitorRequest& request);

  Result<v1::CreateNfInstanceResponse> CreateNfInstance(
      const v1::CreateNfInstanceRequest& request);
  Result<v1::GetNfInstanceResponse> GetNfInstance(
      const v1::GetNfInstanceRequest& request) const;
  Result<v1::ListNfInstancesResponse> ListNfInstances(
      const v1::ListNfInstancesRequest& request) const;
  Result<v1::UpdateNfInstanceResponse> UpdateNfInstance(
      const v1::UpdateNfInstanceRequest& request);
  Result<v1::DeleteNfInstanceResponse> DeleteNfInstance(
      const v1::DeleteNfInstanceRequest& request);

  // The configuration of the files goes in by this one, too.
  Result<v1::ApplyConfigResponse> ApplyConfig(
      const v1::ApplyConfigRequest& request);
  v1::GetConfigResponse GetConfig() const;

 private:
  // Everything that is stored; immutable, replaced as a whole by each write.
  struct State;
  class Writer;

  std::shared_ptr<const State> Current() const;

  Applier& applier_;
  FilterCache& filters_;
  Clock& clock_;
  const NfStatus nf_status_;

  std::mutex writing_;   // Held for the whole of a write.
  RequestLog requests_;  // Guarded by writing_.

  mutable std::mutex state_mutex_;  // Held to copy or swap the pointer only.
  std::shared_ptr<const State> state_;
};

}  // namespace mosaic
