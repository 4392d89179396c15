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
// Bounds      config::kMaxMonitors and kMaxNfInstances; answers to requests
//             with an id as RequestLog says.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "control/core/applier.h"
#include "control/core/apply_metrics.h"
#include "control/core/clock.h"
#include "control/core/config_draft.h"
#include "control/core/error.h"
#include "control/core/request_log.h"
#include "mosaic/v1/config_service.pb.h"
#include "mosaic/v1/monitor_service.pb.h"
#include "mosaic/v1/nf_service.pb.h"

namespace mosaic {

class ConfigStore {
 public:
  static constexpr int kDefaultPageSize = 100;
  static constexpr int kMaxPageSize = 1000;

  // Fills in what the server knows of an instance that runs: state,
  // state_message, counters. Called by reads, on their thread.
  using NfStatus = std::function<void(v1::NfInstance&)>;

  // All that is borrowed outlives the store. Nothing is stored, and no worker
  // has a configuration, before the first ApplyConfig().
  ConfigStore(Applier& applier, FilterCache& filters, Clock& clock,
              ApplyMetrics& metrics, NfStatus nf_status = {});
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
  // What the server keeps of a resource beside its content.
  struct Meta {
    std::string etag;
    absl::Time created;
    absl::Time updated;
  };
  // Everything that is stored. Immutable; each write replaces it as a whole.
  struct State {
    ConfigDraft content;
    std::map<std::string, Meta> meta;  // By resource name.
    uint64_t revision = 0;
    std::string etag;
  };
  using StatePointer = std::shared_ptr<const State>;
  // How a write is to be carried out.
  struct Terms {
    bool validate_only = false;
    v1::LiveFlows live_flows = v1::LIVE_FLOWS_UNSPECIFIED;
  };
  template <typename Request>
  static Terms TermsOf(const Request& request);

  StatePointer Current() const;

  // Runs `body` as the only write, or gives the answer of an earlier request
  // with the same id.
  template <typename Response, typename Request, typename Body>
  Result<Response> Write(const Request& request, const Body& body);
  void Count(const Error& error);

  // What all writes have in common; each REQUIRES writing_.
  MaybeError CheckEtag(const std::string& type, const std::string& name,
                       const std::string& etag) const;
  MaybeError CheckCandidate(const v1::Config& config,
                            const RequestPlaces& places);
  Result<v1::ApplyResult> Commit(ConfigDraft draft, const Terms& terms);
  StatePointer NewState(ConfigDraft draft, uint64_t revision) const;
  template <typename Resource, typename Response>
  Result<Response> Put(Resource resource, const Terms& terms);

  template <typename Resource, typename Response, typename Request>
  Result<Response> Create(const Request& request, const std::string& id);
  template <typename Resource, typename Response>
  Result<Response> Get(const std::string& name) const;
  template <typename Resource, typename Response, typename Request>
  Result<Response> List(const Request& request) const;
  template <typename Resource, typename Response, typename Request>
  Result<Response> Update(const Request& request);
  template <typename Resource, typename Response, typename Request>
  Result<Response> Delete(const Request& request);
  Result<v1::ApplyConfigResponse> ApplyDocument(
      const v1::ApplyConfigRequest& request);

  // `resource` with what the server sets, where `state` has it.
  template <typename Resource>
  Resource Dressed(const State& state, Resource resource) const;

  Applier& applier_;
  FilterCache& filters_;
  Clock& clock_;
  ApplyMetrics& metrics_;
  const NfStatus nf_status_;

  std::mutex writing_;   // Held for the whole of a write.
  RequestLog requests_;  // Guarded by writing_.

  mutable std::mutex state_mutex_;  // Held to copy or set the pointer only.
  StatePointer state_;
};

}  // namespace mosaic
