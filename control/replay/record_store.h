// RecordStore keeps the records that network functions write in a replay, and
// gives them back in the order of their flows.
//
// Memory      Grows with the records: a replay writes one for each flow. With
//             Keep::kNothing they are only counted.
// Threading   Each worker's sink on that worker; the rest when no worker runs.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/api/network_function.h"

namespace mosaic {

class RecordStore {
 public:
  enum class Keep : uint8_t { kAll, kNothing };

  RecordStore(size_t workers, Keep keep) : workers_(workers), keep_(keep) {}

  // The sink of `instance` on `worker`; lives as long as the store.
  RecordSink* SinkOf(const std::string& instance, size_t worker);

  // All records of `instance`, in the order of their flows; those of one flow
  // as they were written.
  std::vector<std::string> TakeAll(const std::string& instance);

 private:
  class Sink : public RecordSink {
   public:
    explicit Sink(Keep keep) : keep_(keep) {}
    bool Write(uint64_t order, std::span<const char> record) override;
    std::vector<std::pair<uint64_t, std::string>> records;

   private:
    const Keep keep_;
  };

  const size_t workers_;
  const Keep keep_;
  std::map<std::string, std::vector<std::unique_ptr<Sink>>> sinks_;
};

}  // namespace mosaic
