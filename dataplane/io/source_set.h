// SourceSet is several sources polled as one: the queues that one worker has of
// several ports.
//
// Ownership   Borrows the sources.
// Life        A worker whose source has ended ends too. A daemon's stay to
//             serve: its set stays active when all of its ports were captures
//             that have come to an end.
// Order       Each Receive() asks one source after the other, beginning behind
//             the one that gave packets last, and returns the first burst: no
//             port can keep another from being heard.

#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "dataplane/io/packet_source.h"

namespace mosaic {

class SourceSet : public PacketSource {
 public:
  enum class AtEnd { kEnd, kStayActive };

  // REQUIRES: `sources` is not empty and outlives the set.
  explicit SourceSet(std::vector<PacketSource*> sources,
                     AtEnd at_end = AtEnd::kEnd)
      : sources_(std::move(sources)), at_end_(at_end) {}

  size_t Receive(std::span<Packet> burst) override {
    for (size_t i = 0; i < sources_.size(); ++i) {
      PacketSource& source = *sources_[next_];
      next_ = (next_ + 1) % sources_.size();
      const size_t received = source.Receive(burst);
      if (received > 0) return received;
    }
    return 0;
  }

  // Ended when all of them have, unless the set is to stay active.
  State state() const override {
    if (at_end_ == AtEnd::kStayActive) return State::kActive;
    for (const PacketSource* source : sources_) {
      if (source->state() == State::kActive) return State::kActive;
    }
    return State::kEnded;
  }

 private:
  const std::vector<PacketSource*> sources_;
  const AtEnd at_end_;
  size_t next_ = 0;
};

}  // namespace mosaic
