// Converts classic BPF, as libpcap emits it, to the eBPF that DPDK's rte_bpf
// loads and turns into native code. DPDK's own rte_bpf_convert() is not used:
// it needs EAL, and it leaves the index register of byte and word loads unset.
//
// The program reads a FilterInput, not an mbuf: each load is a comparison with
// the length and a plain load, so that filters run on any bytes. What the
// loader is told, and what it then proves for each program, is in
// native_program.cc.
//
//   eBPF register    r0   r1            r2   r3      r4        r5
//   holds            A    FilterInput   X    bytes   length    scratch
//
// All are caller-saved on x86-64, so a program without scratch memory touches
// the stack only for its return address.

#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "dataplane/filter/cbpf_program.h"

namespace mosaic {

// What a native program is given. The offsets are part of the generated code.
struct FilterInput {
  // The most bytes a program may be given; what lies beyond is not seen.
  static constexpr uint32_t kMaxLength = 0x7fffffff;

  const uint8_t* bytes;
  uint32_t length;       // Bytes there are. REQUIRES: <= kMaxLength.
  uint32_t wire_length;  // Bytes on the wire: what `len` stands for.
};

// One instruction, laid out as DPDK's `struct ebpf_insn`.
struct EbpfInsn {
  uint8_t code;
  uint8_t dst_reg : 4;
  uint8_t src_reg : 4;
  int16_t off;
  int32_t imm;
};

// The eBPF twin of `program`: given the same bytes and lengths it returns the
// same 32-bit value.
//
//   Unimplemented   an instruction or a jump has no twin: a backward jump, a
//                   constant shift by 32 or more (libpcap's interpreter leaves
//                   that to the compiler it was built with), or a jump further
//                   than an eBPF offset reaches. Interpret the program instead.
absl::StatusOr<std::vector<EbpfInsn>> ConvertToEbpf(const CbpfProgram& program);

}  // namespace mosaic
