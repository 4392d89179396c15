#include "dataplane/mos/active_sockets.h"

#include "dataplane/base/check.h"

namespace mosaic::mos {

int ActiveSockets::Open(ListenerFunction& function, FlowHandle flow) {
  uint32_t index = 0;
  if (oldest_free_ != 0) {
    index = oldest_free_ - 1;
    oldest_free_ = entries_[index].next_free;
    if (oldest_free_ == 0) newest_free_ = 0;
  } else {
    MOSAIC_CHECK(unused_ < entries_.size());
    index = unused_++;
  }
  entries_[index] = {&function, flow, 0};
  ++open_;
  return kFirst + static_cast<int>(index);
}

void ActiveSockets::Close(int sock) {
  const auto index = static_cast<uint32_t>(sock - kFirst);
  entries_[index] = {};
  if (newest_free_ != 0) {
    entries_[newest_free_ - 1].next_free = index + 1;
  } else {
    oldest_free_ = index + 1;
  }
  newest_free_ = index + 1;
  --open_;
}

const ActiveSockets::Entry* ActiveSockets::Find(int sock) const {
  if (sock < kFirst || static_cast<uint32_t>(sock - kFirst) >= unused_) {
    return nullptr;
  }
  const Entry& entry = entries_[static_cast<size_t>(sock - kFirst)];
  return entry.function == nullptr ? nullptr : &entry;
}

}  // namespace mosaic::mos
