// Serves the API of a live engine on a unix socket and feeds it connections to
// ports 80 and 443 of 10.0.0.2 in turn, until its standard input ends. For
// tests of clients in other languages.
//
// usage: live_engine SOCKET

#include <poll.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>

#include "tests/support/live_engine.h"

namespace mosaic::testing {
namespace {

constexpr uint16_t kFirstPort = 2000;
constexpr uint16_t kPorts = 20;  // Few, so that a tuple is soon used again.
constexpr size_t kClientBytes = 3000;
constexpr size_t kServerBytes = 20000;
constexpr int kPauseMs = 5;

// True once the other end of standard input has closed.
bool InputEnds(int timeout_ms) {
  pollfd input = {STDIN_FILENO, POLLIN, 0};
  char byte = 0;
  return poll(&input, 1, timeout_ms) > 0 && read(STDIN_FILENO, &byte, 1) <= 0;
}

void Run(const char* socket) {
  LiveEngineSetup setup;
  setup.listen.socket_path = socket;
  LiveEngine live(std::move(setup));
  for (uint32_t i = 0; !InputEnds(kPauseMs); ++i) {
    ConnectionScript connection;
    connection.client_port = static_cast<uint16_t>(kFirstPort + i % kPorts);
    connection.server_port = i % 2 == 0 ? 80 : 443;
    connection.isn = 1000 + 100'000 * i;
    connection.client_bytes = kClientBytes;
    connection.server_bytes = kServerBytes;
    connection.close = ConnectionScript::Close::kFin;
    for (const PacketBuilder& packet : PacketsOf(connection)) {
      live.Send(packet);
    }
  }
}

}  // namespace
}  // namespace mosaic::testing

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: live_engine SOCKET\n");
    return 2;
  }
  mosaic::testing::Run(argv[1]);
  return 0;
}
