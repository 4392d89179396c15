// A point in time and a length of time, both in nanoseconds. On live ports the
// clock is monotonic; in replay it is the packets' own, so the same code runs
// on either and tests own time.

#pragma once

#include <compare>
#include <cstdint>

namespace mosaic {

class Duration {
 public:
  constexpr Duration() = default;
  static constexpr Duration Nanos(int64_t n) { return Duration(n); }
  static constexpr Duration Micros(int64_t n) { return Duration(n * 1'000); }
  static constexpr Duration Millis(int64_t n) {
    return Duration(n * 1'000'000);
  }
  static constexpr Duration Seconds(int64_t n) {
    return Duration(n * 1'000'000'000);
  }

  constexpr int64_t nanos() const { return nanos_; }
  constexpr int64_t micros() const { return nanos_ / 1'000; }
  constexpr int64_t millis() const { return nanos_ / 1'000'000; }
  constexpr double seconds() const { return static_cast<double>(nanos_) / 1e9; }

  friend constexpr auto operator<=>(Duration, Duration) = default;
  friend constexpr Duration operator+(Duration a, Duration b) {
    return Duration(a.nanos_ + b.nanos_);
  }
  friend constexpr Duration operator-(Duration a, Duration b) {
    return Duration(a.nanos_ - b.nanos_);
  }

 private:
  constexpr explicit Duration(int64_t nanos) : nanos_(nanos) {}
  int64_t nanos_ = 0;
};

class Timestamp {
 public:
  constexpr Timestamp() = default;

  // Nanoseconds since the clock's epoch: 1970 in replay, boot on live ports.
  static constexpr Timestamp FromNanos(int64_t nanos) {
    return Timestamp(nanos);
  }

  constexpr int64_t nanos() const { return nanos_; }
  constexpr int64_t micros() const { return nanos_ / 1'000; }
  constexpr int64_t millis() const { return nanos_ / 1'000'000; }

  friend constexpr auto operator<=>(Timestamp, Timestamp) = default;
  friend constexpr Duration operator-(Timestamp a, Timestamp b) {
    return Duration::Nanos(a.nanos_ - b.nanos_);
  }
  friend constexpr Timestamp operator+(Timestamp t, Duration d) {
    return Timestamp(t.nanos_ + d.nanos());
  }
  friend constexpr Timestamp operator-(Timestamp t, Duration d) {
    return Timestamp(t.nanos_ - d.nanos());
  }

 private:
  constexpr explicit Timestamp(int64_t nanos) : nanos_(nanos) {}
  int64_t nanos_ = 0;
};

}  // namespace mosaic
