// RareStates lends flows what they need when something unusual happens to their
// connection (tcp/tcp_rare.h), and keeps the payload of segments that their
// receiver may have refused.
//
// Bounds      One state for each 8 flows of the table, and 64 more;
//             WorkerLimits::held_segments segments of 2 KiB. Beyond them flows
//             go without, which is counted: rare_states_full,
//             held_segments_full.
// Account     A held byte is pending; it leaves by Settle() of its deliverer or
//             as refused.
// Memory      Address space, resident as it is used.
// Threading   Owner worker only.

#pragma once

#include <cstdint>
#include <span>

#include "dataplane/base/bounded_pool.h"
#include "dataplane/flow/flow.h"
#include "dataplane/stats/core_counters.h"
#include "dataplane/tcp/tcp_rare.h"

namespace mosaic {

class RareStates {
 public:
  RareStates(size_t flows, size_t held_segments, CoreCounters& counters)
      : states_(StatesFor(flows)),
        segments_(held_segments),
        counters_(counters) {}

  // How many flows at once may have one.
  static constexpr size_t StatesFor(size_t flows) { return flows / 8 + 64; }

  // The flow's state, lent now if it has none; null if there is no more.
  TcpRare* Of(Flow& flow);

  // Keeps `payload`, which `sender` sent from stream offset `offset` on, in the
  // order of offsets. Counts its bytes into the account.
  void Hold(Flow& flow, Side sender, uint64_t offset,
            std::span<const uint8_t> payload, HeldSegment::Kind kind);

  // Takes the first held segment of `sender` out of the flow and off the
  // pending bytes; the caller accounts for it and gives it back. Null if none
  // begins below `below`.
  HeldSegment* TakeFirst(Flow& flow, Side sender, uint64_t below);
  void Give(HeldSegment* segment) { segments_.Give(segment); }

  // Refuses what is held of `sender`.
  void Drop(Flow& flow, Side sender);

  // Takes the flow's state back and refuses all that is held. Nothing happens
  // without one.
  void Release(Flow& flow) {
    if (flow.rare_state != nullptr) ReleaseSlow(flow);
  }

  size_t lent() const { return states_.lent() + segments_.lent(); }

 private:
  void ReleaseSlow(Flow& flow);
  void Refuse(Flow& flow, Side sender, uint64_t bytes);

  BoundedPool<TcpRare> states_;
  BoundedPool<HeldSegment> segments_;
  CoreCounters& counters_;
};

}  // namespace mosaic
