#include "control/core/config_draft.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "control/config/validate.h"
#include "control/core/field_mask.h"

namespace mosaic {
namespace {

constexpr absl::string_view kTakenBy = " is taken by ";

FilterCache::Use UseOf(config::FilterKind kind) {
  return kind == config::FilterKind::kRaw ? FilterCache::Use::kFrames
                                          : FilterCache::Use::kStreams;
}

// Rewrites the validator's paths, which begin at Config, to the caller's.
class PathWriter {
 public:
  PathWriter(const v1::Config& config, const RequestPlaces& places)
      : config_(config), places_(places) {}

  config::Violation Rewrite(const config::Violation& violation) const {
    config::Violation out{RewritePath(violation.path), violation.message};
    const size_t at = out.message.find(kTakenBy.data());
    if (at != std::string::npos) {
      const size_t path = at + kTakenBy.size();
      out.message =
          out.message.substr(0, path) + RewritePath(out.message.substr(path));
    }
    return out;
  }

 private:
  // "monitors[3].client" -> "monitor.client", "config.monitors[1].client" or,
  // of a resource that is not the request's, "monitors/web.client".
  std::string RewritePath(const std::string& path) const {
    for (const bool is_monitor : {true, false}) {
      const std::string list = is_monitor ? "monitors" : "nf_instances";
      if (!absl::StartsWith(path, list + "[")) continue;
      const size_t close = path.find(']');
      int index = 0;
      if (close == std::string::npos ||
          !absl::SimpleAtoi(
              path.substr(list.size() + 1, close - list.size() - 1), &index)) {
        continue;
      }
      return ResourcePath(list, is_monitor, index) + path.substr(close + 1);
    }
    return config::FieldPath(places_.path, path);
  }

  std::string ResourcePath(const std::string& list, bool is_monitor,
                           int index) const {
    const int first =
        is_monitor ? places_.first_monitor : places_.first_nf_instance;
    if (index < first) {
      return is_monitor ? config_.monitors(index).name()
                        : config_.nf_instances(index).name();
    }
    if (places_.path != "config") return places_.path;
    return config::ElementPath(config::FieldPath(places_.path, list),
                               static_cast<size_t>(index - first));
  }

  const v1::Config& config_;
  const RequestPlaces& places_;
};

MaybeError CheckCount(int count, size_t max, const char* what) {
  if (static_cast<size_t>(count) <= max) return std::nullopt;
  Error error{
      absl::StatusCode::kResourceExhausted, error_reason::kTooMany,
      absl::StrCat(count, " ", what, "; at most ", max, " are allowed")};
  error.quotas.push_back({what, error.message});
  return error;
}

// The validator's paths of references to instances that are not there, each
// with the monitor's name and the instance's.
struct MissingReference {
  std::string path;
  std::string monitor;
  std::string nf_instance;
};
std::vector<MissingReference> MissingReferences(const v1::Config& config) {
  std::set<std::string> existing;
  for (const v1::NfInstance& instance : config.nf_instances()) {
    existing.insert(instance.name());
  }
  std::vector<MissingReference> missing;
  for (int i = 0; i < config.monitors_size(); ++i) {
    const v1::Monitor& monitor = config.monitors(i);
    const std::string list = config::FieldPath(
        config::ElementPath("monitors", static_cast<size_t>(i)),
        "nf_instances");
    for (int k = 0; k < monitor.nf_instances_size(); ++k) {
      if (existing.count(monitor.nf_instances(k)) > 0) continue;
      missing.push_back({config::ElementPath(list, static_cast<size_t>(k)),
                         monitor.name(), monitor.nf_instances(k)});
    }
  }
  return missing;
}

// An error if references to instances that are not there are all that is wrong.
MaybeError OnlyMissing(const v1::Config& config,
                       const std::vector<config::Violation>& violations,
                       const PathWriter& paths) {
  Error error{absl::StatusCode::kFailedPrecondition,
              error_reason::kMissingReference, ""};
  const std::vector<MissingReference> missing = MissingReferences(config);
  for (const config::Violation& violation : violations) {
    const auto found =
        std::ranges::find(missing, violation.path, &MissingReference::path);
    if (found == missing.end()) return std::nullopt;
    const config::Violation mine = paths.Rewrite(violation);
    error.fields.push_back(mine);
    error.preconditions.push_back(
        {error_reason::kMissingReference, found->nf_instance,
         absl::StrCat(found->monitor, " names it and it does not exist")});
    if (error.message.empty()) {
      error.message = absl::StrCat(mine.path, ": ", mine.message);
    }
  }
  return error;
}

// Returns where the document's resources begin.
template <typename Resource>
int AddWithDocument(
    const std::map<std::string, Resource>& stored,
    const google::protobuf::RepeatedPtrField<Resource>& document,
    v1::ApplyMode mode, google::protobuf::RepeatedPtrField<Resource>& to) {
  std::set<std::string> named;
  for (const Resource& resource : document) named.insert(resource.name());
  for (const auto& [name, resource] : stored) {
    if (mode == v1::APPLY_MODE_MERGE && named.count(name) == 0) {
      *to.Add() = resource;
    }
  }
  const int first = to.size();
  to.MergeFrom(document);
  return first;
}

}  // namespace

v1::Config WithDocument(const ConfigDraft& stored, const v1::Config& document,
                        v1::ApplyMode mode, RequestPlaces& places) {
  v1::Config config;
  places.path = "config";
  places.first_monitor = AddWithDocument(stored.monitors, document.monitors(),
                                         mode, *config.mutable_monitors());
  places.first_nf_instance =
      AddWithDocument(stored.nf_instances, document.nf_instances(), mode,
                      *config.mutable_nf_instances());
  return config;
}

ConfigDraft DraftOf(const v1::Config& config) {
  ConfigDraft draft;
  const auto take = [](auto resource, auto& to) {
    ClearServerSet(resource);
    const std::string name = resource.name();
    to[name] = std::move(resource);
  };
  for (const auto& monitor : config.monitors()) take(monitor, draft.monitors);
  for (const auto& nf : config.nf_instances()) take(nf, draft.nf_instances);
  return draft;
}

v1::Config ConfigDraft::ToConfig() const {
  v1::Config config;
  for (const auto& [name, monitor] : monitors) *config.add_monitors() = monitor;
  for (const auto& [name, nf] : nf_instances) *config.add_nf_instances() = nf;
  return config;
}

MaybeError CheckConfig(const v1::Config& config, const RequestPlaces& places,
                       FilterCache& filters) {
  if (auto error = CheckCount(config.monitors_size(), config::kMaxMonitors,
                              "monitors")) {
    return error;
  }
  if (auto error = CheckCount(config.nf_instances_size(),
                              config::kMaxNfInstances, "nf_instances")) {
    return error;
  }
  const std::vector<config::Violation> violations = config::Validate(
      config, "", [&](const std::string& expression, config::FilterKind kind) {
        return filters.Get(expression, UseOf(kind)).status();
      });
  if (violations.empty()) return std::nullopt;
  const PathWriter paths(config, places);
  if (auto error = OnlyMissing(config, violations, paths)) return error;
  std::vector<config::Violation> rewritten;
  for (const config::Violation& violation : violations) {
    rewritten.push_back(paths.Rewrite(violation));
  }
  return InvalidFields(std::move(rewritten));
}

MaybeError CheckUnreferenced(const ConfigDraft& draft,
                             const std::string& nf_instance) {
  std::vector<std::string> users;
  for (const auto& [name, monitor] : draft.monitors) {
    if (std::ranges::count(monitor.nf_instances(), nf_instance) > 0) {
      users.push_back(name);
    }
  }
  if (users.empty()) return std::nullopt;
  Error error{absl::StatusCode::kFailedPrecondition,
              error_reason::kStillReferenced,
              absl::StrCat(nf_instance, " is still named by ",
                           absl::StrJoin(users, ", "))};
  for (const std::string& user : users) {
    error.preconditions.push_back(
        {error_reason::kStillReferenced, user,
         absl::StrCat("take ", nf_instance, " out of its nf_instances")});
  }
  return error;
}

}  // namespace mosaic
