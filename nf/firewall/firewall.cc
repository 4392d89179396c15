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

bool FirewallRule::Matches(const Endpoint& from, const Endpoint& to,
                           uint8_t protocol) const {
  return (protocols.empty() || std::ranges::count(protocols, protocol) > 0) &&
         client.Matches(from) && server.Matches(to) &&
         MatchesPort(client_ports, from, protocol) &&
         MatchesPort(server_ports, to, protocol);
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

size_t Firewall::RuleFor(const Endpoint& from, const Endpoint& to,
                         uint8_t protocol, Side sender) const {
  const std::vector<FirewallRule>& rules = config_->rules;
  size_t number = 0;
  while (number < rules.size() &&
         !(rules[number].SpeaksOf(sender) &&
           rules[number].Matches(from, to, protocol))) {
    ++number;
  }
  return number;
}

bool Firewall::Drops(size_t rule) const {
  const FirewallAction action = rule < config_->rules.size()
                                    ? config_->rules[rule].action
                                    : config_->default_action;
  return action == FirewallAction::kDrop;
}

void Firewall::Decide(FlowView& flow, Context& context) const {
  for (Side sender : {Side::kClient, Side::kServer}) {
    const size_t rule =
        RuleFor(flow.client(), flow.server(), flow.protocol(), sender);
    context.rule[Index(sender)] = static_cast<uint16_t>(rule);
    context.drops[Index(sender)] = Drops(rule);
  }
  context.configuration = configurations_;
}

Verdict Firewall::Count(bool drops) {
  (drops ? dropped_ : allowed_).Add(1);
  return drops ? Verdict::kDrop : Verdict::kForward;
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
  return Count(context.drops[sender]);
}

Verdict Firewall::OnPacket(const Event& event) {
  const PacketView& packet = *event.packet;
  const size_t rule = RuleFor(packet.source(), packet.destination(),
                              packet.protocol(), Side::kClient);
  hits_[rule].packets.Add(1);
  hits_[rule].bytes.Add(packet.wire_length());
  return Count(Drops(rule));
}

}  // namespace mosaic
