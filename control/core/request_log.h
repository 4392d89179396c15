// RequestLog remembers the answers to requests with an id, so that a call whose
// answer was lost can be sent again and changes nothing.
//
// Bounds      `capacity` answers, each for `memory`; the oldest gives way.
// Threading   One thread at a time.

#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "control/core/error.h"
#include "google/protobuf/message.h"

namespace mosaic {

class RequestLog {
 public:
  RequestLog(size_t capacity, absl::Duration memory)
      : capacity_(capacity), memory_(memory) {}

  enum class Lookup : uint8_t {
    kNew,       // Not seen, or forgotten: carry the request out.
    kAnswered,  // `answer` is what the first one got: return it.
    kReused,    // Of another request: refuse it.
  };
  // `request` is the whole request. `answer` is set with kAnswered.
  Lookup Find(const std::string& id, const google::protobuf::Message& request,
              absl::Duration now, google::protobuf::Message& answer);

  // Remembers the answer. Only successes are remembered: what failed changed
  // nothing, and may be tried again. REQUIRES: Find() said kNew.
  void Add(const std::string& id, const google::protobuf::Message& request,
           const google::protobuf::Message& answer, absl::Duration now);

  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string request;  // Type and content.
    std::string answer;
    absl::Duration time;
  };
  void Forget(absl::Duration now);

  const size_t capacity_;
  const absl::Duration memory_;
  std::map<std::string, Entry> entries_;
  std::deque<std::string> order_;  // Ids of entries_, oldest first.
};

}  // namespace mosaic
