#include "dataplane/event/subscription.h"

#include <algorithm>
#include <new>

#include "dataplane/base/check.h"

namespace mosaic {
namespace {

constexpr uint8_t SideBit(Side side) {
  return static_cast<uint8_t>(1u << Index(side));
}

// True if somebody who listens to `mask` needs the side's bytes in order.
bool ReadsStream(EventMask mask, Side side) {
  return mask.Has(EventKind::kNewData, Hook::kNone, side) ||
         mask.Has(EventKind::kError, Hook::kNone, side) ||
         mask.Has(EventKind::kRetransmission, Hook::kReceiver, side) ||
         mask.Has(EventKind::kRetransmission, Hook::kSender, Other(side));
}

// Settings of several monitors on one side: the largest buffer and the longest
// memory serve all; the overlap policy is the first monitor's, since a byte can
// be resolved in one way only.
void Merge(const SidePolicy& policy, EventMask wants, bool compares, Side side,
           SideSettings& settings) {
  if (!ReadsStream(wants, side) || policy.buffer_bytes == 0) return;
  if (settings.buffer_bytes == 0) settings.overlap = policy.overlap;
  settings.buffer_bytes = std::max(settings.buffer_bytes, policy.buffer_bytes);

  const bool repeats_compared =
      compares ||
      wants.Has(EventKind::kRetransmission, Hook::kReceiver, side) ||
      wants.Has(EventKind::kRetransmission, Hook::kSender, Other(side));
  Retain retain = policy.retain;
  if (retain == Retain::kNone && repeats_compared) retain = Retain::kUnacked;
  settings.retain = std::max(settings.retain, retain);
  if (retain == Retain::kBytes) {
    settings.retain_bytes =
        std::max(settings.retain_bytes, policy.retain_bytes);
  }
}

void AddLink(NfSlot* slot, const Attachment& attachment, uint8_t number,
             const Snapshot& snapshot, Subscription& subscription) {
  for (const ChainLink& link : subscription.links()) {
    if (link.slot == slot) return;  // A function hears a flow once.
  }
  if (subscription.link_count == Subscription::kMaxLinks) return;
  ChainLink& link = subscription.link[subscription.link_count++];
  link.slot = slot;
  link.attachment = number;
  link.wants = slot->wants;
  for (Side side : {Side::kClient, Side::kServer}) {
    if (attachment.stopped & SideBit(side)) {
      // The end is told even to who stopped listening, so that contexts can be
      // closed.
      link.wants = link.wants &
                   (~EventMask::AllOf(side) |
                    EventMask::Of(EventKind::kConnectionEnd, Hook::kSender) |
                    EventMask::Of(EventKind::kConnectionEnd, Hook::kReceiver));
    }
    Merge(SidePolicyOf(snapshot, attachment, side), link.wants,
          slot->nf->compares_retransmissions(), side,
          subscription.side[Index(side)]);
    if (SidePolicyOf(snapshot, attachment, side).buffer_bytes == 0) {
      link.wants =
          link.wants & ~EventMask::Of(EventKind::kNewData, Hook::kNone, side);
    }
  }
  for (const StopPolicy& stop : StopPoliciesOf(snapshot, attachment)) {
    if (stop.condition == StopPolicy::Condition::kPayloadBytes) {
      uint64_t& limit = link.payload_limit[Index(stop.side)];
      limit = std::min(limit, stop.amount);
    }
  }
  subscription.mask = subscription.mask | link.wants;
}

void Build(const Snapshot& snapshot, std::span<NfSlot* const> slots,
           std::span<const Attachment> attachments,
           Subscription& subscription) {
  subscription.snapshot = &snapshot;
  subscription.slots = slots;
  subscription.revision = snapshot.revision;
  for (const Attachment& attachment : attachments) {
    const uint8_t number = subscription.attachment_count++;
    subscription.attachment[number] = attachment;
    const Monitor& monitor = snapshot.monitors[attachment.monitor];
    for (size_t nf : monitor.nf_instances) {
      AddLink(slots[nf], attachment, number, snapshot, subscription);
    }
    if (!StopPoliciesOf(snapshot, attachment).empty()) {
      subscription.has_stop_policies = true;
    }
    if (monitor.idle_timeout > Duration() &&
        (subscription.idle_timeout == Duration() ||
         monitor.idle_timeout < subscription.idle_timeout)) {
      subscription.idle_timeout = monitor.idle_timeout;
    }
  }
}

}  // namespace

std::span<const StopPolicy> StopPoliciesOf(const Snapshot& snapshot,
                                           const Attachment& attachment) {
  const Monitor& monitor = snapshot.monitors[attachment.monitor];
  if (attachment.flow_policy == 0) return monitor.stop;
  return monitor.flow_policies[attachment.flow_policy - 1u].stop;
}

const SidePolicy& SidePolicyOf(const Snapshot& snapshot,
                               const Attachment& attachment, Side side) {
  const Monitor& monitor = snapshot.monitors[attachment.monitor];
  if (attachment.flow_policy == 0) return monitor.side[Index(side)];
  return monitor.flow_policies[attachment.flow_policy - 1u].side[Index(side)];
}

SubscriptionTable::SubscriptionTable() : pool_(kMaxSubscriptions) {
  for (size_t i = 0; i < kMaxSubscriptions; ++i) {
    free_[i] = static_cast<uint16_t>(kMaxSubscriptions - 1 - i);
  }
  free_count_ = kMaxSubscriptions;
}

size_t SubscriptionTable::HashSlotOf(uint64_t revision,
                                     std::span<const Attachment> attachments) {
  uint64_t hash = revision * 0x9e3779b97f4a7c15;
  for (const Attachment& a : attachments) {
    hash ^= uint64_t{a.monitor} | uint64_t{a.flow_policy} << 8 |
            uint64_t{a.stopped} << 16;
    hash *= 0xff51afd7ed558ccd;
    hash ^= hash >> 32;
  }
  return hash % kHashSlots;
}

Subscription* SubscriptionTable::Acquire(
    const Snapshot& snapshot, std::span<NfSlot* const> slots,
    std::span<const Attachment> attachments) {
  attachments = attachments.first(
      std::min(attachments.size(), Subscription::kMaxAttachments));
  size_t at = HashSlotOf(snapshot.revision, attachments);
  for (; index_[at] != 0; at = (at + 1) % kHashSlots) {
    Subscription& found = pool_[index_[at] - 1u];
    if (found.revision == snapshot.revision &&
        std::ranges::equal(found.attachments(), attachments)) {
      ++found.flows;
      return &found;
    }
  }
  if (free_count_ == 0) {
    ForgetUnused();
    if (free_count_ == 0) return nullptr;
    at = HashSlotOf(snapshot.revision, attachments);
    while (index_[at] != 0) at = (at + 1) % kHashSlots;
  }
  const uint16_t number = free_[--free_count_];
  Subscription* const made = new (&pool_[number]) Subscription();
  Build(snapshot, slots, attachments, *made);
  made->flows = 1;
  index_[at] = static_cast<uint16_t>(number + 1);
  return made;
}

void SubscriptionTable::Release(Subscription* subscription) {
  --subscription->flows;
  if (subscription->flows == 0 && subscription->revision != current_revision_) {
    Forget(*subscription);
  }
}

void SubscriptionTable::SetCurrentRevision(uint64_t revision) {
  current_revision_ = revision;
  ForgetUnused();
}

void SubscriptionTable::ForgetUnused() {
  // Forgetting moves entries towards lower places, so a place is looked at
  // again until it holds one that stays.
  for (size_t at = 0; at < kHashSlots; ++at) {
    while (index_[at] != 0 && pool_[index_[at] - 1u].flows == 0) {
      Forget(pool_[index_[at] - 1u]);
    }
  }
}

void SubscriptionTable::Forget(Subscription& subscription) {
  const uint16_t entry =
      static_cast<uint16_t>(&subscription - pool_.data() + 1);
  size_t hole = HashSlotOf(subscription.revision, subscription.attachments());
  while (index_[hole] != entry) hole = (hole + 1) % kHashSlots;
  index_[hole] = 0;
  // Entries behind the hole that would no longer be found move into it.
  for (size_t at = (hole + 1) % kHashSlots; index_[at] != 0;
       at = (at + 1) % kHashSlots) {
    const Subscription& moved = pool_[index_[at] - 1u];
    const size_t home = HashSlotOf(moved.revision, moved.attachments());
    const bool reachable = (at - home) % kHashSlots < (at - hole) % kHashSlots;
    if (reachable) continue;
    index_[hole] = index_[at];
    index_[at] = 0;
    hole = at;
  }
  free_[free_count_++] = static_cast<uint16_t>(entry - 1);
}

uint64_t SubscriptionTable::OldestRevision() const {
  uint64_t oldest = current_revision_;
  for (uint16_t entry : index_) {
    if (entry != 0) oldest = std::min(oldest, pool_[entry - 1u].revision);
  }
  return oldest;
}

}  // namespace mosaic
