#include "control/daemon/machine.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "dataplane/io/allowed_cpus.h"

namespace mosaic {
namespace {

namespace fs = std::filesystem;

bool ReadStableTsc() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("flags")) continue;
    line += ' ';
    return line.find(" constant_tsc ") != std::string::npos &&
           line.find(" nonstop_tsc ") != std::string::npos;
  }
  return false;
}

uint64_t ReadAvailableBytes() {
  std::ifstream file("/proc/meminfo");
  std::string name;
  uint64_t kilobytes = 0;
  std::string unit;
  while (file >> name >> kilobytes) {
    std::getline(file, unit);
    if (name == "MemAvailable:") return kilobytes * 1024;
  }
  return 0;
}

// What the limits of this process's cgroup and those above it leave; UINT64_MAX
// where there are none. Of cgroups of version 2.
uint64_t ReadCgroupBytes() {
  std::ifstream own("/proc/self/cgroup");
  std::string line;
  uint64_t left = UINT64_MAX;
  while (std::getline(own, line)) {
    constexpr std::string_view kUnified = "0::";
    if (!line.starts_with(kUnified)) continue;
    fs::path group = "/sys/fs/cgroup" + line.substr(kUnified.size());
    for (; group != "/sys/fs"; group = group.parent_path()) {
      uint64_t most = 0;
      uint64_t used = 0;
      // "max" is no number: no limit.
      if (!(std::ifstream(group / "memory.max") >> most)) continue;
      std::ifstream(group / "memory.current") >> used;
      left = std::min(left, most - std::min(used, most));
    }
  }
  return left;
}

// A descriptor that is closed at the end of its scope.
class Socket {
 public:
  Socket(int family, int type)
      : number_(socket(family, type | SOCK_CLOEXEC, 0)) {}
  ~Socket() {
    if (number_ >= 0) close(number_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int number() const { return number_; }

 private:
  const int number_;
};

}  // namespace

std::map<int, int> CpuNodes(const std::vector<int>& cpus) {
  std::map<int, int> nodes;
  std::error_code error;
  for (const int cpu : cpus) {
    const fs::path folder = absl::StrCat("/sys/devices/system/cpu/cpu", cpu);
    for (const auto& entry : fs::directory_iterator(folder, error)) {
      const std::string name = entry.path().filename();
      int node = 0;
      if (name.starts_with("node") && absl::SimpleAtoi(name.substr(4), &node)) {
        nodes[cpu] = node;
      }
    }
  }
  return nodes;
}

Machine Machine::Read() {
  Machine machine;
  utsname name = {};
  if (uname(&name) == 0) machine.kernel = name.release;
  machine.allowed_cpus = AllowedCpus();
  machine.cpu_nodes = CpuNodes(machine.allowed_cpus);
  machine.has_stable_tsc = ReadStableTsc();
  rlimit memlock = {};
  if (getrlimit(RLIMIT_MEMLOCK, &memlock) == 0) {
    machine.memlock_bytes =
        memlock.rlim_cur == RLIM_INFINITY ? UINT64_MAX : memlock.rlim_cur;
  }
  machine.available_bytes = std::min(ReadAvailableBytes(), ReadCgroupBytes());
  machine.is_root = geteuid() == 0;
  machine.huge_pages = ReservedHugePages();
  return machine;
}

SocketState LookAtSocket(const std::string& path) {
  struct stat status;
  if (lstat(path.c_str(), &status) != 0) {
    std::string folder = fs::path(path).parent_path();
    if (access(folder.c_str(), F_OK) != 0) {
      folder = fs::path(folder).parent_path();
    }
    if (access(folder.c_str(), F_OK) != 0) return SocketState::kNoFolder;
    return access(folder.c_str(), W_OK | X_OK) == 0 ? SocketState::kFree
                                                    : SocketState::kNotWritable;
  }
  if (!S_ISSOCK(status.st_mode)) return SocketState::kNoSocket;
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const Socket client(AF_UNIX, SOCK_STREAM);
  const int result =
      connect(client.number(), reinterpret_cast<const sockaddr*>(&address),
              sizeof address);
  // One who may not connect cannot tell, but somebody made it so.
  return result != 0 && errno == ECONNREFUSED ? SocketState::kStale
                                              : SocketState::kInUse;
}

absl::Status MakeSocketFolder(const std::string& path) {
  const std::string folder = fs::path(path).parent_path();
  if (mkdir(folder.c_str(), 0755) == 0 || errno == EEXIST) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat(
      "the directory of ", path, " cannot be made: ", std::strerror(errno),
      "; make it: `install -d -o $(id -u) ", folder,
      "`, or set system.control.socket_path"));
}

std::string ListenProblem(const std::string& address, uint16_t port) {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(address.c_str(), absl::StrCat(port).c_str(), &hints, &found);
  if (error != 0) return gai_strerror(error);
  const Socket server(found->ai_family, SOCK_STREAM);
  const int on = 1;
  setsockopt(server.number(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool bound =
      bind(server.number(), found->ai_addr, found->ai_addrlen) == 0 &&
      listen(server.number(), 1) == 0;
  const std::string problem = bound ? "" : std::strerror(errno);
  freeaddrinfo(found);
  return problem;
}

int NumaNodeOf(const std::string& interface_or_pci_address) {
  for (const std::string& path :
       {absl::StrCat("/sys/bus/pci/devices/", interface_or_pci_address,
                     "/numa_node"),
        absl::StrCat("/sys/class/net/", interface_or_pci_address,
                     "/device/numa_node")}) {
    std::ifstream file(path);
    int node = -1;
    if (file >> node) return node;
  }
  return -1;
}

}  // namespace mosaic
