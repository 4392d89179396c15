#include "control/replay/record_store.h"

#include <algorithm>
#include <iterator>

namespace mosaic {

bool RecordStore::Sink::Write(uint64_t order, std::span<const char> record) {
  if (keep_ == Keep::kAll) {
    records.emplace_back(order, std::string(record.begin(), record.end()));
  }
  return true;
}

RecordSink* RecordStore::SinkOf(const std::string& instance, size_t worker) {
  std::vector<std::unique_ptr<Sink>>& sinks = sinks_[instance];
  if (sinks.empty()) {
    for (size_t i = 0; i < workers_; ++i) {
      sinks.push_back(std::make_unique<Sink>(keep_));
    }
  }
  return sinks[worker].get();
}

std::vector<std::string> RecordStore::TakeAll(const std::string& instance) {
  std::vector<std::pair<uint64_t, std::string>> all;
  for (std::unique_ptr<Sink>& sink : sinks_[instance]) {
    std::ranges::move(sink->records, std::back_inserter(all));
    sink->records.clear();
  }
  std::ranges::stable_sort(all, {}, [](const auto& r) { return r.first; });
  std::vector<std::string> records;
  records.reserve(all.size());
  for (auto& [order, record] : all) records.push_back(std::move(record));
  return records;
}

}  // namespace mosaic
