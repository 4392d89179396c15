#include "dataplane/event/link_state.h"

#include "dataplane/base/check.h"

namespace mosaic {

LinkStatePool::LinkStatePool(size_t flows)
    : states_(flows * Subscription::kMaxLinks) {}

size_t LinkStatePool::BytesFor(size_t flows) {
  return flows * Subscription::kMaxLinks * sizeof(LinkState);
}

LinkState& LinkStatePool::FindOrTake(Flow& flow, uint8_t link) {
  LinkState* state = Find(flow, link);
  if (state != nullptr) return *state;
  uint32_t number = free_;
  if (number != 0) {
    free_ = states_[number - 1].next;
  } else {
    MOSAIC_CHECK(unused_ < states_.size());
    number = ++unused_;
  }
  state = &states_[number - 1];
  *state = LinkState();
  state->link = link;
  state->next = flow.link_states;
  flow.link_states = number;
  ++lent_;
  return *state;
}

void LinkStatePool::Give(Flow& flow, LinkState& state) {
  uint32_t* at = &flow.link_states;
  while (At(*at) != &state) at = &At(*at)->next;
  const uint32_t number = *at;
  *at = state.next;
  state.next = free_;
  free_ = number;
  --lent_;
}

void LinkStatePool::GiveAll(Flow& flow) {
  while (LinkState* const state = First(flow)) Give(flow, *state);
}

}  // namespace mosaic
