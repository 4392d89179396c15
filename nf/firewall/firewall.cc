#include "nf/firewall/firewall.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace mosaic {
namespace {

constexpr uint8_t kTcp = 6;
constexpr uint8_t kUdp = 17;

bool MatchesPort(const FirewallPorts& ports, const Endpoint& endpoint,
                 uint8_t protocol) {
  if (ports.any()) return true;
  if (protocol != kTcp && protocol != kUdp) return false;
  return endpoint.port >= ports.first && endpoint.port <= ports.last;
}

}  // namespace

bool FirewallPrefix::Matches(const Endpoint& endpoint) const {
  if (ip_version == 0) return true;
  if (ip_version != endpoint.ip_version) return false;
  const size_t whole = bits / 8;
  if (std::memcmp(address.data(), endpoint.address.data(), whole) != 0) {
    return false;
  }
  const size_t rest = bits % 8;
  if (rest == 0) return true;
  const unsigned difference = address[whole] ^ endpoint.address[whole];
  return (difference >> (8 - rest)) == 0;
}

bool FirewallRule::Matches(const FlowView& flow) const {
  const uint8_t protocol = flow.protocol();
  return (protocols.empty() || std::ranges::count(protocols, protocol) > 0) &&
         client.Matches(flow.client()) && server.Matches(flow.server()) &&
         MatchesPort(client_ports, flow.client(), protocol) &&
         MatchesPort(server_ports, flow.server(), protocol);
}

bool FirewallRule::SpeaksOf(Side sender) const {
  switch (direction) {
    case Direction::kBoth:
      return true;
    case Direction::kClientToServer:
      return sender == Side::kClient;
    case Direction::kServerToClient:
      return sender == Side::kServer;
  }
  return false;
}

// The rule that decided, by sender; rules.size() is the default action.
struct Firewall::Context {
  uint32_t configuration;  // Whose rules these are; 0: nothing is decided.
  std::array<bool, kSides> drops;
  std::array<uint16_t, kSides> rule;
};

EventMask Firewall::subscriptions() const {
  return EventMask::Of(EventKind::kPacketIn, Hook::kSender);
}

ContextLayout Firewall::context_layout() const { return {sizeof(Context)}; }

void Firewall::Configure(std::shared_ptr<const NfConfig> config) {
  config_ = std::static_pointer_cast<const FirewallConfig>(std::move(config));
  ++configurations_;
  for (Hits& hits : hits_) {
    hits.packets.Set(0);
    hits.bytes.Set(0);
  }
}

void Firewall::Decide(FlowView& flow, Context& context) const {
  const size_t rules = config_->rules.size();
  for (Side sender : {Side::kClient, Side::kServer}) {
    size_t number = 0;
    while (number < rules && !(config_->rules[number].SpeaksOf(sender) &&
                               config_->rules[number].Matches(flow))) {
      ++number;
    }
    const FirewallAction action = number < rules ? config_->rules[number].action
                                                 : config_->default_action;
    context.rule[Index(sender)] = static_cast<uint16_t>(number);
    context.drops[Index(sender)] = action == FirewallAction::kDrop;
  }
  context.configuration = configurations_;
}

Verdict Firewall::OnEvent(const Event& event, FlowView& flow) {
  auto& context = flow.Context<Context>();
  if (context.configuration == 0) Decide(flow, context);
  const size_t sender = Index(event.side);
  if (context.configuration == configurations_) {
    Hits& hits = hits_[context.rule[sender]];
    hits.packets.Add(1);
    hits.bytes.Add(event.packet->wire_length());
  }
  if (!context.drops[sender]) {
    allowed_.Add(1);
    return Verdict::kForward;
  }
  dropped_.Add(1);
  return Verdict::kDrop;
}

}  // namespace mosaic
