#include "control/core/config_store.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "control/config/field_checks.h"
#include "control/core/config_changes.h"
#include "control/core/content_digest.h"
#include "control/core/field_mask.h"
#include "control/core/page_token.h"
#include "control/core/wall_time.h"
#include "google/protobuf/util/message_differencer.h"

namespace mosaic {
namespace {

using google::protobuf::util::MessageDifferencer;

constexpr char kConfigType[] = "mosaic.v1.Config";

Error NotFound(const std::string& type, const std::string& name) {
  Error error{absl::StatusCode::kNotFound, error_reason::kNotFound,
              absl::StrCat("there is no ", config::Quoted(name))};
  error.resource = {type, name};
  return error;
}

MaybeError CheckRequestId(const std::string& id) {
  if (id.empty() || IsUuid(id)) return std::nullopt;
  return InvalidField("request_id",
                      absl::StrCat(config::Quoted(id),
                                   " is no UUID; allowed: empty, or as "
                                   "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"));
}

MaybeError CheckLiveFlows(v1::LiveFlows live_flows) {
  if (v1::LiveFlows_IsValid(live_flows)) return std::nullopt;
  return InvalidField("live_flows",
                      absl::StrCat(static_cast<int>(live_flows),
                                   " is no value of LiveFlows; allowed: KEEP, "
                                   "REEVALUATE"));
}

}  // namespace

ConfigStore::ConfigStore(Applier& applier, FilterCache& filters, Clock& clock,
                         ApplyMetrics& metrics, NfStatus nf_status)
    : applier_(applier),
      filters_(filters),
      clock_(clock),
      metrics_(metrics),
      nf_status_(std::move(nf_status)),
      requests_(RequestLog::Options()) {
  state_ = NewState(ConfigDraft(), 0);
}

ConfigStore::~ConfigStore() = default;

ConfigStore::StatePointer ConfigStore::Current() const {
  const std::lock_guard lock(state_mutex_);
  return state_;
}

template <typename Request>
ConfigStore::Terms ConfigStore::TermsOf(const Request& request) {
  Terms terms;
  terms.validate_only = request.validate_only();
  if constexpr (requires { request.live_flows(); }) {
    terms.live_flows = request.live_flows();
  }
  return terms;
}

void ConfigStore::Count(const Error& error) {
  switch (error.code) {
    case absl::StatusCode::kAborted:
      metrics_.Count(ApplyOutcome::kConflict);
      return;
    case absl::StatusCode::kDeadlineExceeded:
      metrics_.Count(ApplyOutcome::kTimeout);
      return;
    default:
      metrics_.Count(ApplyOutcome::kInvalid);
      return;
  }
}

template <typename Response, typename Request, typename Body>
Result<Response> ConfigStore::Write(const Request& request, const Body& body) {
  const std::lock_guard lock(writing_);
  if (auto error = CheckRequestId(request.request_id())) return *error;
  const Terms terms = TermsOf(request);
  if (auto error = CheckLiveFlows(terms.live_flows)) return *error;
  // A dry run changes nothing, so there is nothing to remember of it.
  const bool remembered = !request.request_id().empty() && !terms.validate_only;
  if (remembered) {
    Response answer;
    switch (requests_.Find(request.request_id(), request, clock_.Monotonic(),
                           answer)) {
      case RequestLog::Lookup::kAnswered:
        return answer;
      case RequestLog::Lookup::kReused: {
        Error error = InvalidField(
            "request_id", absl::StrCat(config::Quoted(request.request_id()),
                                       " was another request's; take a new "
                                       "one"));
        error.reason = error_reason::kRequestIdReused;
        return error;
      }
      case RequestLog::Lookup::kNew:
        break;
    }
  }
  Result<Response> answer = body(terms);
  if (!answer.ok()) {
    if (!terms.validate_only) Count(answer.error());
  } else if (remembered) {
    requests_.Add(request.request_id(), request, answer.value(),
                  clock_.Monotonic());
  }
  return answer;
}

MaybeError ConfigStore::CheckEtag(const std::string& type,
                                  const std::string& name,
                                  const std::string& etag) const {
  if (etag.empty()) return std::nullopt;
  const auto meta = state_->meta.find(name);
  if (meta != state_->meta.end() && meta->second.etag == etag) {
    return std::nullopt;
  }
  Error error{
      absl::StatusCode::kAborted, error_reason::kEtagMismatch,
      absl::StrCat(config::Quoted(name), " has another etag than ",
                   config::Quoted(etag), "; read it again and decide anew")};
  error.resource = {type, name};
  return error;
}

MaybeError ConfigStore::CheckCandidate(const v1::Config& config,
                                       const RequestPlaces& places) {
  const absl::Duration begin = clock_.Monotonic();
  MaybeError error = CheckConfig(config, places, filters_);
  metrics_.Record(ApplyPhase::kValidate,
                  absl::ToChronoNanoseconds(clock_.Monotonic() - begin));
  return error;
}

// Only the resources that changed get a new etag and update time. The digest
// alone would be the same again after a change there and back.
ConfigStore::StatePointer ConfigStore::NewState(ConfigDraft draft,
                                                uint64_t revision) const {
  auto next = std::make_shared<State>();
  const absl::Time now = clock_.Now();
  const auto add = [&](const auto& resources, const auto& before) {
    for (const auto& [name, resource] : resources) {
      const auto old = before.find(name);
      if (old == before.end()) {
        next->meta[name] = {"", now, now};
      } else {
        next->meta[name] = state_->meta.at(name);
        if (MessageDifferencer::Equals(old->second, resource)) continue;
        next->meta[name].updated = now;
      }
      next->meta[name].etag =
          absl::StrCat(ContentDigest(resource), "-", revision);
    }
  };
  const ConfigDraft none;
  const ConfigDraft& before = state_ == nullptr ? none : state_->content;
  add(draft.monitors, before.monitors);
  add(draft.nf_instances, before.nf_instances);
  next->etag = absl::StrCat(ContentDigest(draft.ToConfig()), "-", revision);
  next->revision = revision;
  next->content = std::move(draft);
  return next;
}

Result<v1::ApplyResult> ConfigStore::Commit(ConfigDraft draft,
                                            const Terms& terms) {
  const auto live_flows = terms.live_flows == v1::LIVE_FLOWS_REEVALUATE
                              ? Engine::LiveFlows::kReevaluate
                              : Engine::LiveFlows::kKeep;
  const bool same = applier_.revision() != 0 && draft == state_->content;
  v1::ApplyResult result;
  result.set_validated_only(terms.validate_only);
  if (same) {
    result.set_revision(applier_.revision());
    if (!terms.validate_only) {
      result.set_cores_applied(static_cast<uint32_t>(applier_.workers()));
      *result.mutable_apply_time() = ToProto(clock_.Now());
      metrics_.Count(ApplyOutcome::kOk);
    }
    return result;
  }
  const v1::Config config = draft.ToConfig();
  const Result<Applied> applied = terms.validate_only
                                      ? applier_.Check(config, live_flows)
                                      : applier_.Apply(config, live_flows);
  if (!applied.ok()) return applied.error();
  result.set_revision(applied.value().revision);
  result.set_live_flows_touched(applied.value().live_flows);
  if (terms.validate_only) return result;

  result.set_cores_applied(static_cast<uint32_t>(applied.value().workers));
  *result.mutable_quiesce_duration() = ToProto(applied.value().quiesce);
  *result.mutable_apply_time() = ToProto(applied.value().time);
  StatePointer next = NewState(std::move(draft), applied.value().revision);
  const std::lock_guard lock(state_mutex_);
  state_ = std::move(next);
  return result;
}

template <typename Resource>
Resource ConfigStore::Dressed(const State& state, Resource resource) const {
  const auto meta = state.meta.find(resource.name());
  if (meta == state.meta.end()) return resource;
  resource.set_etag(meta->second.etag);
  *resource.mutable_create_time() = ToProto(meta->second.created);
  *resource.mutable_update_time() = ToProto(meta->second.updated);
  if constexpr (std::is_same_v<Resource, v1::NfInstance>) {
    if (nf_status_) nf_status_(resource);
  }
  return resource;
}

template <typename Resource, typename Response>
Result<Response> ConfigStore::Put(Resource resource, const Terms& terms) {
  using Kind = ResourceKind<Resource>;
  ConfigDraft draft = state_->content;
  auto& resources = draft.Of<Resource>();
  resources.erase(resource.name());
  // The request's own comes last, so that what it has in common with another is
  // told of it.
  v1::Config candidate = draft.ToConfig();
  RequestPlaces places{candidate.monitors_size(), candidate.nf_instances_size(),
                       Kind::kField};
  Kind::Add(candidate) = resource;
  if (auto error = CheckCandidate(candidate, places)) return *error;

  resources[resource.name()] = resource;
  Result<v1::ApplyResult> result = Commit(std::move(draft), terms);
  if (!result.ok()) return result.error();
  Response response;
  Kind::Mutable(response) = terms.validate_only
                                ? std::move(resource)
                                : Dressed(*state_, std::move(resource));
  *response.mutable_result() = std::move(result).value();
  return response;
}

template <typename Resource, typename Response, typename Request>
Result<Response> ConfigStore::Create(const Request& request,
                                     const std::string& id) {
  using Kind = ResourceKind<Resource>;
  return Write<Response>(request, [&](const Terms& terms) -> Result<Response> {
    config::FieldChecks checks;
    checks.Id(absl::StrCat(Kind::kField, "_id"), id);
    if (!Kind::Has(request)) checks.Fail(Kind::kField, "required");
    const std::string name = absl::StrCat(Kind::kCollection, "/", id);
    Resource resource = Kind::Get(request);
    if (!resource.name().empty() && resource.name() != name) {
      checks.Fail(absl::StrCat(Kind::kField, ".name"),
                  absl::StrCat(config::Quoted(resource.name()), " is not ",
                               config::Quoted(name), "; leave it out"));
    }
    auto violations = checks.Take();
    if (!violations.empty()) return InvalidFields(std::move(violations));
    if (state_->content.Of<Resource>().count(name) > 0) {
      Error error{absl::StatusCode::kAlreadyExists,
                  error_reason::kAlreadyExists,
                  absl::StrCat(config::Quoted(name), " exists already")};
      error.resource = {Kind::kType, name};
      return error;
    }
    ClearServerSet(resource);
    resource.set_name(name);
    return Put<Resource, Response>(std::move(resource), terms);
  });
}

template <typename Resource, typename Response>
Result<Response> ConfigStore::Get(const std::string& name) const {
  using Kind = ResourceKind<Resource>;
  config::FieldChecks checks;
  checks.ResourceName("name", name, Kind::kCollection);
  auto violations = checks.Take();
  if (!violations.empty()) return InvalidFields(std::move(violations));
  const StatePointer state = Current();
  const auto& resources = state->content.Of<Resource>();
  const auto found = resources.find(name);
  if (found == resources.end()) return NotFound(Kind::kType, name);
  Response response;
  Kind::Mutable(response) = Dressed(*state, found->second);
  return response;
}

template <typename Resource, typename Response, typename Request>
Result<Response> ConfigStore::List(const Request& request) const {
  using Kind = ResourceKind<Resource>;
  const Result<size_t> size =
      PageSize(request.page_size(), kDefaultPageSize, kMaxPageSize);
  if (!size.ok()) return size.error();
  const StatePointer state = Current();
  const auto& resources = state->content.Of<Resource>();
  auto next = resources.begin();
  if (!request.page_token().empty()) {
    const auto last = ReadPageToken(Kind::kCollection, request.page_token());
    if (!last.has_value()) return InvalidPageToken();
    next = resources.upper_bound(*last);
  }
  Response response;
  std::string last;
  for (size_t i = 0; i < size.value() && next != resources.end(); ++i, ++next) {
    last = next->first;
    Kind::Add(response) = Dressed(*state, next->second);
  }
  if (next != resources.end()) {
    response.set_next_page_token(MakePageToken(Kind::kCollection, last));
  }
  return response;
}

template <typename Resource, typename Response, typename Request>
Result<Response> ConfigStore::Update(const Request& request) {
  using Kind = ResourceKind<Resource>;
  return Write<Response>(request, [&](const Terms& terms) -> Result<Response> {
    Resource given = Kind::Get(request);
    const std::string name = given.name();
    config::FieldChecks checks;
    if (!Kind::Has(request)) {
      checks.Fail(Kind::kField, "required");
    } else {
      checks.ResourceName(absl::StrCat(Kind::kField, ".name"), name,
                          Kind::kCollection);
    }
    auto violations = checks.Take();
    if (!violations.empty()) return InvalidFields(std::move(violations));
    const auto& resources = state_->content.Of<Resource>();
    const auto stored = resources.find(name);
    if (stored == resources.end() && !request.allow_missing()) {
      return NotFound(Kind::kType, name);
    }
    if (auto error = CheckEtag(Kind::kType, name, given.etag())) return *error;
    ClearServerSet(given);
    Resource resource;
    google::protobuf::FieldMask mask = request.update_mask();
    if (stored != resources.end()) {
      resource = stored->second;
    } else {
      mask.Clear();
    }
    if (auto error = ApplyMask(mask, "update_mask", given, resource)) {
      return *error;
    }
    ClearServerSet(resource);
    resource.set_name(name);
    return Put<Resource, Response>(std::move(resource), terms);
  });
}

template <typename Resource, typename Response, typename Request>
Result<Response> ConfigStore::Delete(const Request& request) {
  using Kind = ResourceKind<Resource>;
  return Write<Response>(request, [&](const Terms& terms) -> Result<Response> {
    config::FieldChecks checks;
    checks.ResourceName("name", request.name(), Kind::kCollection);
    auto violations = checks.Take();
    if (!violations.empty()) return InvalidFields(std::move(violations));
    ConfigDraft draft = state_->content;
    const bool exists = draft.Of<Resource>().count(request.name()) > 0;
    if (!exists && !request.allow_missing()) {
      return NotFound(Kind::kType, request.name());
    }
    if (auto error = CheckEtag(Kind::kType, request.name(), request.etag())) {
      return *error;
    }
    if constexpr (std::is_same_v<Resource, v1::NfInstance>) {
      if (auto error = CheckUnreferenced(draft, request.name())) return *error;
    }
    draft.Of<Resource>().erase(request.name());
    Result<v1::ApplyResult> result = Commit(std::move(draft), terms);
    if (!result.ok()) return result.error();
    Response response;
    *response.mutable_result() = std::move(result).value();
    return response;
  });
}

Result<v1::ApplyConfigResponse> ConfigStore::ApplyDocument(
    const v1::ApplyConfigRequest& request) {
  if (!request.has_config()) return InvalidField("config", "required");
  if (!v1::ApplyMode_IsValid(request.mode())) {
    return InvalidField("mode", absl::StrCat(static_cast<int>(request.mode()),
                                             " is no value of ApplyMode; "
                                             "allowed: REPLACE, MERGE"));
  }
  if (!request.etag().empty() && request.etag() != state_->etag) {
    Error error{absl::StatusCode::kAborted, error_reason::kEtagMismatch,
                "the configuration has another etag; read it again and decide "
                "anew"};
    error.resource = {kConfigType, "config"};
    return error;
  }
  RequestPlaces places;
  const v1::Config candidate =
      WithDocument(state_->content, request.config(), request.mode(), places);
  if (auto error = CheckCandidate(candidate, places)) return *error;
  for (const v1::Monitor& monitor : request.config().monitors()) {
    if (auto error = CheckEtag(ResourceKind<v1::Monitor>::kType, monitor.name(),
                               monitor.etag())) {
      return *error;
    }
  }
  for (const v1::NfInstance& instance : request.config().nf_instances()) {
    if (auto error = CheckEtag(ResourceKind<v1::NfInstance>::kType,
                               instance.name(), instance.etag())) {
      return *error;
    }
  }
  ConfigDraft draft = DraftOf(candidate);
  v1::ApplyConfigResponse response;
  *response.mutable_changes() = ChangesBetween(state_->content, draft);
  Result<v1::ApplyResult> result = Commit(std::move(draft), TermsOf(request));
  if (!result.ok()) return result.error();
  *response.mutable_result() = std::move(result).value();
  return response;
}

Result<v1::CreateMonitorResponse> ConfigStore::CreateMonitor(
    const v1::CreateMonitorRequest& request) {
  return Create<v1::Monitor, v1::CreateMonitorResponse>(request,
                                                        request.monitor_id());
}

Result<v1::GetMonitorResponse> ConfigStore::GetMonitor(
    const v1::GetMonitorRequest& request) const {
  return Get<v1::Monitor, v1::GetMonitorResponse>(request.name());
}

Result<v1::ListMonitorsResponse> ConfigStore::ListMonitors(
    const v1::ListMonitorsRequest& request) const {
  return List<v1::Monitor, v1::ListMonitorsResponse>(request);
}

Result<v1::UpdateMonitorResponse> ConfigStore::UpdateMonitor(
    const v1::UpdateMonitorRequest& request) {
  return Update<v1::Monitor, v1::UpdateMonitorResponse>(request);
}

Result<v1::DeleteMonitorResponse> ConfigStore::DeleteMonitor(
    const v1::DeleteMonitorRequest& request) {
  return Delete<v1::Monitor, v1::DeleteMonitorResponse>(request);
}

Result<v1::CreateNfInstanceResponse> ConfigStore::CreateNfInstance(
    const v1::CreateNfInstanceRequest& request) {
  return Create<v1::NfInstance, v1::CreateNfInstanceResponse>(
      request, request.nf_instance_id());
}

Result<v1::GetNfInstanceResponse> ConfigStore::GetNfInstance(
    const v1::GetNfInstanceRequest& request) const {
  return Get<v1::NfInstance, v1::GetNfInstanceResponse>(request.name());
}

Result<v1::ListNfInstancesResponse> ConfigStore::ListNfInstances(
    const v1::ListNfInstancesRequest& request) const {
  return List<v1::NfInstance, v1::ListNfInstancesResponse>(request);
}

Result<v1::UpdateNfInstanceResponse> ConfigStore::UpdateNfInstance(
    const v1::UpdateNfInstanceRequest& request) {
  return Update<v1::NfInstance, v1::UpdateNfInstanceResponse>(request);
}

Result<v1::DeleteNfInstanceResponse> ConfigStore::DeleteNfInstance(
    const v1::DeleteNfInstanceRequest& request) {
  return Delete<v1::NfInstance, v1::DeleteNfInstanceResponse>(request);
}

Result<v1::ApplyConfigResponse> ConfigStore::ApplyConfig(
    const v1::ApplyConfigRequest& request) {
  return Write<v1::ApplyConfigResponse>(
      request, [&](const Terms&) { return ApplyDocument(request); });
}

v1::GetConfigResponse ConfigStore::GetConfig() const {
  const StatePointer state = Current();
  v1::GetConfigResponse response;
  for (const auto& [name, monitor] : state->content.monitors) {
    *response.mutable_config()->add_monitors() = Dressed(*state, monitor);
  }
  for (const auto& [name, nf] : state->content.nf_instances) {
    *response.mutable_config()->add_nf_instances() = Dressed(*state, nf);
  }
  response.set_revision(applier_.revision());
  response.set_etag(state->etag);
  return response;
}

}  // namespace mosaic
