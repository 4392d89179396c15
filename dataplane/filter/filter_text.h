// What can be said about a pcap-filter expression from its words alone: where
// they are, and which of them a filter may not use.

#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace mosaic {

// A word, number, address or operator of an expression.
struct FilterWord {
  std::string_view text;  // Points into the expression.
  size_t offset;          // Of its first byte.
};

// The words of `expression` in order, which must outlive them.
std::vector<FilterWord> SplitFilter(std::string_view expression);

// Refuses what compiles, but cannot run on a packet in memory: `protochain`
// (loops), and `inbound`, `outbound`, `ifindex` (known to a live capture only).
absl::Status CheckRunnable(std::string_view expression);

// Refuses what a stream filter may not use: everything but tcp, host, net,
// mask, port, portrange, src, dst, and, or, not, ip, ip6 with their operands
// and parentheses. InvalidArgument names the first other word and its column.
// Says nothing about grammar: that is for the compiler to find.
absl::Status CheckStreamFilter(std::string_view expression);

// Finds the byte offset at which `expression` goes wrong, given a compiler that
// answers with libpcap's error text, or with nothing when all is well. `error`
// is its answer for the whole expression. Calls `compile` a few hundred times
// at most. An expression that merely ends too early goes wrong at its end.
size_t LocateFilterError(
    std::string_view expression, std::string_view error,
    const std::function<std::string(const std::string&)>& compile);

// An InvalidArgument that shows `expression`, `error`, and the column of
// `offset`, counted from 1.
absl::Status FilterError(std::string_view expression, std::string_view error,
                         size_t offset);

}  // namespace mosaic
