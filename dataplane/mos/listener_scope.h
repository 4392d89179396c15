// Which packets a listener sees: its expressions, compiled within its domain.
//
// Threading   Any thread; may start a process for each new expression.

#pragma once

#include <mos_api.h>

#include <memory>

#include "absl/status/status.h"
#include "dataplane/filter/filter_cache.h"
#include "dataplane/mos/listener.h"

namespace mosaic::mos {

struct Scope {
  std::shared_ptr<const PacketFilter> syn;
  std::shared_ptr<const PacketFilter> orphan;
  std::shared_ptr<const PacketFilter> raw;
};

// What `texts` say for a listener of this kind and domain; null, or null in
// them, is everything that such a listener may see: of a STREAM one, TCP for
// flows. An error, with the place in the expression, if one does not compile.
absl::Status CompileScope(Listener::Kind kind, int domain,
                          const monitor_filter* texts, FilterCache& filters,
                          Scope& scope);

}  // namespace mosaic::mos
