#include "dataplane/event/event_forest.h"

#include <algorithm>
#include <cstring>

namespace mosaic {
namespace {

// The hooks at which built-in events are raised, as bits by Hook. A packet
// without a flow is raised at none.
constexpr unsigned HooksOf(EventKind kind) {
  constexpr unsigned kBothEnds = 1u << static_cast<unsigned>(Hook::kSender) |
                                 1u << static_cast<unsigned>(Hook::kReceiver);
  constexpr unsigned kNeither = 1u << static_cast<unsigned>(Hook::kNone);
  switch (kind) {
    case EventKind::kPacketIn:
      return kBothEnds | kNeither;
    case EventKind::kConnectionStart:
    case EventKind::kRetransmission:
    case EventKind::kStateChange:
    case EventKind::kConnectionEnd:
      return kBothEnds;
    case EventKind::kError:
    case EventKind::kNewData:
    case EventKind::kOrphan:
      break;
  }
  return kNeither;
}

uint64_t Mix(uint64_t hash, uint64_t value) {
  hash = (hash ^ value) * 0xff51afd7ed558ccd;
  return hash ^ hash >> 32;
}

}  // namespace

EventForest::EventForest()
    : nodes_(kEventKinds + kMaxEvents),
      args_(kMaxArgBytes),
      index_(kHashSlots),
      count_(kEventKinds) {
  for (size_t i = 0; i < kEventKinds; ++i) {
    nodes_[i] = {.filter = {},
                 .arg_offset = 0,
                 .arg_bytes = 0,
                 .parent = kNone,
                 .depth = 0,
                 .root = static_cast<EventKind>(i),
                 .raised_only = false};
  }
}

EventForest::Node EventForest::NodeOf(EventId event) const {
  if ((event & ((EventId{1} << kUserEventShift) - 1)) == 0) {
    const uint64_t number = event >> kUserEventShift;
    if (number == 0 || number > size()) return kNone;
    return static_cast<Node>(number - 1 + kEventKinds);
  }
  for (size_t i = 0; i < kEventKinds; ++i) {
    if (EventIdOf(static_cast<EventKind>(i)) == event) {
      return static_cast<Node>(i);
    }
  }
  return kNone;
}

EventId EventForest::IdOf(Node node) const {
  if (node < kEventKinds) return EventIdOf(static_cast<EventKind>(node));
  return EventId{node - kEventKinds + 1} << kUserEventShift;
}

EventKind EventForest::RootOf(EventId event) const {
  return nodes_[NodeOf(event)].root;
}

bool EventForest::IsLegal(EventId event, Hook hook) const {
  const Node node = NodeOf(event);
  return node != kNone &&
         (HooksOf(nodes_[node].root) >> static_cast<unsigned>(hook) & 1) != 0;
}

size_t EventForest::HashSlotOf(Node base, const UserEventFilter& filter,
                               std::span<const uint8_t> arg) const {
  uint64_t hash = Mix(base, reinterpret_cast<uintptr_t>(filter.run));
  hash = Mix(hash, reinterpret_cast<uintptr_t>(filter.opaque));
  for (uint8_t byte : arg) hash = Mix(hash, byte);
  return hash % kHashSlots;
}

Definition EventForest::Refuse(DefineError error) {
  refused_.Add(1);
  return {kNoEvent, error};
}

Definition EventForest::Define(EventId base, UserEventFilter filter,
                               std::span<const uint8_t> arg) {
  const Node parent = NodeOf(base);
  if (parent == kNone) return {kNoEvent, DefineError::kBadBase};
  if (filter.run == nullptr) return {kNoEvent, DefineError::kNoFilter};
  size_t slot = HashSlotOf(parent, filter, arg);
  for (; index_[slot] != 0; slot = (slot + 1) % kHashSlots) {
    const Node node = static_cast<Node>(index_[slot] - 1);
    if (nodes_[node].parent == parent && nodes_[node].filter == filter &&
        std::ranges::equal(ArgOf(node), arg)) {
      return {IdOf(node), DefineError::kNone};
    }
  }
  const Definition made = Add(parent, filter, arg, false);
  if (made.error == DefineError::kNone) {
    index_[slot] = static_cast<Node>(NodeOf(made.id) + 1);
  }
  return made;
}

Definition EventForest::Alloc(EventId parent) {
  const Node node = NodeOf(parent);
  if (node == kNone) return {kNoEvent, DefineError::kBadBase};
  return Add(node, {}, {}, true);
}

Definition EventForest::Add(Node parent, const UserEventFilter& filter,
                            std::span<const uint8_t> arg, bool raised_only) {
  const Entry& above = nodes_[parent];
  if (above.depth == kMaxDepth) return Refuse(DefineError::kTooDeep);
  if (size() == kMaxEvents || arg.size() > kMaxArgBytes - arg_bytes_) {
    return Refuse(DefineError::kFull);
  }
  const Node node = static_cast<Node>(count_++);
  nodes_[node] = {.filter = filter,
                  .arg_offset = static_cast<uint32_t>(arg_bytes_),
                  .arg_bytes = static_cast<uint32_t>(arg.size()),
                  .parent = parent,
                  .depth = static_cast<uint8_t>(above.depth + 1),
                  .root = above.root,
                  .raised_only = raised_only};
  if (!arg.empty()) {
    std::memcpy(args_.data() + arg_bytes_, arg.data(), arg.size());
  }
  // C programs read structures from it.
  arg_bytes_ =
      std::min((arg_bytes_ + arg.size() + 15) & ~size_t{15}, kMaxArgBytes);
  return {IdOf(node), DefineError::kNone};
}

}  // namespace mosaic
