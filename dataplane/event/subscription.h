// Subscription is who listens to a flow: the monitors attached to it, their
// network functions in chain order, and what follows from both. It is immutable
// and shared by all flows with the same content; a flow that changes its
// listeners gets another one.
//
// Ownership   SubscriptionTable owns them and counts the flows that use each.
// Threading   Owner worker only.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/api/event.h"
#include "dataplane/api/flow_view.h"
#include "dataplane/base/lazy_array.h"
#include "dataplane/base/stop_reason.h"
#include "dataplane/event/handler_set.h"
#include "dataplane/event/nf_slot.h"
#include "dataplane/policy/snapshot.h"
#include "dataplane/stats/monitor_counters.h"

namespace mosaic {

// A snapshot with what one worker has of its own for it.
//
// Ownership   Borrowed: the worker's published snapshot holds all of it.
struct SnapshotOnWorker {
  const Snapshot* snapshot = nullptr;
  std::span<NfSlot* const> slots;              // By snapshot->nf_instances.
  std::span<MonitorCounters* const> counters;  // By snapshot->monitors.
  size_t worker = 0;                           // Its number.

  // True if `monitor`, one of the snapshot's, sees packets of this worker.
  bool Runs(const Monitor& monitor) const {
    return (monitor.workers >> worker & 1) != 0;
  }
};

// One monitor on one flow.
struct Attachment {
  uint8_t monitor = 0;       // Index in the snapshot.
  uint16_t flow_policy = 0;  // 0: the monitor's own; i + 1: flow_policies[i].
  uint8_t stopped = 0;       // Bit Index(side): its monitoring has ended.
  // Why, of a side that is stopped.
  std::array<StopReason, kSides> stop_reason = {};
  // Of the first function of the monitor that uses handlers; null: it has none.
  // Valid while a subscription, or a slot, refers to it.
  const HandlerSet* handlers = nullptr;

  bool IsStopped(Side side) const { return (stopped >> Index(side) & 1) != 0; }
  void Stop(Side side, StopReason reason) {
    stopped = static_cast<uint8_t>(stopped | 1u << Index(side));
    stop_reason[Index(side)] = reason;
  }

  friend bool operator==(const Attachment&, const Attachment&) = default;
};

// One network function in the chain of a flow.
struct ChainLink {
  NfSlot* slot = nullptr;
  EventMask wants;           // What any of the monitors that name it gives it.
  uint16_t attachments = 0;  // These monitors' places in the flow, as bits.
  // NEW_DATA for a side ends at this offset.
  std::array<uint64_t, kSides> payload_limit = {UINT64_MAX, UINT64_MAX};
  uint8_t number = 0;  // Place in the chain.

  // Null if the function uses none. Of several attachments' the first ones.
  const HandlerSet* handlers = nullptr;

  // Whether the function is given a side's bytes, in events or by peeking, and
  // how many its monitors have kept for it. Nothing of a side that is stopped.
  std::array<bool, kSides> reads = {};
  std::array<uint32_t, kSides> buffer_bytes = {};
  bool peeks = false;

  LinkRef ref() const { return {slot, number, attachments}; }
};

// What is kept of the bytes that one side receives.
struct SideSettings {
  uint32_t buffer_bytes = 0;  // 0: nobody reads the side.
  OverlapPolicy overlap = OverlapPolicy::kFirst;
  Retain retain = Retain::kNone;
  bool retain_unacked = false;  // Also with Retain::kBytes, for who asked so.
  uint32_t retain_bytes = 0;
  UrgentPolicy urgent = UrgentPolicy::kInline;
  // Some function peeks: bytes in order are kept for it.
  bool peeked = false;
  FullBuffer full = FullBuffer::kStop;

  // True if bytes are kept though they are in order.
  bool keeps_in_order() const { return peeked || retain != Retain::kNone; }
};

struct Subscription {
  static constexpr size_t kMaxAttachments = 16;
  static constexpr size_t kMaxLinks = 16;

  EventMask mask;
  std::array<SideSettings, kSides> side;
  Duration idle_timeout;  // The shortest of the monitors'; 0: none has one.
  bool has_stop_policies = false;

  uint8_t attachment_count = 0;
  uint8_t link_count = 0;
  // Of the attached monitors, one for each attachment.
  std::array<MonitorCounters*, kMaxAttachments> counters = {};

  // What an EventObserver may be told of the flow: start and end, the rest for
  // sides that some monitor has not stopped, NEW_DATA only where one of these
  // has a buffer, and up to where none has a stop policy that ends it.
  EventMask observable;
  std::array<uint64_t, kSides> observed_bytes = {};
  uint64_t monitors = 0;  // Those attached, as bits by Attachment::monitor.

  std::array<Attachment, kMaxAttachments> attachment;
  std::array<ChainLink, kMaxLinks> link;
  static_assert(kMaxAttachments <= 16, "bits of ChainLink::attachments");

  // Place among those without flows, from the longest unused on; pool number +
  // 1, 0: none. SubscriptionTable's own.
  uint16_t older_unused = 0;
  uint16_t newer_unused = 0;

  SnapshotOnWorker on;
  uint64_t revision = 0;
  uint64_t flows = 0;

  std::span<const Attachment> attachments() const {
    return {attachment.data(), attachment_count};
  }
  std::span<const ChainLink> links() const { return {link.data(), link_count}; }

  // Counts a packet of one of the flows for each monitor.
  void CountPacket() const {
    for (size_t i = 0; i < attachment_count; ++i) counters[i]->packets.Add(1);
  }
};

// The policies of `attachment` under `snapshot`.
std::span<const StopPolicy> StopPoliciesOf(const Snapshot& snapshot,
                                           const Attachment& attachment);
const SidePolicy& SidePolicyOf(const Snapshot& snapshot,
                               const Attachment& attachment, Side side);

// Bounds: kMaxSubscriptions at once for each worker. When they are used up a
// flow gets none and its packets pass unmonitored, counted by the caller.
class SubscriptionTable {
 public:
  static constexpr size_t kMaxSubscriptions = 4096;

  // `handler_sets` outlives the table; null if no function uses handlers.
  explicit SubscriptionTable(HandlerSetTable* handler_sets = nullptr);

  SubscriptionTable(const SubscriptionTable&) = delete;
  SubscriptionTable& operator=(const SubscriptionTable&) = delete;

  // The subscription with this content, found or made; its flow count grows by
  // one, and so does that of each of its monitors. At most kMaxAttachments
  // attachments and kMaxLinks functions count, first come. In a full table the
  // one that is unused for longest gives way; null if all are in use.
  [[nodiscard]] Subscription* Acquire(const SnapshotOnWorker& on,
                                      std::span<const Attachment> attachments);

  // One flow less, also of its monitors. A subscription without flows is kept
  // for the next flow with its content while its revision is the current one.
  void Release(Subscription* subscription);

  // Makes `revision` the current one: subscriptions of others are forgotten
  // with their last flow.
  void SetCurrentRevision(uint64_t revision);

  // Adds the revision of each subscription. REQUIRES: `revisions` has the
  // capacity for size() more.
  void AddRevisions(std::vector<uint64_t>& revisions) const;

  uint64_t current_revision() const { return current_revision_; }

  // The oldest revision that a flow, or the current configuration, refers to.
  uint64_t OldestRevision() const;

  size_t size() const { return kMaxSubscriptions - free_count_; }

 private:
  static constexpr size_t kHashSlots = 2 * kMaxSubscriptions;

  static size_t HashSlotOf(uint64_t revision,
                           std::span<const Attachment> attachments);
  uint16_t EntryOf(const Subscription& subscription) const {
    return static_cast<uint16_t>(&subscription - pool_.data() + 1);
  }
  void AddUnused(Subscription& subscription);
  void RemoveUnused(Subscription& subscription);
  void Forget(Subscription& subscription);  // REQUIRES: it is not in the list.

  HandlerSetTable* const handler_sets_;
  LazyArray<Subscription> pool_;
  std::array<uint16_t, kMaxSubscriptions> free_;
  std::array<uint16_t, kHashSlots> index_ = {};  // Pool number + 1; 0: empty.
  size_t free_count_ = 0;
  uint16_t oldest_unused_ = 0;  // Pool number + 1; 0: none.
  uint16_t newest_unused_ = 0;
  uint64_t current_revision_ = 0;
};

}  // namespace mosaic
