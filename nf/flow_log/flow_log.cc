#include "nf/flow_log/flow_log.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <nettle/sha2.h>

#include <algorithm>
#include <utility>

namespace mosaic {
namespace {

using Digest = std::array<uint8_t, SHA256_DIGEST_SIZE>;

// Appends to a line of bounded length.
class Line {
 public:
  template <typename... Args>
  void Add(fmt::format_string<Args...> format, Args&&... args) {
    const auto result =
        fmt::format_to_n(text_.data() + size_, text_.size() - size_, format,
                         std::forward<Args>(args)...);
    size_ = std::min(size_ + result.size, text_.size());
  }
  std::span<const char> text() const { return {text_.data(), size_}; }

 private:
  std::array<char, FlowLog::kMaxLineBytes> text_;
  size_t size_ = 0;
};

void AddEndpoint(Line& line, std::string_view name, const Endpoint& endpoint) {
  char address[INET6_ADDRSTRLEN];
  inet_ntop(endpoint.ip_version == 6 ? AF_INET6 : AF_INET,
            endpoint.address.data(), address, sizeof address);
  line.Add("\"{}\":[\"{}\",{}],", name, static_cast<const char*>(address),
           endpoint.port);
}

std::string_view Name(FlowOrigin origin) {
  switch (origin) {
    case FlowOrigin::kSyn:
      return "syn";
    case FlowOrigin::kMidstream:
      return "midstream";
    case FlowOrigin::kDatagram:
      return "datagram";
  }
  return "";
}

}  // namespace

// By the direction's receiving side.
struct FlowLog::Context {
  struct Direction {
    sha256_ctx hash;
    uint64_t contiguous;  // Bytes delivered before the first gap.
    bool hashing;         // `hash` is set up.
    bool unhashed;        // Bytes passed while digests were off.
    bool gap;
  };
  std::array<Direction, kSides> direction;
  // Who was the client when the first byte came: a flow picked up in its middle
  // may find out later that it is the other one.
  Endpoint client;
  bool client_known;
};

EventMask FlowLog::subscriptions() const {
  return EventMask::Of(EventKind::kNewData, Hook::kNone) |
         EventMask::Of(EventKind::kConnectionEnd, Hook::kReceiver,
                       Side::kServer);
}

ContextLayout FlowLog::context_layout() const { return {sizeof(Context)}; }

void FlowLog::Configure(std::shared_ptr<const NfConfig> config) {
  config_ = std::static_pointer_cast<const FlowLogConfig>(std::move(config));
}

Verdict FlowLog::OnEvent(const Event& event, FlowView& flow) {
  if (event.kind == EventKind::kNewData) {
    OnData(event, flow);
  } else if (config_->logs_protocol[flow.protocol()]) {
    WriteLine(event, flow);
  }
  return Verdict::kForward;
}

void FlowLog::OnData(const Event& event, FlowView& flow) {
  auto& context = flow.Context<Context>();
  if (!context.client_known) {
    context.client = flow.client();
    context.client_known = true;
  }
  const Side side =
      context.client == flow.client() ? event.side : Other(event.side);
  Context::Direction& direction = context.direction[Index(side)];
  const uint64_t end = event.offset + event.data.size();
  if (event.resent && end <= direction.contiguous) return;
  if (direction.gap || event.offset != direction.contiguous) {
    direction.gap = true;
    return;
  }
  direction.contiguous += event.data.size();
  if (!config_->payload_digests) direction.unhashed = true;
  if (direction.unhashed) return;
  if (!direction.hashing) {
    sha256_init(&direction.hash);
    direction.hashing = true;
  }
  sha256_update(&direction.hash, event.data.size(), event.data.data());
}

void FlowLog::WriteLine(const Event& event, FlowView& flow) {
  auto& context = flow.Context<Context>();
  const bool swapped =
      context.client_known && !(context.client == flow.client());
  Line line;
  line.Add("{{\"flow_id\":{},\"protocol\":{},", flow.id(), flow.protocol());
  AddEndpoint(line, "client", flow.client());
  AddEndpoint(line, "server", flow.server());
  line.Add("\"origin\":\"{}\",\"start_us\":{},\"duration_us\":{},",
           Name(flow.origin()), flow.start_time().micros(),
           (flow.last_packet_time() - flow.start_time()).micros());
  for (Side sender : {Side::kClient, Side::kServer}) {
    const Side receiver = Other(sender);
    Context::Direction& direction =
        context.direction[Index(swapped ? Other(receiver) : receiver)];
    const SideCounters sent = flow.counters(sender);
    line.Add(
        "\"{}\":{{\"packets\":{},\"wire_bytes\":{},\"payload_bytes\":{},"
        "\"stream_bytes\":{},\"contiguous_bytes\":{},",
        sender == Side::kClient ? "client_to_server" : "server_to_client",
        sent.packets, sent.wire_bytes, sent.payload_bytes, sent.stream_bytes,
        direction.contiguous);
    if (config_->payload_digests && !direction.unhashed) {
      if (!direction.hashing) sha256_init(&direction.hash);
      Digest digest;
      sha256_digest(&direction.hash, digest.size(), digest.data());
      line.Add("\"sha256\":\"");
      for (uint8_t byte : digest) line.Add("{:02x}", byte);
      line.Add("\",");
    }
    line.Add(
        "\"retransmitted_packets\":{},\"retransmitted_bytes\":{},"
        "\"out_of_order_packets\":{},\"gap_bytes\":{},"
        "\"conflict_bytes\":{},\"refused_bytes\":{}}},",
        sent.retransmitted_packets, sent.retransmitted_bytes,
        sent.out_of_order_packets, sent.gap_bytes, sent.conflict_bytes,
        sent.refused_bytes);
  }
  line.Add(
      "\"rtt_client_us\":{},\"rtt_server_us\":{},\"end_reason\":\"{}\"}}\n",
      flow.handshake_rtt(Side::kClient).micros(),
      flow.handshake_rtt(Side::kServer).micros(),
      mosaic::Name(event.end_reason));
  (sink_.Write(flow.id(), line.text()) ? written_ : lost_).Add(1);
}

}  // namespace mosaic
