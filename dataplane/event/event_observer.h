// EventObserver hears the events of one worker's flows before the network
// functions do. It changes nothing: it gives no verdict, keeps no stream and no
// payload, and is not part of any flow's chain, so whether one listens shows
// neither in what functions are told nor in what is buffered.
//
// Scope       A flow's monitors say what may be seen of it: nothing of a side
//             that all of them have stopped but the end, and no NEW_DATA of a
//             side whose buffer is 0 with all of them; see
//             Subscription::observable.
// Threading   Calls come from the owner worker; `wanted` is written by one
//             other thread, at any time.
// Cost        An event that nobody wants costs one relaxed load, of a cache
//             line that is written only when somebody begins or ends to listen.

#pragma once

#include <atomic>
#include <cstdint>

#include "dataplane/api/event.h"
#include "dataplane/flow/flow.h"
#include "dataplane/parse/parsed_packet.h"

namespace mosaic {

class EventObserver {
 public:
  virtual ~EventObserver() = default;

  // One that never wants anything.
  static EventObserver& Nobody();

  // Which events are wanted; workers follow a change within an event.
  EventMask wanted() const {
    return EventMask::FromBits(wanted_.load(std::memory_order_relaxed));
  }
  void SetWanted(EventMask mask) {
    wanted_.store(mask.bits(), std::memory_order_relaxed);
  }

  // An event of a flow. NEW_DATA ends where the monitors' stop policies do. Of
  // a side whose bytes no function reads it tells what is new at the highest
  // offset seen: late bytes are not told, and a hole shows as a jump.
  virtual void OnEvent(const Event& event, const Flow& flow) = 0;

  // A packet outside flows: kOrphan, or kPacketIn of RAW monitors. `monitors`
  // are those that matched it, as bits by their number in the snapshot of
  // `revision`.
  virtual void OnPacket(const Event& event, const ParsedPacket& parsed,
                        uint64_t monitors, uint64_t revision) = 0;

 private:
  // Written by who listens, read by the worker.
  std::atomic<uint64_t> wanted_{0};
};

}  // namespace mosaic
