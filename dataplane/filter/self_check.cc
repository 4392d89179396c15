#include "dataplane/filter/self_check.h"

#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "dataplane/filter/bpf_converter.h"
#include "dataplane/filter/synthetic_packets.h"

extern char** environ;

namespace mosaic {
namespace {

// A backstop for a process that hangs without computing.
constexpr unsigned kSelfCheckSeconds = 10;

// How many of the packets are also compared cut short at every length: the
// plain ones and the first that the program steers. All of them would take five
// times as long.
constexpr size_t kPacketsCut = 128;

// A program as one argument: its instructions' bytes in hexadecimal, 64 KiB at
// most, half of what Linux takes for one.
std::string ToArgument(const CbpfProgram& program) {
  const std::span<const CbpfInsn> code = program.instructions();
  return absl::BytesToHexString(
      {reinterpret_cast<const char*>(code.data()), code.size_bytes()});
}

absl::StatusOr<CbpfProgram> FromArgument(const char* argument) {
  const std::string bytes = absl::HexStringToBytes(argument);
  if (bytes.empty() || bytes.size() % sizeof(CbpfInsn) != 0) {
    return absl::InvalidArgumentError("not a program");
  }
  std::vector<CbpfInsn> code(bytes.size() / sizeof(CbpfInsn));
  std::memcpy(code.data(), bytes.data(), bytes.size());
  return CbpfProgram::FromInstructions(std::move(code));
}

absl::Status Check(const CbpfProgram& program, uint64_t max_paths) {
  const absl::StatusOr<std::vector<EbpfInsn>> code = ConvertToEbpf(program);
  if (!code.ok()) return code.status();
  const absl::StatusOr<NativeProgram> native =
      NativeProgram::Load(*code, max_paths);
  if (!native.ok()) return native.status();
  return CompareWithInterpreter(program, native->run());
}

// Bytes behind which a page follows that must not be touched: code that reads
// beyond a packet's end crashes here, not some day in a worker.
class GuardedBytes {
 public:
  GuardedBytes()
      : page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))),
        memory_(mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    if (ok()) mprotect(first() + page_, page_, PROT_NONE);
  }
  ~GuardedBytes() {
    if (ok()) munmap(memory_, 2 * page_);
  }
  GuardedBytes(const GuardedBytes&) = delete;
  GuardedBytes& operator=(const GuardedBytes&) = delete;

  bool ok() const { return memory_ != MAP_FAILED; }

  // A copy of `bytes` that ends where the page begins; valid until the next
  // Hold(). REQUIRES: ok(), and bytes.size() is at most a page.
  std::span<const uint8_t> Hold(std::span<const uint8_t> bytes) {
    uint8_t* const at = first() + page_ - bytes.size();
    std::copy(bytes.begin(), bytes.end(), at);
    return {at, bytes.size()};
  }

 private:
  uint8_t* first() const { return static_cast<uint8_t*>(memory_); }

  const size_t page_;
  void* const memory_;
};

// Waits for `child`. Its wait status, or -1 if somebody else took it.
int WaitFor(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return -1;
  }
  return status;
}

absl::Status CheckBySpawning(const std::string& executable,
                             const CbpfProgram& program) {
  std::string command(kSelfCheckCommand);
  std::string argument = ToArgument(program);
  std::string name = executable;
  char* const argv[] = {name.data(), command.data(), argument.data(), nullptr};

  // The process starts with default signals, whatever this one blocks.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t signals;
  sigemptyset(&signals);
  posix_spawnattr_setsigmask(&attributes, &signals);
  sigfillset(&signals);
  posix_spawnattr_setsigdefault(&attributes, &signals);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t child = 0;
  const int error = posix_spawn(&child, executable.c_str(), nullptr,
                                &attributes, argv, environ);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) {
    return absl::UnavailableError(
        absl::StrCat("self-check: ", executable, ": ", std::strerror(error)));
  }
  const int status = WaitFor(child);
  if (status == 0) return absl::OkStatus();
  if (status > 0 && WIFSIGNALED(status)) {
    return absl::AbortedError(absl::StrCat("self-check: ended by signal ",
                                           WTERMSIG(status), ", ",
                                           strsignal(WTERMSIG(status))));
  }
  if (status > 0 && WEXITSTATUS(status) == 1) {
    return absl::InternalError("self-check: the native code is not right");
  }
  return absl::UnavailableError("self-check: it was not carried out");
}

}  // namespace

absl::Status CompareWithInterpreter(const CbpfProgram& program,
                                    NativeProgram::Function native) {
  GuardedBytes room;
  if (!room.ok()) return absl::ResourceExhaustedError("no memory for packets");
  const auto differ = [&](std::span<const uint8_t> bytes, size_t wire) {
    const auto wire_length = static_cast<uint32_t>(wire);
    FilterInput input = {bytes.data(), static_cast<uint32_t>(bytes.size()),
                         wire_length};
    return static_cast<uint32_t>(native(&input)) !=
           program.Run(bytes, wire_length);
  };
  size_t packets = 0;
  for (const std::vector<uint8_t>& packet : PacketsFor(program)) {
    const bool cuts = packets++ < kPacketsCut;
    for (size_t length = cuts ? 0 : packet.size(); length <= packet.size();
         ++length) {
      const std::span<const uint8_t> cut =
          room.Hold(std::span(packet).first(length));
      if (!differ(cut, packet.size()) && !differ(cut, length)) continue;
      return absl::InternalError(absl::StrCat(
          "the native code and the interpreter differ on ",
          absl::BytesToHexString(
              {reinterpret_cast<const char*>(cut.data()), cut.size()})));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckInThisProcess(const CbpfProgram& program) {
  return Check(program, NativeProgram::kMaxPaths);
}

FilterChecker CheckInProcessOf(std::string executable) {
  return [executable = std::move(executable)](const CbpfProgram& program) {
    return CheckBySpawning(executable, program);
  };
}

int SelfCheckMain(int argc, char** argv) {
  if (argc != 3 || argv[1] != kSelfCheckCommand) return 2;
  const absl::StatusOr<CbpfProgram> program = FromArgument(argv[2]);
  if (!program.ok()) return 2;

  // The default action of both signals ends the process.
  itimerval limit = {};
  limit.it_value.tv_usec = kSelfCheckCpuMs * 1000;
  setitimer(ITIMER_PROF, &limit, nullptr);
  alarm(kSelfCheckSeconds);

  const absl::Status status = Check(*program, NativeProgram::kAnyNumberOfPaths);
  if (status.ok()) return 0;
  std::fprintf(stderr, "self-check: %s\n", status.ToString().c_str());
  return 1;
}

}  // namespace mosaic
