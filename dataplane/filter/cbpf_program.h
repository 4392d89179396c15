// CbpfProgram is a filter as libpcap compiles it: classic BPF code. It can be
// interpreted, printed, and converted to native code (bpf_converter.h).
//
// Memory      An immutable value; copies share nothing.
// Threading   Compile() and Disassembly() hold a process-wide lock, because
//             libpcap keeps state of its own there. Run() may be called from
//             any thread.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace mosaic {

// What the first byte that a filter is given belongs to.
enum class FilterBase : uint8_t {
  kInnermostIp,  // An IPv4 or IPv6 header: link layer, VLANs and tunnels are
                 // gone, and words about them do not compile.
  kFrame,        // An Ethernet header.
};

// One instruction, laid out as libpcap's `struct bpf_insn`.
struct CbpfInsn {
  uint16_t code;
  uint8_t jt;
  uint8_t jf;
  uint32_t k;
};

class CbpfProgram {
 public:
  // The longest program accepted, in instructions (libpcap's own limit for
  // programs that a kernel would take).
  static constexpr size_t kMaxInstructions = 4096;
  // The longest expression accepted. What libpcap does with longer ones takes
  // seconds.
  static constexpr size_t kMaxExpressionBytes = 16 * 1024;

  // Compiles `expression`. Names of hosts, networks and ports are looked up
  // once, here, with the system's resolver.
  //
  //   InvalidArgument     the expression is wrong, names something that this
  //                       base does not have, or uses `protochain`. The message
  //                       holds the expression, libpcap's words for the fault,
  //                       and its column, counted from 1, where one is found.
  //   ResourceExhausted   longer than kMaxExpressionBytes, or its code is
  //   longer
  //                       than kMaxInstructions.
  static absl::StatusOr<CbpfProgram> Compile(std::string_view expression,
                                             FilterBase base);

  // Takes code as it is. InvalidArgument if libpcap's bpf_validate() refuses
  // it: a jump out of the program or backwards, an unknown instruction, a
  // constant division by zero, a missing return.
  static absl::StatusOr<CbpfProgram> FromInstructions(
      std::vector<CbpfInsn> instructions);

  // Interprets the program: what it returns, 0 meaning no match. A read beyond
  // `bytes` ends it with 0.
  uint32_t Run(std::span<const uint8_t> bytes, uint32_t wire_length) const;

  // One line an instruction, as `tcpdump -d` prints it.
  std::string Disassembly() const;

  std::span<const CbpfInsn> instructions() const { return instructions_; }

 private:
  explicit CbpfProgram(std::vector<CbpfInsn> instructions)
      : instructions_(std::move(instructions)) {}

  std::vector<CbpfInsn> instructions_;
};

}  // namespace mosaic
