#include "dataplane/filter/native_program.h"

#include <rte_bpf.h>
#include <rte_errno.h>
#include <rte_log.h>

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace mosaic {
namespace {

static_assert(sizeof(EbpfInsn) == sizeof(ebpf_insn));
static_assert(offsetof(EbpfInsn, off) == offsetof(ebpf_insn, off));
static_assert(offsetof(EbpfInsn, imm) == offsetof(ebpf_insn, imm));

// The argument is declared to be an mbuf, the only type whose fields the
// verifier lets a program use as a pointer: the field at offset 0, buf_addr, is
// a pointer to `buf_size` bytes, and every other field a number, but for `next`
// and `data_off`, which lie elsewhere. `size` has it prove that nothing beyond
// a FilterInput is read.
static_assert(offsetof(rte_mbuf, buf_addr) == offsetof(FilterInput, bytes));
static_assert(offsetof(rte_mbuf, data_off) >= sizeof(FilterInput));
static_assert(offsetof(rte_mbuf, next) >= sizeof(FilterInput));

rte_bpf_arg InputArgument() {
  rte_bpf_arg argument = {};
  argument.type = RTE_BPF_ARG_PTR_MBUF;
  argument.size = sizeof(FilterInput);
  // An indexed load is at the sum of an index and an offset, each up to
  // kMaxLength, as far as the verifier can see.
  argument.buf_size = 2 * size_t{FilterInput::kMaxLength} + sizeof(uint32_t);
  return argument;
}

// Paths from the first instruction to an exit; the largest number there is
// stands for itself and for more. Jumps only lead forward.
uint64_t CountPaths(std::span<const EbpfInsn> code) {
  std::vector<uint64_t> paths(code.size() + 1, 0);
  for (size_t i = code.size(); i-- > 0;) {
    const EbpfInsn& insn = code[i];
    if (BPF_CLASS(insn.code) != BPF_JMP) {
      paths[i] = paths[i + 1];
    } else if (BPF_OP(insn.code) == EBPF_EXIT) {
      paths[i] = 1;
    } else {
      const size_t target = i + 1 + static_cast<size_t>(insn.off);
      paths[i] = target <= code.size() ? paths[target] : 0;
      if (BPF_OP(insn.code) != BPF_JA &&
          __builtin_add_overflow(paths[i], paths[i + 1], &paths[i])) {
        paths[i] = std::numeric_limits<uint64_t>::max();
      }
    }
  }
  return paths[0];
}

// The loader logs each refusal on stderr; the status says the same.
void SilenceLoader() {
  [[maybe_unused]] static const int done =
      rte_log_set_level_pattern("lib.bpf", RTE_LOG_EMERG);
}

}  // namespace

void NativeProgram::Destroy::operator()(rte_bpf* bpf) const {
  rte_bpf_destroy(bpf);
}

absl::StatusOr<NativeProgram> NativeProgram::Load(
    std::span<const EbpfInsn> code, uint64_t max_paths) {
  if (CountPaths(code) > max_paths) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the program has more than ", max_paths,
                     " paths, too many to verify it"));
  }
  SilenceLoader();
  rte_bpf_prm parameters = {};
  parameters.ins = reinterpret_cast<const ebpf_insn*>(code.data());
  parameters.nb_ins = static_cast<uint32_t>(code.size());
  parameters.prog_arg = InputArgument();
  rte_bpf* const bpf = rte_bpf_load(&parameters);
  if (bpf == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("rte_bpf_load: ", rte_strerror(rte_errno)));
  }
  rte_bpf_jit jit = {};
  if (rte_bpf_get_jit(bpf, &jit) != 0 || jit.func == nullptr) {
    rte_bpf_destroy(bpf);
    return absl::FailedPreconditionError(
        "rte_bpf has no compiler to native code here");
  }
  return NativeProgram(bpf, jit.func);
}

}  // namespace mosaic
