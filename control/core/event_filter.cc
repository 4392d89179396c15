#include "control/core/event_filter.h"

#include <algorithm>
#include <utility>

namespace mosaic {
namespace {

constexpr uint32_t Bit(EventKind kind) {
  return uint32_t{1} << static_cast<unsigned>(kind);
}

constexpr uint32_t kEveryKind = (uint32_t{1} << kEventKinds) - 1;
// What is told to who does not say what he wants: a kind that comes with every
// packet has to be asked for.
constexpr uint32_t kDefaultKinds =
    kEveryKind & ~(Bit(EventKind::kPacketIn) | Bit(EventKind::kOrphan));

uint32_t BitsOf(const std::vector<EventKind>& kinds, uint32_t if_empty) {
  if (kinds.empty()) return if_empty;
  uint32_t bits = 0;
  for (EventKind kind : kinds) bits |= Bit(kind);
  return bits;
}

FlowTraits TraitsOf(const EventRecord& record) {
  FlowTraits traits;
  traits.client = EndpointOf(record.key, record.client);
  traits.server =
      EndpointOf(record.key, static_cast<EndpointIndex>(record.client ^ 1));
  traits.protocol = record.key.protocol;
  traits.monitors = record.monitors;
  return traits;
}

// Flow ids that follow one another must not share a fate.
uint64_t Mix(uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

}  // namespace

EventMatcher::EventMatcher(EventSelection selection)
    : sample_one_in_(std::max<uint32_t>(selection.sample_one_in, 1)) {
  if (selection.allow.empty()) selection.allow.emplace_back();
  uint32_t kinds = 0;
  for (EventFilter& filter : selection.allow) {
    const uint32_t allowed = BitsOf(filter.kinds, kDefaultKinds);
    kinds |= allowed;
    allow_.push_back({allowed, FlowMatcher(std::move(filter.flow))});
  }
  for (EventFilter& filter : selection.deny) {
    deny_.push_back({BitsOf(filter.kinds, kEveryKind),
                     FlowMatcher(std::move(filter.flow))});
  }
  for (size_t i = 0; i < kEventKinds; ++i) {
    const auto kind = static_cast<EventKind>(i);
    if ((kinds & Bit(kind)) != 0) wanted_ = wanted_ | MaskOf(kind);
  }
}

bool EventMatcher::AnyMatches(
    std::vector<Entry>& entries, const EventRecord& record,
    const FlowTraits& traits,
    const std::shared_ptr<const MonitorNames>& names) {
  return std::ranges::any_of(entries, [&](Entry& entry) {
    return (entry.kinds & Bit(record.kind)) != 0 &&
           entry.flow.Matches(traits, names);
  });
}

EventMatcher::Answer EventMatcher::Judge(
    const EventRecord& record,
    const std::shared_ptr<const MonitorNames>& names) {
  const FlowTraits traits = TraitsOf(record);
  if (!AnyMatches(allow_, record, traits, names) ||
      AnyMatches(deny_, record, traits, names)) {
    return Answer::kFiltered;
  }
  if (sample_one_in_ > 1 && Mix(record.flow_id) % sample_one_in_ != 0) {
    return Answer::kSampledOut;
  }
  return Answer::kTell;
}

}  // namespace mosaic
