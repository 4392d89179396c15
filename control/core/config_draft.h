// ConfigDraft is a configuration while a write works on it: resources by name,
// without what the server sets. It becomes the configuration as a whole or is
// thrown away.

#pragma once

#include <map>
#include <string>
#include <type_traits>

#include "control/core/error.h"
#include "dataplane/filter/filter_cache.h"
#include "mosaic/v1/config_service.pb.h"

namespace mosaic {

// What tells the kinds of resources apart, and where messages have them.
template <typename Resource>
struct ResourceKind;
template <>
struct ResourceKind<v1::Monitor> {
  static constexpr char kCollection[] = "monitors";
  static constexpr char kField[] = "monitor";  // In requests and responses.
  static constexpr char kType[] = "mosaic.v1.Monitor";
  template <typename Message>
  static const v1::Monitor& Get(const Message& message) {
    return message.monitor();
  }
  template <typename Message>
  static v1::Monitor& Mutable(Message& message) {
    return *message.mutable_monitor();
  }
  template <typename Message>
  static bool Has(const Message& message) {
    return message.has_monitor();
  }
  template <typename Message>
  static v1::Monitor& Add(Message& message) {
    return *message.add_monitors();
  }
  template <typename Message>
  static auto& MutableAll(Message& message) {
    return *message.mutable_monitors();
  }
};
template <>
struct ResourceKind<v1::NfInstance> {
  static constexpr char kCollection[] = "nfInstances";
  static constexpr char kField[] = "nf_instance";  // In requests and responses.
  static constexpr char kType[] = "mosaic.v1.NfInstance";
  template <typename Message>
  static const v1::NfInstance& Get(const Message& message) {
    return message.nf_instance();
  }
  template <typename Message>
  static v1::NfInstance& Mutable(Message& message) {
    return *message.mutable_nf_instance();
  }
  template <typename Message>
  static bool Has(const Message& message) {
    return message.has_nf_instance();
  }
  template <typename Message>
  static v1::NfInstance& Add(Message& message) {
    return *message.add_nf_instances();
  }
  template <typename Message>
  static auto& MutableAll(Message& message) {
    return *message.mutable_nf_instances();
  }
};

struct ConfigDraft {
  std::map<std::string, v1::Monitor> monitors;
  std::map<std::string, v1::NfInstance> nf_instances;

  template <typename Resource>
  auto& Of() {
    if constexpr (std::is_same_v<Resource, v1::Monitor>) {
      return monitors;
    } else {
      return nf_instances;
    }
  }
  template <typename Resource>
  const auto& Of() const {
    return const_cast<ConfigDraft&>(*this).Of<Resource>();
  }

  // In order of the names.
  v1::Config ToConfig() const;
};

// Where the resources of a checked configuration stand in a request. A resource
// that is in `config` at or behind its `first` is the request's own.
struct RequestPlaces {
  int first_monitor = 0;
  int first_nf_instance = 0;
  // "config" where the request has a Config, whose paths are those of the
  // resources counted from the first one; else the field of the only resource.
  std::string path;
};

// The configuration that results from `document` in this mode: what stays of
// the stored one, then the document's resources as they are, so that a name
// that it has twice is found. Sets `places`.
v1::Config WithDocument(const ConfigDraft& stored, const v1::Config& document,
                        v1::ApplyMode mode, RequestPlaces& places);

// `config` without what the server sets. REQUIRES: its names are unique.
ConfigDraft DraftOf(const v1::Config& config);

// Checks `config` as a whole. Errors have paths as the caller wrote them, and
// name other resources by their names:
//   INVALID_ARGUMENT     a field is wrong
//   FAILED_PRECONDITION  a monitor names an instance that there is not
//   RESOURCE_EXHAUSTED   more resources than there may be
MaybeError CheckConfig(const v1::Config& config, const RequestPlaces& places,
                       FilterCache& filters);

// FAILED_PRECONDITION, with the monitors that name it, if some do.
MaybeError CheckUnreferenced(const ConfigDraft& draft,
                             const std::string& nf_instance);

}  // namespace mosaic
