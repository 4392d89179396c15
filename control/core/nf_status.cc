#include "control/core/nf_status.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "nf/firewall/firewall.h"
#include "nf/registry.h"

namespace mosaic {
namespace {

// Sums over all workers, in the order in which they were first added.
class CounterSums {
 public:
  void Add(std::string name, std::string label, uint64_t value) {
    const auto key = std::pair(std::move(name), std::move(label));
    const auto [place, is_new] = places_.emplace(key, sums_.size());
    if (is_new) sums_.emplace_back(key, 0);
    sums_[place->second].second += value;
  }
  void WriteTo(v1::NfInstance& instance) const {
    for (const auto& [key, value] : sums_) {
      v1::NfCounterValue& counter = *instance.add_counters();
      counter.set_name(key.first);
      counter.set_label(key.second);
      counter.set_value(value);
    }
  }

 private:
  using Key = std::pair<std::string, std::string>;
  std::map<Key, size_t> places_;
  std::vector<std::pair<Key, uint64_t>> sums_;
};

// What each rule decided. The function knows rules by the order in which they
// are asked, as BuildSnapshot() made it.
void AddRuleHits(const v1::FirewallConfig& config, const Firewall& firewall,
                 CounterSums& sums) {
  std::vector<const v1::FirewallRule*> order;
  for (const v1::FirewallRule& rule : config.rules()) order.push_back(&rule);
  std::ranges::stable_sort(order, {},
                           [](const auto* rule) { return rule->priority(); });
  for (size_t i = 0; i < order.size(); ++i) {
    sums.Add("hits", order[i]->id(), firewall.hits(i).packets.Read());
  }
  sums.Add("default_action_hits", "",
           firewall.hits(order.size()).packets.Read());
}

}  // namespace

void FillNfStatus(const Engine& engine, v1::NfInstance& instance) {
  CounterSums sums;
  std::vector<std::string> failures;
  bool runs = false;
  for (size_t worker = 0; worker < engine.worker_count(); ++worker) {
    for (const auto& slot : engine.NfSlots(worker)) {
      if (slot->name != instance.name()) continue;
      runs = true;
      const uint64_t faults = slot->faults.Read();
      sums.Add("faults", "", faults);
      if (slot->detached()) {
        failures.push_back(
            absl::StrCat("worker ", worker, " after ", faults, " faults"));
      }
      for (const NfCounter& counter : slot->nf->counters()) {
        sums.Add(std::string(counter.name), "", counter.value->Read());
      }
      const auto* firewall = dynamic_cast<const Firewall*>(slot->nf.get());
      if (firewall != nullptr && instance.has_firewall()) {
        AddRuleHits(instance.firewall(), *firewall, sums);
      }
    }
  }
  if (!runs) return;
  instance.set_state(failures.empty() ? v1::NF_STATE_RUNNING
                                      : v1::NF_STATE_FAILED);
  if (!failures.empty()) {
    instance.set_state_message(
        absl::StrCat("detached on ", absl::StrJoin(failures, ", ")));
  }
  instance.clear_counters();
  sums.WriteTo(instance);
}

v1::ListNfTypesResponse ListNfTypes() {
  const std::map<std::string, std::string> descriptions = {
      {"firewall", "Allows or drops flows by ordered rules."},
      {"flow_log", "Writes one record for each flow that has ended."}};
  v1::ListNfTypesResponse response;
  for (std::string_view name : NetworkFunctionTypes()) {
    const auto known = descriptions.find(std::string(name));
    v1::NfType& type = *response.add_types();
    type.set_name(std::string(name));
    if (known != descriptions.end()) type.set_description(known->second);
  }
  return response;
}

}  // namespace mosaic
