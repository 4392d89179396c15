// RequestLog remembers the answers to requests with an id, so that a call whose
// answer was lost can be sent again and changes nothing.
//
// Bounds      Options: so many answers of so many bytes together, each for so
//             long; the oldest gives way.
// Threading   One thread at a time.

#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "google/protobuf/message.h"

namespace mosaic {

class RequestLog {
 public:
  struct Options {
    size_t max_answers = 1024;
    size_t max_bytes = 16 << 20;
    absl::Duration memory = absl::Minutes(10);
  };
  explicit RequestLog(Options options) : options_(options) {}

  enum class Lookup : uint8_t {
    kNew,       // Not seen, or forgotten: carry the request out.
    kAnswered,  // `answer` is what the first one got: return it.
    kReused,    // The id was another request's: refuse it.
  };
  // `request` is the whole request, `now` of a clock that never goes back.
  // Sets `answer` with kAnswered only.
  Lookup Find(const std::string& id, const google::protobuf::Message& request,
              absl::Duration now, google::protobuf::Message& answer);

  // Remembers an answer. Only successes are: what failed changed nothing and
  // may be tried again. REQUIRES: Find() said kNew.
  void Add(const std::string& id, const google::protobuf::Message& request,
           const google::protobuf::Message& answer, absl::Duration now);

  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string request;  // Type and digest.
    std::string answer;
    absl::Duration time;
  };
  void ForgetOldest();

  const Options options_;
  std::map<std::string, Entry> entries_;
  std::deque<std::string> order_;  // Ids of entries_, oldest first.
  size_t bytes_ = 0;               // Of all answers.
};

// Whether `id` is a UUID in its textual form (RFC 9562, section 4).
bool IsUuid(const std::string& id);

}  // namespace mosaic
