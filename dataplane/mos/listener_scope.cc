#include "dataplane/mos/listener_scope.h"

#include <string>
#include <string_view>
#include <utility>

#include "absl/status/statusor.h"
#include "dataplane/mos/text.h"

namespace mosaic::mos {
namespace {

using Filter = std::shared_ptr<const PacketFilter>;

// `expression` within all of `limits`, each of which may be empty.
std::string Within(std::initializer_list<std::string_view> limits,
                   std::string_view expression) {
  std::string all;
  for (const std::string_view limit : limits) {
    if (limit.empty()) continue;
    if (!all.empty()) all += " and ";
    all += limit;
  }
  if (expression.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return all;
  }
  if (all.empty()) return std::string(expression);
  return Cat(all, " and (", expression, ")");
}

absl::Status CompileStream(std::string_view protocol, int domain,
                           const char* text, FilterCache& filters, Filter& to) {
  const std::string expression = text == nullptr ? "" : text;
  const FilterCache::Use use = FilterCache::Use::kStreams;
  // By itself first, so that an error shows what the program wrote.
  if (const absl::StatusOr<Filter> alone = filters.Get(expression, use);
      !alone.ok()) {
    return alone.status();
  }
  const std::string_view family = domain == AF_INET    ? "ip"
                                  : domain == AF_INET6 ? "ip6"
                                                       : "";
  absl::StatusOr<Filter> filter =
      filters.Get(Within({family, protocol}, expression), use);
  if (!filter.ok()) return filter.status();
  to = *std::move(filter);
  return absl::OkStatus();
}

}  // namespace

absl::Status CompileScope(Listener::Kind kind, int domain,
                          const monitor_filter* texts, FilterCache& filters,
                          Scope& scope) {
  const monitor_filter none = {};
  const monitor_filter& given = texts == nullptr ? none : *texts;
  if (kind == Listener::Kind::kRaw) {
    // The domain is looked at apart: tags in front of the IP header hide it
    // from the expression.
    const char* const text = given.raw_pkt_filter;
    absl::StatusOr<Filter> filter =
        filters.Get(text == nullptr ? "" : text, FilterCache::Use::kFrames);
    if (!filter.ok()) return filter.status();
    scope.raw = *std::move(filter);
    return absl::OkStatus();
  }
  if (absl::Status status = CompileStream(
          "tcp", domain, given.stream_syn_filter, filters, scope.syn);
      !status.ok()) {
    return status;
  }
  return CompileStream("", domain, given.stream_orphan_filter, filters,
                       scope.orphan);
}

}  // namespace mosaic::mos
