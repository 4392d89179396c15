// VectorSource gives a worker the packets of a vector, once or for ever. They
// have no owner: the source outlives them.

#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/io/packet_source.h"
#include "tests/support/packet_builder.h"
#include "tests/support/traffic_mix.h"

namespace mosaic::testing {

class VectorSource : public PacketSource {
 public:
  enum class Repeat : uint8_t { kOnce, kForEver };

  explicit VectorSource(const std::vector<TimedPacket>& packets,
                        Repeat repeat = Repeat::kOnce)
      : repeat_(repeat) {
    for (const TimedPacket& packet : packets) {
      frames_.push_back(packet.packet.Build());
      times_.push_back(packet.time);
    }
  }

  size_t Receive(std::span<Packet> burst) override {
    size_t count = 0;
    for (; count < burst.size(); ++count) {
      if (next_ == frames_.size()) {
        if (repeat_ == Repeat::kOnce) break;
        next_ = 0;
      }
      clock_ = std::max(clock_, times_[next_]);
      Packet& packet = burst[count];
      packet = Packet();
      packet.data = frames_[next_].data();
      packet.length = static_cast<uint32_t>(frames_[next_].size());
      packet.wire_length = packet.length;
      packet.time = times_[next_];
      packet.clock = clock_;
      packet.index = index_++;
      ++next_;
    }
    return count;
  }
  State state() const override {
    return next_ == frames_.size() && repeat_ == Repeat::kOnce ? State::kEnded
                                                               : State::kActive;
  }

 private:
  const Repeat repeat_;
  std::vector<PacketBuilder::Bytes> frames_;
  std::vector<Timestamp> times_;
  size_t next_ = 0;
  uint64_t index_ = 0;
  Timestamp clock_;
};

}  // namespace mosaic::testing
