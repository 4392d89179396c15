#include "tests/support/flow_table_script.h"

#include <array>
#include <cstddef>
#include <unordered_map>

#include "dataplane/flow/flow_table.h"

namespace mosaic::testing {
namespace {

// How hashes of the script's keys fall.
enum class Spread : uint8_t {
  kOneChain,      // All alike: buckets, signatures, everything.
  kOneBucket,     // One chain, different signatures.
  kOneSignature,  // Different buckets, signatures alike.
  kWide,
};

uint64_t HashOf(uint8_t id, Spread spread) {
  const uint64_t mixed = (id + uint64_t{1}) * 0x9e3779b97f4a7c15;
  switch (spread) {
    case Spread::kOneChain:
      return 42;
    case Spread::kOneBucket:
      return mixed << 48 | 42;
    case Spread::kOneSignature:
      return mixed >> 40;
    case Spread::kWide:
      return mixed ^ mixed >> 32;
  }
  return 0;
}

FlowKey KeyOf(uint8_t id) {
  FlowKey key;
  key.protocol = 6;
  key.ip_version = 4;
  key.port[0] = id;
  return key;
}

class Play {
 public:
  Play(size_t capacity, Spread spread) : table_(capacity), spread_(spread) {}

  std::string Step(uint8_t operation, uint8_t id) {
    switch (operation % 4) {
      case 0:
      case 1:
        return InsertOrFind(id);
      case 2:
        return Erase(id);
      default:
        return Find(id);
    }
  }

  // Every flow that should be there is, and nothing else.
  std::string CheckAll() {
    for (size_t id = 0; id < 256; ++id) {
      const std::string wrong = Find(static_cast<uint8_t>(id));
      if (!wrong.empty()) return wrong;
    }
    size_t used = 0;
    for (uint32_t i = 0; i < table_.high_water(); ++i) used += table_.InUse(i);
    if (used != model_.size()) return "a walk meets another number of flows";
    return "";
  }

 private:
  std::string InsertOrFind(uint8_t id) {
    if (model_.count(id) > 0) return Find(id);
    const bool full = model_.size() == table_.capacity();
    Flow* const flow = table_.Insert(KeyOf(id), HashOf(id, spread_));
    if ((flow == nullptr) != full) return "full at another size";
    if (flow == nullptr) return "";
    if (flow->id != 0 || flow->subscription != nullptr) return "an unclear one";
    if (flow->generation <= generation_[table_.IndexOf(*flow)]) {
      return "the generation did not grow";
    }
    generation_[table_.IndexOf(*flow)] = flow->generation;
    flow->id = 1000u + id;
    model_[id] = flow;
    return table_.size() == model_.size() ? "" : "wrong size after Insert";
  }

  std::string Erase(uint8_t id) {
    const auto found = model_.find(id);
    if (found == model_.end()) return "";
    const uint64_t hash = HashOf(id, spread_);
    const uint32_t stale = table_.Candidate(hash);
    table_.Erase(*found->second, hash);
    model_.erase(found);
    // A candidate taken before the removal must not bring the flow back.
    if (table_.Find(KeyOf(id), hash, stale) != nullptr) return "found again";
    return table_.size() == model_.size() ? "" : "wrong size after Erase";
  }

  std::string Find(uint8_t id) {
    const uint64_t hash = HashOf(id, spread_);
    const auto expected = model_.find(id);
    Flow* const want = expected == model_.end() ? nullptr : expected->second;
    const uint32_t candidate = table_.Candidate(hash);
    if (table_.Find(KeyOf(id), hash, candidate) != want ||
        table_.Find(KeyOf(id), hash, FlowTable::kNoFlow) != want) {
      return "a look-up finds another flow";
    }
    if (want != nullptr && want->id != 1000u + id) return "a record moved";
    return "";
  }

  FlowTable table_;
  const Spread spread_;
  std::unordered_map<uint8_t, Flow*> model_;
  std::array<uint32_t, 256> generation_ = {};
};

}  // namespace

std::string PlayFlowTableScript(std::span<const uint8_t> script) {
  if (script.size() < 2) return "";
  const size_t capacity = size_t{1} + script[0];
  Play play(capacity, static_cast<Spread>(script[1] % 4));
  for (size_t i = 2; i + 1 < script.size(); i += 2) {
    const std::string wrong = play.Step(script[i], script[i + 1]);
    if (!wrong.empty()) {
      return "operation " + std::to_string(i / 2) + ": " + wrong;
    }
  }
  return play.CheckAll();
}

}  // namespace mosaic::testing
