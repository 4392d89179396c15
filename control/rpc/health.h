// Health is how the daemon does, as orchestrators ask for it.

#pragma once

#include <string>

namespace mosaic {

struct Health {
  // The control side and every worker have gone round within the last 2 s.
  // Restart the daemon where this stays false.
  bool alive = false;
  // Alive, ports are up, a configuration is applied, and it does not drain.
  // Send it no traffic while this is false.
  bool ready = false;
  // Why one of them is false, for people; else empty.
  std::string reason;

  friend bool operator==(const Health&, const Health&) = default;
};

}  // namespace mosaic
