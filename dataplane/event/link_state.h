// LinkState is what one network function has on one flow beside its context:
// its pointer, where it reads, what it set, its timers. Most flows have none; a
// flow gets one for a function when that is first needed.
//
// Memory      Address space for kMaxLinks of each flow, resident as they are
//             used, so that Take() never fails.
// Threading   Owner worker only.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "dataplane/base/lazy_array.h"
#include "dataplane/base/side.h"
#include "dataplane/event/subscription.h"
#include "dataplane/flow/flow.h"
#include "dataplane/stream/overlap_policy.h"

namespace mosaic {

struct LinkState {
  void* user = nullptr;
  std::array<uint64_t, kSides> read_offset = {};
  // What the function set for the side, instead of its monitors' policy.
  std::array<uint32_t, kSides> buffer_bytes = {};
  std::array<OverlapPolicy, kSides> overlap = {};
  std::array<bool, kSides> has_buffer = {};
  std::array<bool, kSides> has_overlap = {};
  uint8_t link = 0;          // ChainLink::number.
  uint32_t first_timer = 0;  // FunctionTimers' own: number + 1; 0: none.
  uint32_t next = 0;         // Of the flow, number + 1; 0: none.
};

class LinkStatePool {
 public:
  explicit LinkStatePool(size_t flows);

  // Address space of one for so many.
  static size_t BytesFor(size_t flows);

  // The state of link `link` on `flow`; null if it has none.
  LinkState* Find(const Flow& flow, uint8_t link) const {
    uint32_t at = flow.link_states;
    while (at != 0 && states_[at - 1].link != link) at = states_[at - 1].next;
    return at == 0 ? nullptr : &states_[at - 1];
  }
  // The same, made if there is none.
  LinkState& FindOrTake(Flow& flow, uint8_t link);

  LinkState* First(const Flow& flow) const { return At(flow.link_states); }
  LinkState* Next(const LinkState& state) const { return At(state.next); }

  // Gives one, or all states of `flow` back. REQUIRES: no timer is armed for
  // them.
  void Give(Flow& flow, LinkState& state);
  void GiveAll(Flow& flow);

  size_t lent() const { return lent_; }

 private:
  LinkState* At(uint32_t number) const {
    return number == 0 ? nullptr : &states_[number - 1];
  }

  LazyArray<LinkState> states_;
  uint32_t free_ = 0;  // Linked by `next`.
  uint32_t unused_ = 0;
  size_t lent_ = 0;
};

}  // namespace mosaic
