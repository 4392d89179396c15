#include "control/core/request_log.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "control/core/content_digest.h"

namespace mosaic {
namespace {

std::string Identify(const google::protobuf::Message& request) {
  return absl::StrCat(request.GetTypeName(), " ", ContentDigest(request));
}

}  // namespace

void RequestLog::ForgetOldest() {
  const auto entry = entries_.find(order_.front());
  bytes_ -= entry->second.answer.size();
  entries_.erase(entry);
  order_.pop_front();
}

RequestLog::Lookup RequestLog::Find(const std::string& id,
                                    const google::protobuf::Message& request,
                                    absl::Duration now,
                                    google::protobuf::Message& answer) {
  while (!order_.empty() &&
         now - entries_.at(order_.front()).time >= options_.memory) {
    ForgetOldest();
  }
  const auto entry = entries_.find(id);
  if (entry == entries_.end()) return Lookup::kNew;
  if (entry->second.request != Identify(request) ||
      !answer.ParseFromString(entry->second.answer)) {
    return Lookup::kReused;
  }
  return Lookup::kAnswered;
}

void RequestLog::Add(const std::string& id,
                     const google::protobuf::Message& request,
                     const google::protobuf::Message& answer,
                     absl::Duration now) {
  Entry entry{Identify(request), answer.SerializeAsString(), now};
  if (entry.answer.size() > options_.max_bytes) return;
  bytes_ += entry.answer.size();
  entries_[id] = std::move(entry);
  order_.push_back(id);
  while (entries_.size() > options_.max_answers ||
         bytes_ > options_.max_bytes) {
    ForgetOldest();
  }
}

bool IsUuid(const std::string& id) {
  constexpr size_t kLength = 36;
  if (id.size() != kLength) return false;
  for (size_t i = 0; i < kLength; ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? id[i] != '-'
             : !absl::ascii_isxdigit(static_cast<unsigned char>(id[i]))) {
      return false;
    }
  }
  return true;
}

}  // namespace mosaic
