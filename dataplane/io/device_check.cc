#include "dataplane/io/device_check.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <rte_config.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "dataplane/io/capture_reader.h"
#include "dataplane/io/device_spec.h"

namespace mosaic {
namespace {

// A file descriptor that is closed at the end of its scope.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int number() const { return number_; }

 private:
  const int number_;
};

bool HasCapability(unsigned capability) {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, data) != 0) return false;
  return (data[capability / 32].effective >> (capability % 32) & 1) != 0;
}

absl::Status CheckRight(unsigned capability, std::string_view name) {
  if (HasCapability(capability)) return absl::OkStatus();
  return absl::PermissionDeniedError(absl::StrCat(
      "the capability ", std::string(name),
      " is missing: run as root, or give "
      "it to the process (AmbientCapabilities=, --cap-add, setcap)"));
}

// A driver is a file that EAL loads at its start.
absl::Status CheckDriver(const DeviceTraits& traits) {
  const std::string file = DriverFile(traits.driver);
  if (access(file.c_str(), R_OK) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "the driver ", std::string(traits.driver), " is not installed (", file,
      "): install the package ", std::string(traits.package)));
}

absl::Status CheckPoolDriver() {
  const std::string file = DriverFile("mempool_ring");
  if (access(file.c_str(), R_OK) == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("DPDK's packet pools are not installed (", file,
                   "): install the package librte-mempool-ring23"));
}

std::string FolderOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

absl::Status CheckCaptureFile(const DeviceSpec& spec) {
  absl::StatusOr<std::unique_ptr<CaptureReader>> reader =
      CaptureReader::Open(spec.target);
  if (!reader.ok()) return reader.status();
  CaptureRecord record;
  if ((*reader)->Next(record) == CaptureReader::Outcome::kRecord &&
      record.link != LinkType::kEthernet) {
    return absl::FailedPreconditionError(
        absl::StrCat(spec.target,
                     ": its frames are not Ethernet, which is all "
                     "that a port can be; replay it instead"));
  }
  const std::string tx(spec.Option("tx"));
  if (tx.empty()) return absl::OkStatus();
  const std::string folder = FolderOf(tx);
  if (access(tx.c_str(), W_OK) == 0) return absl::OkStatus();
  if (errno != ENOENT) {
    return absl::ErrnoToStatus(errno, tx);
  }
  if (access(folder.c_str(), W_OK) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat(folder, " of tx=", tx));
}

// Where a memif socket is made by the one, and found by the other.
absl::Status CheckSocketFolder(const std::string& socket) {
  const std::string folder = FolderOf(socket);
  if (access(folder.c_str(), F_OK) == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(errno, absl::StrCat("the folder ", folder));
}

absl::Status CheckInterface(const std::string& name) {
  if (if_nametoindex(name.c_str()) == 0) {
    return absl::NotFoundError(
        absl::StrCat("there is no interface ", name,
                     " here; `ip link` lists those of this network namespace"));
  }
  const Descriptor any(socket(AF_INET, SOCK_DGRAM, 0));
  ifreq request = {};
  strncpy(request.ifr_name, name.c_str(), sizeof request.ifr_name - 1);
  if (any.number() >= 0 && ioctl(any.number(), SIOCGIFFLAGS, &request) == 0 &&
      (request.ifr_flags & IFF_UP) == 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the interface ", name, " is down: `ip link set ", name, " up`"));
  }
  return absl::OkStatus();
}

absl::Status CheckPacketSocket() {
  const Descriptor packet(socket(AF_PACKET, SOCK_RAW, 0));
  if (packet.number() >= 0) return CheckRight(CAP_NET_ADMIN, "NET_ADMIN");
  if (errno == EPERM || errno == EACCES) {
    return CheckRight(CAP_NET_RAW, "NET_RAW");
  }
  return absl::ErrnoToStatus(errno, "no packet socket");
}

absl::Status CheckTun() {
  constexpr char kTun[] = "/dev/net/tun";
  const Descriptor tun(open(kTun, O_RDWR | O_CLOEXEC));
  if (tun.number() < 0) {
    return absl::ErrnoToStatus(
        errno, absl::StrCat(kTun,
                            ", which a tap port needs (in a container: "
                            "--device /dev/net/tun)"));
  }
  return CheckRight(CAP_NET_ADMIN, "NET_ADMIN");
}

absl::Status CheckPci(const std::string& address) {
  const std::string folder = absl::StrCat("/sys/bus/pci/devices/", address);
  if (access(folder.c_str(), F_OK) != 0) {
    return absl::NotFoundError(absl::StrCat("there is no PCI device ", address,
                                            "; `lspci -D` lists "
                                            "those there are"));
  }
  char driver[256];
  const ssize_t bytes =
      readlink(absl::StrCat(folder, "/driver").c_str(), driver, sizeof driver);
  if (bytes <= 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        "no kernel driver holds the device: `dpdk-devbind.py -b vfio-pci ",
        address, "`"));
  }
  return absl::OkStatus();
}

absl::Status CheckSystem(const DeviceSpec& spec) {
  if (absl::Status status = CheckPoolDriver(); !status.ok()) {
    return status;
  }
  if (spec.kind == DeviceKind::kPci) return CheckPci(spec.target);
  if (absl::Status status = CheckDriver(TraitsOf(spec.kind)); !status.ok()) {
    return status;
  }
  switch (spec.kind) {
    case DeviceKind::kPcap:
      return CheckCaptureFile(spec);
    case DeviceKind::kAfPacket:
    case DeviceKind::kAfXdp: {
      absl::Status status = CheckInterface(spec.target);
      return status.ok() ? CheckPacketSocket() : status;
    }
    case DeviceKind::kTap:
      return CheckTun();
    case DeviceKind::kMemif:
      return CheckSocketFolder(spec.target);
    case DeviceKind::kNull:
    case DeviceKind::kRing:
    case DeviceKind::kPci:
      break;
  }
  return absl::OkStatus();
}

}  // namespace

std::string DriverFile(std::string_view driver) {
  // The folder is named after the ABI: `.../pmds-23.0`. A name without the ABI
  // is a link that only the package for development has.
  constexpr std::string_view kFolder = RTE_EAL_PMD_PATH;
  constexpr std::string_view kAbi = kFolder.substr(kFolder.rfind('-') + 1);
  return absl::StrCat(RTE_EAL_PMD_PATH, "/librte_", std::string(driver), ".so.",
                      std::string(kAbi));
}

absl::Status CheckDevice(const PortConfig& port) {
  const absl::StatusOr<DeviceSpec> spec = ParseDevice(port.device);
  absl::Status status = spec.ok() ? CheckSystem(*spec) : spec.status();
  if (status.ok()) return status;
  const std::string device =
      spec.ok() ? absl::StrCat(", device ", port.device) : std::string();
  return absl::Status(
      status.code(),
      absl::StrCat("port \"", port.name, "\"", device, ": ", status.message()));
}

}  // namespace mosaic
