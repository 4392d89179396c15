// The calls of mtcp_util.h.

#include <mtcp_util.h>

#include <cctype>
#include <cstring>

#include "dataplane/base/flow_key.h"
#include "dataplane/flow/flow_hash.h"
#include "dataplane/mos/call.h"

namespace mosaic::mos {
namespace {

constexpr uint8_t kTcp = 6;

// The same for both directions, as a packet's.
FlowKey KeyOf(in_addr_t a, in_addr_t b, in_port_t a_port, in_port_t b_port) {
  FlowKey key;
  key.protocol = kTcp;
  key.ip_version = 4;
  uint16_t a_number = ntohs(a_port);
  uint16_t b_number = ntohs(b_port);
  const int order = std::memcmp(&a, &b, sizeof a);
  if (order > 0 || (order == 0 && a_number > b_number)) {
    std::swap(a, b);
    std::swap(a_number, b_number);
  }
  std::memcpy(key.address[0].data(), &a, sizeof a);
  std::memcpy(key.address[1].data(), &b, sizeof b);
  key.port = {a_number, b_number};
  return key;
}

// Cuts the word that begins at `from` out in place. Returns where the next
// search begins; null if a quote is not closed.
char* CutWord(char* from) {
  char* to = from;
  char quote = 0;
  while (*from != 0) {
    if (quote != 0) {
      if (*from == quote) {
        quote = 0;
      } else {
        *to++ = *from;
      }
    } else if (*from == '\'' || *from == '"') {
      quote = *from;
    } else if (std::isspace(static_cast<unsigned char>(*from)) != 0) {
      ++from;
      break;
    } else {
      *to++ = *from;
    }
    ++from;
  }
  // Behind the blank that ends the word, so this overwrites nothing.
  *to = 0;
  return quote == 0 ? from : nullptr;
}

}  // namespace
}  // namespace mosaic::mos

using mosaic::FlowKey;
using mosaic::mos::Fail;

int GetRSSCPUCore(in_addr_t sip, in_addr_t dip, in_port_t sport,
                  in_port_t dport, int num_queues) {
  if (num_queues < 1) return Fail(EINVAL);
  return mosaic::mos::Guarded([&] {
    const FlowKey key = mosaic::mos::KeyOf(sip, dip, sport, dport);
    const int context =
        mosaic::mos::Runtime::Instance().ContextOf(key, num_queues);
    if (context >= 0) return context;
    const uint64_t hash =
        mosaic::FlowHash({}, mosaic::FlowHash::Method::kSipHash).Of(key);
    return static_cast<int>(hash % static_cast<uint64_t>(num_queues));
  });
}

int StrToArgs(char* str, int* argc, char** argv, int max_argc) {
  if (str == nullptr || argc == nullptr || argv == nullptr || max_argc < 0) {
    return Fail(EINVAL);
  }
  *argc = 0;
  char* at = str;
  while (true) {
    while (std::isspace(static_cast<unsigned char>(*at)) != 0) ++at;
    if (*at == 0) return 0;
    if (*argc == max_argc) return Fail(E2BIG);
    char* const word = at;
    at = mosaic::mos::CutWord(word);
    if (at == nullptr) return Fail(EINVAL);
    argv[(*argc)++] = word;
  }
}
