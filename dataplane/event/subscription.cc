#include "dataplane/event/subscription.h"

#include <algorithm>
#include <new>

#include "dataplane/base/check.h"

namespace mosaic {
namespace {

// True if somebody who listens to `mask` needs the side's bytes in order.
bool ReadsStream(EventMask mask, Side side) {
  return mask.Has(EventKind::kNewData, Hook::kNone, side) ||
         mask.Has(EventKind::kError, Hook::kNone, side) ||
         mask.Has(EventKind::kRetransmission, Hook::kReceiver, side) ||
         mask.Has(EventKind::kRetransmission, Hook::kSender, Other(side));
}

// Settings of several monitors on one side: the largest buffer and the longest
// memory of each kind serve all; overlap and urgent policy are the first's,
// since a byte can be resolved in one way only.
void Merge(const SidePolicy& policy, const NfSlot& slot, EventMask wants,
           Side side, SideSettings& settings) {
  if (!ReadsStream(wants, side) && !slot.peeks) return;
  // The first that peeks decides what happens when nobody has fetched enough.
  if (slot.peeks && !settings.peeked) {
    settings.peeked = true;
    settings.full = policy.full;
  }
  // One that peeks may ask for a buffer later.
  if (settings.buffer_bytes == 0) {
    settings.overlap = policy.overlap;
    settings.urgent = policy.urgent;
  }
  if (policy.buffer_bytes == 0) return;
  settings.buffer_bytes = std::max(settings.buffer_bytes, policy.buffer_bytes);

  const bool repeats_compared =
      slot.nf->compares_retransmissions() ||
      wants.Has(EventKind::kRetransmission, Hook::kReceiver, side) ||
      wants.Has(EventKind::kRetransmission, Hook::kSender, Other(side));
  Retain retain = policy.retain;
  if (retain == Retain::kNone && repeats_compared) retain = Retain::kUnacked;
  settings.retain = std::max(settings.retain, retain);
  settings.retain_unacked |= retain == Retain::kUnacked || repeats_compared;
  if (retain == Retain::kBytes) {
    settings.retain_bytes =
        std::max(settings.retain_bytes, policy.retain_bytes);
  }
}

// Where NEW_DATA of each side ends by the stop policies of `attachment`.
std::array<uint64_t, kSides> PayloadLimitsOf(const Snapshot& snapshot,
                                             const Attachment& attachment) {
  std::array<uint64_t, kSides> limits = {UINT64_MAX, UINT64_MAX};
  for (const StopPolicy& stop : StopPoliciesOf(snapshot, attachment)) {
    if (stop.condition != StopPolicy::Condition::kPayloadBytes) continue;
    uint64_t& limit = limits[Index(stop.side)];
    limit = std::min(limit, stop.amount);
  }
  return limits;
}

// Adds what `attachment` lets an observer be told.
void AddObservable(const Snapshot& snapshot, const Attachment& attachment,
                   Subscription& subscription) {
  for (Hook hook : {Hook::kSender, Hook::kReceiver}) {
    subscription.observable = subscription.observable |
                              EventMask::Of(EventKind::kConnectionStart, hook) |
                              EventMask::Of(EventKind::kConnectionEnd, hook);
  }
  const auto limits = PayloadLimitsOf(snapshot, attachment);
  for (Side side : {Side::kClient, Side::kServer}) {
    if (attachment.IsStopped(side)) continue;
    EventMask seen = EventMask::AllOf(side);
    if (SidePolicyOf(snapshot, attachment, side).buffer_bytes == 0) {
      seen = seen & ~EventMask::Of(EventKind::kNewData, Hook::kNone, side);
    } else {
      uint64_t& bytes = subscription.observed_bytes[Index(side)];
      bytes = std::max(bytes, limits[Index(side)]);
    }
    subscription.observable = subscription.observable | seen;
  }
}

// What `attachment` alone gives the function of `slot`.
ChainLink LinkOf(NfSlot* slot, const HandlerSet* handlers,
                 const Attachment& attachment, uint8_t number,
                 const Snapshot& snapshot) {
  ChainLink link;
  link.slot = slot;
  link.attachments = static_cast<uint16_t>(1u << number);
  link.wants = slot->wants;
  link.handlers = handlers;
  link.peeks = slot->peeks;
  if (handlers != nullptr) link.wants = link.wants | handlers->mask();
  for (Side side : {Side::kClient, Side::kServer}) {
    if (!attachment.IsStopped(side)) continue;
    // The end is told even to who stopped listening, so that contexts can be
    // closed.
    link.wants = link.wants &
                 (~EventMask::AllOf(side) |
                  EventMask::Of(EventKind::kConnectionEnd, Hook::kSender) |
                  EventMask::Of(EventKind::kConnectionEnd, Hook::kReceiver));
  }
  link.payload_limit = PayloadLimitsOf(snapshot, attachment);
  return link;
}

// The place of `slot` in the chain, made if it is not there: a function hears a
// flow once, whoever attached it. Null when the chain is full.
ChainLink* PlaceOf(const NfSlot* slot, Subscription& subscription) {
  for (size_t i = 0; i < subscription.link_count; ++i) {
    if (subscription.link[i].slot == slot) return &subscription.link[i];
  }
  if (subscription.link_count == Subscription::kMaxLinks) return nullptr;
  ChainLink& link = subscription.link[subscription.link_count];
  link.number = subscription.link_count++;
  return &link;
}

void AddLink(NfSlot* slot, const HandlerSet* handlers,
             const Attachment& attachment, uint8_t number,
             const Snapshot& snapshot, Subscription& subscription) {
  ChainLink* const place = PlaceOf(slot, subscription);
  if (place == nullptr) return;
  if (place->handlers != nullptr) handlers = place->handlers;
  ChainLink link = LinkOf(slot, handlers, attachment, number, snapshot);
  for (Side side : {Side::kClient, Side::kServer}) {
    const SidePolicy& policy = SidePolicyOf(snapshot, attachment, side);
    // A stopped side's bytes are given back, even if the other side listens to
    // retransmissions of them.
    if (!attachment.IsStopped(side)) {
      Merge(policy, *slot, link.wants, side, subscription.side[Index(side)]);
      uint32_t& bytes = place->buffer_bytes[Index(side)];
      bytes = std::max(bytes, policy.buffer_bytes);
      place->reads[Index(side)] |= slot->peeks || ReadsStream(link.wants, side);
    }
    const EventMask data =
        EventMask::Of(EventKind::kNewData, Hook::kNone, side);
    // A function that peeks may ask for a buffer later.
    if (policy.buffer_bytes == 0 && !slot->peeks) {
      link.wants = link.wants & ~data;
    }
    // Of several monitors the most generous one counts, if it gives any data.
    if (!link.wants.Any(data)) continue;
    uint64_t& limit = place->payload_limit[Index(side)];
    limit = place->wants.Any(data)
                ? std::max(limit, link.payload_limit[Index(side)])
                : link.payload_limit[Index(side)];
  }
  place->slot = slot;
  place->handlers = link.handlers;
  place->peeks = link.peeks;
  place->attachments |= link.attachments;
  place->wants = place->wants | link.wants;
  subscription.mask = subscription.mask | link.wants;
}

void Build(const SnapshotOnWorker& on, std::span<const Attachment> attachments,
           Subscription& subscription) {
  const Snapshot& snapshot = *on.snapshot;
  subscription.on = on;
  subscription.revision = snapshot.revision;
  for (const Attachment& attachment : attachments) {
    const uint8_t number = subscription.attachment_count++;
    subscription.attachment[number] = attachment;
    subscription.counters[number] = on.counters[attachment.monitor];
    subscription.monitors |= uint64_t{1} << attachment.monitor;
    AddObservable(snapshot, attachment, subscription);
    const Monitor& monitor = snapshot.monitors[attachment.monitor];
    const HandlerSet* handlers = attachment.handlers;
    for (size_t nf : monitor.nf_instances) {
      NfSlot* const slot = on.slots[nf];
      AddLink(slot, slot->uses_handlers ? handlers : nullptr, attachment,
              number, snapshot, subscription);
      if (slot->uses_handlers) handlers = nullptr;
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

void CountFlows(const Subscription& subscription, int change) {
  for (size_t i = 0; i < subscription.attachment_count; ++i) {
    Counter& flows = subscription.counters[i]->flows;
    flows.Set(flows.Read() + static_cast<uint64_t>(change));
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

SubscriptionTable::SubscriptionTable(HandlerSetTable* handler_sets)
    : handler_sets_(handler_sets), pool_(kMaxSubscriptions) {
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
            uint64_t{a.stopped} << 24 |
            uint64_t{static_cast<uint8_t>(a.stop_reason[0])} << 32 |
            uint64_t{static_cast<uint8_t>(a.stop_reason[1])} << 40;
    hash *= 0xff51afd7ed558ccd;
    hash ^= hash >> 32;
    if (a.handlers == nullptr) continue;
    hash =
        (hash ^ reinterpret_cast<uintptr_t>(a.handlers)) * 0xff51afd7ed558ccd;
    hash ^= hash >> 32;
  }
  return hash % kHashSlots;
}

Subscription* SubscriptionTable::Acquire(
    const SnapshotOnWorker& on, std::span<const Attachment> attachments) {
  attachments = attachments.first(
      std::min(attachments.size(), Subscription::kMaxAttachments));
  const uint64_t revision = on.snapshot->revision;
  size_t at = HashSlotOf(revision, attachments);
  for (; index_[at] != 0; at = (at + 1) % kHashSlots) {
    Subscription& found = pool_[index_[at] - 1u];
    if (found.revision == revision &&
        std::ranges::equal(found.attachments(), attachments)) {
      if (found.flows++ == 0) RemoveUnused(found);
      CountFlows(found, 1);
      return &found;
    }
  }
  if (free_count_ == 0) {
    if (oldest_unused_ == 0) return nullptr;
    Subscription& unused = pool_[oldest_unused_ - 1u];
    RemoveUnused(unused);
    Forget(unused);
    at = HashSlotOf(revision, attachments);
    while (index_[at] != 0) at = (at + 1) % kHashSlots;
  }
  const uint16_t number = free_[--free_count_];
  Subscription* const made = new (&pool_[number]) Subscription();
  Build(on, attachments, *made);
  for (const Attachment& attachment : attachments) {
    if (attachment.handlers != nullptr) {
      handler_sets_->Refer(*attachment.handlers);
    }
  }
  made->flows = 1;
  CountFlows(*made, 1);
  index_[at] = static_cast<uint16_t>(number + 1);
  return made;
}

void SubscriptionTable::Release(Subscription* subscription) {
  CountFlows(*subscription, -1);
  if (--subscription->flows > 0) return;
  if (subscription->revision == current_revision_) {
    AddUnused(*subscription);
  } else {
    Forget(*subscription);
  }
}

void SubscriptionTable::SetCurrentRevision(uint64_t revision) {
  current_revision_ = revision;
  while (oldest_unused_ != 0) {
    Subscription& unused = pool_[oldest_unused_ - 1u];
    RemoveUnused(unused);
    Forget(unused);
  }
}

void SubscriptionTable::AddUnused(Subscription& subscription) {
  const uint16_t entry = EntryOf(subscription);
  subscription.older_unused = newest_unused_;
  subscription.newer_unused = 0;
  if (newest_unused_ != 0) {
    pool_[newest_unused_ - 1u].newer_unused = entry;
  } else {
    oldest_unused_ = entry;
  }
  newest_unused_ = entry;
}

void SubscriptionTable::RemoveUnused(Subscription& subscription) {
  const uint16_t older = subscription.older_unused;
  const uint16_t newer = subscription.newer_unused;
  (older != 0 ? pool_[older - 1u].newer_unused : oldest_unused_) = newer;
  (newer != 0 ? pool_[newer - 1u].older_unused : newest_unused_) = older;
}

void SubscriptionTable::Forget(Subscription& subscription) {
  for (const Attachment& attachment : subscription.attachments()) {
    if (attachment.handlers != nullptr) {
      handler_sets_->Release(*attachment.handlers);
    }
  }
  const uint16_t entry = EntryOf(subscription);
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

void SubscriptionTable::AddRevisions(std::vector<uint64_t>& revisions) const {
  for (uint16_t entry : index_) {
    if (entry != 0) revisions.push_back(pool_[entry - 1u].revision);
  }
}

uint64_t SubscriptionTable::OldestRevision() const {
  uint64_t oldest = current_revision_;
  for (uint16_t entry : index_) {
    if (entry != 0) oldest = std::min(oldest, pool_[entry - 1u].revision);
  }
  return oldest;
}

}  // namespace mosaic
