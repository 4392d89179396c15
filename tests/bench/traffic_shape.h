// TrafficShape says what made-up traffic is like: how many connections, how
// long they are, how much of them is in disorder.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace mosaic::bench {

// The defaults are the shape `web`.
struct TrafficShape {
  // A bound for the addresses and ports there are for them.
  static constexpr uint32_t kMaxConnections = 1u << 24;

  uint32_t connections = 20'000;
  uint32_t concurrent = 8'192;  // Open at once.
  uint32_t request_bytes = 300;
  // With sigma 0 all responses are as long; else this is the median of a
  // log-normal distribution, cut off at 4 MB.
  uint32_t response_bytes = 16'384;
  double response_sigma = 1.0;
  bool http = true;  // Requests and responses begin with a header.
  uint16_t mss = 1'460;
  double reorder = 0.005;  // Of the response's segments: sent 1 to 3 later.
  double resend = 0.005;   // Sent again, 1 to 4 later.
  uint32_t interval_nanos = 1'000;  // From each packet to the next.
  uint32_t burst = 4;  // Packets of one connection in a row, at most.
  uint64_t seed = 1;
};

// "web": responses of about 16 KB over 8,192 connections at once. "small":
// 200,000 connections of one request and one response of a packet each, 65,536
// at once. "bulk": 200 connections of 5 MB. "conc=N": as small, with N at once
// and twice as many in all, or 200,000 if that is more. Nothing for others.
std::optional<TrafficShape> ShapeOf(std::string_view name);

}  // namespace mosaic::bench
