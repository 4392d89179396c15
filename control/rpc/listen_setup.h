// ListenSetup is where the API is served, and to whom.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace mosaic {

struct ListenSetup {
  // Of the unix socket; at most 107 bytes. Empty: none.
  std::string socket_path = "/run/mosaic/mosaicd.sock";
  // Who may connect to it. Not set: root and whom the daemon runs as.
  std::optional<std::vector<uint32_t>> allowed_uids;
  // Whose members may connect to it, too, and whose the file becomes: its mode
  // is 0660.
  std::optional<uint32_t> allowed_gid;
  // A port on 127.0.0.1, where whoever is on this machine may connect: there is
  // nobody's uid to ask for. 0: any free one. Not set, the default: none.
  std::optional<uint16_t> loopback_tcp_port;
};

}  // namespace mosaic
