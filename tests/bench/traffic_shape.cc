#include "tests/bench/traffic_shape.h"

#include <algorithm>

#include "absl/strings/numbers.h"

namespace mosaic::bench {
namespace {

constexpr std::string_view kConcurrent = "conc=";
constexpr uint32_t kSmallConnections = 200'000;

TrafficShape Small(uint32_t concurrent) {
  TrafficShape shape;
  shape.connections = std::max(kSmallConnections, 2 * concurrent);
  shape.concurrent = concurrent;
  shape.request_bytes = 10;
  shape.response_bytes = 100;
  shape.response_sigma = 0;
  shape.http = false;
  shape.reorder = 0;
  shape.resend = 0;
  shape.burst = 1;
  return shape;
}

}  // namespace

std::optional<TrafficShape> ShapeOf(std::string_view name) {
  if (name == "web") return TrafficShape();
  if (name == "small") return Small(65'536);
  if (name == "bulk") {
    TrafficShape shape;
    shape.connections = 200;
    shape.concurrent = 200;
    shape.response_bytes = 5'000'000;
    shape.response_sigma = 0;
    shape.reorder = 0;
    shape.resend = 0;
    return shape;
  }
  uint32_t concurrent = 0;
  if (!name.starts_with(kConcurrent)) return std::nullopt;
  const std::string_view number = name.substr(kConcurrent.size());
  if (!absl::SimpleAtoi(absl::string_view(number.data(), number.size()),
                        &concurrent) ||
      concurrent == 0 || concurrent > TrafficShape::kMaxConnections / 2) {
    return std::nullopt;
  }
  return Small(concurrent);
}

}  // namespace mosaic::bench
