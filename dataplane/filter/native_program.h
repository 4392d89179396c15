// NativeProgram is an eBPF program that DPDK's rte_bpf has verified and
// compiled to machine code. Needs no EAL.
//
// Ownership   Owns the code pages; run() points into them and must not be
//             called after destruction.
// Threading   run() may be called from any number of threads at once.

#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "absl/status/statusor.h"
#include "dataplane/filter/bpf_converter.h"

struct rte_bpf;

namespace mosaic {

class NativeProgram {
 public:
  // The code's entry. Takes a FilterInput*, which it only reads; the lower 32
  // bits of the result are the program's.
  using Function = uint64_t (*)(void*);

  // Paths through a program that Load() lets the verifier walk by default. It
  // walks each of them at worst, and every `(a or b) and` may double them; it
  // knows most for repeats, but not by a rule that can be computed beforehand.
  static constexpr uint64_t kMaxPaths = 100'000;
  // For a process that can be stopped when it takes too long, or for code that
  // was loaded there.
  static constexpr uint64_t kAnyNumberOfPaths = ~uint64_t{0};

  // Verifies and compiles `code`.
  //
  //   ResourceExhausted    it has more than `max_paths` paths.
  //   FailedPrecondition   the verifier refused it, or this machine has no
  //                        compiler to native code.
  static absl::StatusOr<NativeProgram> Load(std::span<const EbpfInsn> code,
                                            uint64_t max_paths = kMaxPaths);

  Function run() const { return run_; }

 private:
  struct Destroy {
    void operator()(rte_bpf* bpf) const;
  };

  NativeProgram(rte_bpf* bpf, Function entry) : bpf_(bpf), run_(entry) {}

  std::unique_ptr<rte_bpf, Destroy> bpf_;
  Function run_;
};

}  // namespace mosaic
