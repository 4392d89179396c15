#include "control/core/config_changes.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "control/core/field_mask.h"
#include "google/protobuf/util/message_differencer.h"

namespace mosaic {
namespace {

using google::protobuf::util::MessageDifferencer;

template <typename Resource>
void AddChanges(const std::map<std::string, Resource>& before,
                const std::map<std::string, Resource>& after,
                std::map<std::string, v1::Change>& changes) {
  for (const auto& [name, resource] : before) {
    if (after.count(name) == 0) {
      changes[name].set_kind(v1::CHANGE_KIND_DELETED);
    }
  }
  for (const auto& [name, resource] : after) {
    const auto old = before.find(name);
    if (old == before.end()) {
      changes[name].set_kind(v1::CHANGE_KIND_CREATED);
      continue;
    }
    if (MessageDifferencer::Equals(old->second, resource)) continue;
    v1::Change& change = changes[name];
    change.set_kind(v1::CHANGE_KIND_UPDATED);
    for (std::string& path : ChangedPaths(old->second, resource)) {
      change.add_paths(std::move(path));
    }
  }
}

template <typename Map>
bool SameContent(const Map& a, const Map& b) {
  return std::ranges::equal(a, b, [](const auto& x, const auto& y) {
    return x.first == y.first && MessageDifferencer::Equals(x.second, y.second);
  });
}

}  // namespace

google::protobuf::RepeatedPtrField<v1::Change> ChangesBetween(
    const ConfigDraft& before, const ConfigDraft& after) {
  std::map<std::string, v1::Change> by_name;
  AddChanges(before.monitors, after.monitors, by_name);
  AddChanges(before.nf_instances, after.nf_instances, by_name);
  google::protobuf::RepeatedPtrField<v1::Change> changes;
  for (auto& [name, change] : by_name) {
    change.set_name(name);
    *changes.Add() = std::move(change);
  }
  return changes;
}

bool operator==(const ConfigDraft& a, const ConfigDraft& b) {
  return SameContent(a.monitors, b.monitors) &&
         SameContent(a.nf_instances, b.nf_instances);
}

}  // namespace mosaic
