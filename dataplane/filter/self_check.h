// The self-check runs a filter's native code beside libpcap's interpreter on
// packets made for it, before a worker may run it. A fault in DPDK's compiler
// then costs speed, not a crash or a wrong match.
//
// Native code that is wrong may also crash, so the daemon has it checked in a
// process of its own: posix_spawn of its own executable with a hidden command.
// A fork of a process with gigabytes of packet memory would stall the workers.

#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "dataplane/filter/cbpf_program.h"
#include "dataplane/filter/native_program.h"

namespace mosaic {

// Compares `native` with the interpreter on synthetic packets made for the
// program, many of them also cut short at every length. Internal, with the
// packet in hexadecimal, at the first difference. May crash if the native code
// is wrong enough.
absl::Status CompareWithInterpreter(const CbpfProgram& program,
                                    NativeProgram::Function native);

// Says OK when the native code of a program may be run in this process.
using FilterChecker = std::function<absl::Status(const CbpfProgram&)>;

// A checker that converts, loads and compares in this process. For tests and
// benches. ResourceExhausted for a program of more than
// NativeProgram::kMaxPaths paths.
absl::Status CheckInThisProcess(const CbpfProgram& program);

// A checker that does it in a process: `executable` with the arguments
// kSelfCheckCommand and the program, whose main() calls SelfCheckMain().
// Besides what that finds: Aborted if the process was killed, which it is after
// kSelfCheckCpuMs of computing, and Unavailable if it could not be started.
FilterChecker CheckInProcessOf(std::string executable);

inline constexpr std::string_view kSelfCheckCommand = "--self-check-filter";
inline constexpr std::string_view kThisExecutable = "/proc/self/exe";
inline constexpr int kSelfCheckCpuMs = 500;

// What main() returns when argv[1] is kSelfCheckCommand: 0 if the program in
// argv[2] passes, 1 if not, 2 if the arguments are not understood. Writes the
// reason to standard error. Call it first thing: it takes few milliseconds and
// needs no EAL. It limits the time that the process may take from then on.
int SelfCheckMain(int argc, char** argv);

}  // namespace mosaic
