#include "dataplane/mos/mos_conf.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <concepts>
#include <map>
#include <system_error>
#include <utility>

#include "dataplane/io/device_spec.h"
#include "dataplane/mos/conf_lines.h"
#include "dataplane/mos/text.h"

namespace mosaic::mos {
namespace {

constexpr std::string_view kApplication = "application";
constexpr std::string_view kMos = "mos";

// A number as C writes it, 0x1f or 31.
template <std::integral Number>
bool ParseNumber(std::string_view text, Number& number) {
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number, base);
  return error == std::errc() && stop == end;
}

class Reader {
 public:
  explicit Reader(std::string_view name) : name_(name) {}

  absl::StatusOr<MosConf> Read(std::string_view text) {
    std::vector<ConfFault> faults;
    const ConfBlock file = SplitConf(text, faults);
    for (ConfFault& fault : faults) Fault(fault.line, std::move(fault.text));
    ReadFile(file);
    if (!faults_.empty()) return Faults();
    return std::move(conf_);
  }

 private:
  struct Key {
    std::string_view name;
    void (Reader::*read)(size_t line, std::string_view key,
                         std::string_view value);
  };

  void Fault(size_t line, std::string text) {
    faults_.emplace(line, std::move(text));
  }
  void Warn(size_t line, std::string_view key, std::string_view why) {
    conf_.warnings.push_back(Cat(name_, ":", line, ": ", key, ": ", why));
  }
  absl::Status Faults() const {
    std::vector<std::string> lines;
    for (const auto& [line, text] : faults_) {
      if (lines.size() == kMaxFaults) break;
      lines.push_back(Cat(name_, ":", line, ": ", text));
    }
    return absl::InvalidArgumentError(
        Join(lines, "\n", [](const std::string& line) { return line; }));
  }

  void ReadFile(const ConfBlock& file) {
    for (const ConfLine& line : file.lines) {
      Fault(line.number,
            Cat("\"", line.text,
                "\" is outside of a block; a file holds application "
                "{ } and mos { }"));
    }
    size_t mos_line = 0;
    for (const ConfBlock& block : file.blocks) {
      if (block.name == kApplication) {
        ReadApplication(block);
      } else if (block.name != kMos) {
        Fault(block.line, Cat(block.name,
                              ": unknown; a file holds application { "
                              "} and mos { }"));
      } else if (mos_line != 0) {
        Fault(block.line, Cat("mos: given twice, first in line ", mos_line));
      } else {
        mos_line = block.line;
        ReadMos(block);
      }
    }
    if (mos_line == 0) Fault(1, "mos: required; it names the netdevs");
  }

  // Calls the reader of each setting in `block`; every key counts once.
  template <size_t N>
  void ReadSettings(const ConfBlock& block, const std::array<Key, N>& keys,
                    std::string_view blocks) {
    std::map<std::string_view, size_t> seen;
    for (const ConfLine& line : block.lines) {
      const ConfSetting setting = SplitSetting(line.text);
      if (setting.key.empty()) {
        Fault(line.number,
              Cat("\"", line.text, "\" is not of the form KEY = VALUE"));
        continue;
      }
      const auto key =
          std::find_if(keys.begin(), keys.end(),
                       [&](const Key& k) { return k.name == setting.key; });
      if (key == keys.end()) {
        Fault(
            line.number,
            Cat(setting.key, ": unknown; ", block.name, " { } takes ",
                Join(keys, ", ", [](const Key& k) { return k.name; }), blocks));
        continue;
      }
      const auto [first, added] = seen.emplace(key->name, line.number);
      if (!added) {
        Fault(line.number,
              Cat(key->name, ": given twice, first in line ", first->second));
        continue;
      }
      (this->*key->read)(line.number, key->name, setting.value);
    }
  }

  bool Number(size_t line, std::string_view key, std::string_view text,
              int64_t least, int64_t most, int64_t& number) {
    if (ParseNumber(text, number) && number >= least && number <= most) {
      return true;
    }
    Fault(line, Cat(key, ": \"", text, "\" is not a number in [", least, ", ",
                    most, "]"));
    return false;
  }
  bool Flag(size_t line, std::string_view key, std::string_view text,
            bool& flag) {
    if (text != "0" && text != "1") {
      Fault(line, Cat(key, ": \"", text, "\" is neither 0 nor 1"));
      return false;
    }
    flag = text == "1";
    return true;
  }
  bool CpuMask(size_t line, std::string_view key, std::string_view text,
               uint64_t& mask) {
    if (ParseNumber(text, mask) && mask != 0) {
      return true;
    }
    Fault(line, Cat(key, ": \"", text,
                    "\" is not a mask of CPUs; 0x3 means 0 and 1"));
    return false;
  }

  void ReadApplication(const ConfBlock& block) {
    constexpr std::array<Key, 4> kKeys = {{{"type", &Reader::Type},
                                           {"run", &Reader::Run},
                                           {"cpu_mask", &Reader::AppMask},
                                           {"ip_forward", &Reader::IpForward}}};
    if (conf_.applications.size() == MosConf::kMaxApplications) {
      Fault(block.line,
            Cat("application: more than ", MosConf::kMaxApplications));
      return;
    }
    conf_.applications.emplace_back();
    ReadSettings(block, kKeys, "");
    NoBlocks(block);
  }

  void NoBlocks(const ConfBlock& block) {
    for (const ConfBlock& inner : block.blocks) {
      Fault(inner.line,
            Cat(inner.name, ": ", block.name, " { } takes no blocks"));
    }
  }

  void Type(size_t line, std::string_view key, std::string_view value) {
    if (value != "end" && value != "monitor") {
      Fault(line, Cat(key, ": \"", value, "\" is neither end nor monitor"));
    } else if (value == "end") {
      Warn(line, key, "end has no effect: there are no end-host sockets");
    }
  }
  void Run(size_t line, std::string_view key, std::string_view value) {
    std::vector<std::string>& arguments = conf_.applications.back().arguments;
    for (std::string_view word : SplitWords(value)) {
      arguments.emplace_back(word);
    }
    if (arguments.empty() || arguments.size() > MosConf::kMaxArguments) {
      Fault(line, Cat(key, ": ", arguments.size(), " words are not in [1, ",
                      MosConf::kMaxArguments, "]"));
    }
  }
  void AppMask(size_t line, std::string_view key, std::string_view value) {
    CpuMask(line, key, value, conf_.applications.back().cpu_mask);
  }
  void IpForward(size_t line, std::string_view key, std::string_view value) {
    bool flag = false;
    if (Flag(line, key, value, flag) && flag) {
      Warn(line, key, "no effect: packets leave as nic_forward_table says");
    }
  }

  void ReadMos(const ConfBlock& block) {
    constexpr std::array<Key, 12> kKeys = {
        {{"forward", &Reader::Forward},
         {"nb_mem_channels", &Reader::MemoryChannels},
         {"max_concurrency", &Reader::MaxConcurrency},
         {"no_ring_buffers", &Reader::NoRingBuffers},
         {"rmem_size", &Reader::ReceiveBuffer},
         {"wmem_size", &Reader::SendBuffer},
         {"tcp_tw_interval", &Reader::TimeWait},
         {"tcp_timeout", &Reader::Timeout},
         {"mos_log", &Reader::LogFolder},
         {"stat_print", &Reader::StatPrint},
         {"port", &Reader::PortKey},
         {"multiprocess", &Reader::MultiProcess}}};
    ReadSettings(block, kKeys,
                 " and the blocks netdev, arp_table, route_table, "
                 "nic_forward_table");
    ReadTables(block);
    if (!forward_) {
      std::fill(conf_.forward_to.begin(), conf_.forward_to.end(), std::nullopt);
    }
    if (no_ring_buffers_) conf_.receive_buffer_bytes = 0;
  }

  void ReadTables(const ConfBlock& block) {
    const ConfBlock* netdev = nullptr;
    const ConfBlock* forward = nullptr;
    std::map<std::string_view, size_t> seen;
    for (const ConfBlock& inner : block.blocks) {
      const auto [first, added] = seen.emplace(inner.name, inner.line);
      if (!added) {
        Fault(inner.line,
              Cat(inner.name, ": given twice, first in line ", first->second));
      } else if (inner.name == "netdev") {
        netdev = &inner;
      } else if (inner.name == "nic_forward_table") {
        forward = &inner;
      } else if (inner.name == "arp_table" || inner.name == "route_table") {
        Warn(inner.line, inner.name,
             "no effect: there are no end-host sockets");
      } else {
        Fault(inner.line, Cat(inner.name,
                              ": unknown; the blocks of mos { } are netdev, "
                              "arp_table, route_table, nic_forward_table"));
      }
      NoBlocks(inner);
    }
    if (netdev == nullptr) {
      Fault(block.line,
            "netdev: required; a line DEVICE CPU_MASK for each port");
      return;
    }
    ReadDevices(*netdev);
    conf_.forward_to.resize(conf_.devices.size());
    if (forward != nullptr) ReadForwardTable(*forward);
  }

  void Forward(size_t line, std::string_view key, std::string_view value) {
    Flag(line, key, value, forward_);
  }
  void MemoryChannels(size_t line, std::string_view key,
                      std::string_view value) {
    int64_t n = 0;
    if (Number(line, key, value, 1, 32, n)) {
      conf_.memory_channels = static_cast<uint32_t>(n);
    }
  }
  void MaxConcurrency(size_t line, std::string_view key,
                      std::string_view value) {
    int64_t n = 0;
    if (Number(line, key, value, 1, MosConf::kMaxConcurrency, n)) {
      conf_.max_concurrency = static_cast<uint32_t>(n);
    }
  }
  void NoRingBuffers(size_t line, std::string_view key,
                     std::string_view value) {
    Flag(line, key, value, no_ring_buffers_);
  }
  void ReceiveBuffer(size_t line, std::string_view key,
                     std::string_view value) {
    int64_t n = 0;
    if (Number(line, key, value, 0, MosConf::kMaxReceiveBufferBytes, n)) {
      conf_.receive_buffer_bytes = static_cast<uint32_t>(n);
    }
  }
  void SendBuffer(size_t line, std::string_view key, std::string_view value) {
    int64_t n = 0;
    if (Number(line, key, value, 0, MosConf::kMaxReceiveBufferBytes, n)) {
      Warn(line, key, "no effect: there are no end-host sockets");
    }
  }
  void TimeWait(size_t line, std::string_view key, std::string_view value) {
    int64_t n = 0;
    if (Number(line, key, value, 0, MosConf::kMaxSeconds, n)) {
      conf_.linger_seconds = static_cast<int>(n);
    }
  }
  void Timeout(size_t line, std::string_view key, std::string_view value) {
    int64_t n = 0;
    if (!Number(line, key, value, -1, MosConf::kMaxSeconds, n)) return;
    if (n == 0) {
      Fault(line, Cat(key, ": 0 seconds is not in [1, ", MosConf::kMaxSeconds,
                      "], and not -1 for none"));
      return;
    }
    conf_.idle_seconds = static_cast<int>(n);
  }
  void LogFolder(size_t line, std::string_view key, std::string_view value) {
    if (value.empty()) {
      Fault(line, Cat(key, ": names no folder"));
      return;
    }
    conf_.log_folder = value;
  }
  void StatPrint(size_t line, std::string_view key, std::string_view) {
    Warn(line, key, "no effect: nothing is printed");
  }
  void PortKey(size_t line, std::string_view key, std::string_view) {
    Warn(line, key, "no effect: netdev names the ports");
  }
  void MultiProcess(size_t line, std::string_view key, std::string_view value) {
    bool flag = false;
    if (Flag(line, key, value, flag) && flag) {
      Warn(line, key, "no effect: a process has its ports to itself");
    }
  }

  // NAME MASK [DEVICE]
  void ReadDevices(const ConfBlock& block) {
    for (const ConfLine& line : block.lines) {
      const std::vector<std::string_view> words = SplitWords(line.text);
      if (words.size() < 2 || words.size() > 3) {
        Fault(line.number, Cat("netdev: \"", line.text,
                               "\" is not DEVICE CPU_MASK or NAME "
                               "CPU_MASK DEVICE"));
        continue;
      }
      ReadDevice(line.number, words[0], words[1],
                 words.size() == 3 ? words[2] : words[0]);
    }
    if (block.lines.empty()) {
      Fault(block.line,
            "netdev: required; a line DEVICE CPU_MASK for each port");
    }
  }

  void ReadDevice(size_t line, std::string_view name,
                  std::string_view mask_text, std::string_view device) {
    uint64_t mask = 0;
    if (!CpuMask(line, "netdev", mask_text, mask)) return;
    if (const absl::StatusOr<DeviceSpec> spec = ParseDevice(device);
        !spec.ok()) {
      Fault(line, Cat("netdev: ", std::string(spec.status().message())));
      return;
    }
    if (FindDevice(name).has_value()) {
      Fault(line, Cat("netdev: ", name, " is there already"));
      return;
    }
    if (conf_.devices.size() == MosConf::kMaxDevices) {
      Fault(line, Cat("netdev: more than ", MosConf::kMaxDevices));
      return;
    }
    if (!conf_.devices.empty() && mask != conf_.cpu_mask) {
      Warn(line, "netdev",
           "its mask differs from those before it; every device is polled on "
           "the CPUs of all masks");
    }
    conf_.cpu_mask |= mask;
    conf_.devices.push_back({std::string(name), std::string(device)});
  }

  std::optional<size_t> FindDevice(std::string_view name) const {
    for (size_t i = 0; i < conf_.devices.size(); ++i) {
      if (conf_.devices[i].name == name) return i;
    }
    return std::nullopt;
  }

  // IN OUT
  void ReadForwardTable(const ConfBlock& block) {
    for (const ConfLine& line : block.lines) {
      const std::vector<std::string_view> words = SplitWords(line.text);
      if (words.size() != 2) {
        Fault(line.number, Cat("nic_forward_table: \"", line.text,
                               "\" is not RECEIVING SENDING"));
        continue;
      }
      const std::optional<size_t> from = FindDevice(words[0]);
      const std::optional<size_t> to = FindDevice(words[1]);
      if (!from.has_value() || !to.has_value()) {
        Fault(line.number,
              Cat("nic_forward_table: ", words[from.has_value() ? 1 : 0],
                  " is no netdev; they are ", DeviceNames()));
      } else if (conf_.forward_to[*from].has_value()) {
        Fault(line.number,
              Cat("nic_forward_table: ", words[0], " has a line already"));
      } else {
        conf_.forward_to[*from] = *to;
      }
    }
  }

  std::string DeviceNames() const {
    return Join(conf_.devices, ", ",
                [](const MosConf::Device& device) { return device.name; });
  }

  const std::string_view name_;
  MosConf conf_;
  bool forward_ = true;
  bool no_ring_buffers_ = false;
  std::multimap<size_t, std::string> faults_;  // By line.
};

}  // namespace

absl::StatusOr<MosConf> ParseMosConf(std::string_view text,
                                     std::string_view name) {
  return Reader(name).Read(text);
}

}  // namespace mosaic::mos
