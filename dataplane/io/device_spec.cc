#include "dataplane/io/device_spec.h"

#include <algorithm>
#include <array>
#include <span>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "dataplane/base/check.h"
#include "dataplane/io/port_config.h"

namespace mosaic {
namespace {

// DPDK's drivers end at this many queues for a device that is software.
constexpr uint16_t kSoftwareQueues = 16;

// By DeviceKind.
constexpr std::array<DeviceTraits, 8> kTraits = {{
    {"pcap", "pcap:FILE", "net_pcap", "librte-net-pcap23", 1, false, false},
    {"null", "null", "net_null", "librte-net-null23", PortConfig::kMaxQueues,
     false, false},
    {"ring", "ring", "net_ring", "librte-net-ring23", kSoftwareQueues, true,
     false},
    {"memif", "memif:SOCKET", "net_memif", "librte-net-memif23",
     kSoftwareQueues, false, false},
    {"af_packet", "af_packet:INTERFACE", "net_af_packet",
     "librte-net-af-packet23", kSoftwareQueues, true, false},
    {"af_xdp", "af_xdp:INTERFACE", "net_af_xdp", "librte-net-af-xdp23",
     kSoftwareQueues, true, true},
    {"tap", "tap:INTERFACE", "net_tap", "librte-net-tap23", kSoftwareQueues,
     true, false},
    {"", "0000:01:00.0 (a PCI address)", "", "", PortConfig::kMaxQueues, false,
     true},
}};

struct OptionRule {
  DeviceKind kind;
  std::string_view key;
  std::string_view values;  // For messages.
  bool (*allows)(std::string_view value);
};

bool IsNumberUpTo(std::string_view text, uint32_t max) {
  uint32_t number;
  return absl::SimpleAtoi(absl::string_view(text.data(), text.size()),
                          &number) &&
         number <= max;
}

constexpr OptionRule kOptions[] = {
    {DeviceKind::kPcap, "tx", "a file",
     [](std::string_view value) { return !value.empty(); }},
    {DeviceKind::kPcap, "loop", "0 or 1",
     [](std::string_view value) { return value == "0" || value == "1"; }},
    {DeviceKind::kNull, "size", "0 to 1518 bytes",
     [](std::string_view value) { return IsNumberUpTo(value, 1518); }},
    {DeviceKind::kMemif, "role", "server or client",
     [](std::string_view value) {
       return value == "server" || value == "client";
     }},
    {DeviceKind::kMemif, "id", "0 to 65535",
     [](std::string_view value) { return IsNumberUpTo(value, 65535); }},
    {DeviceKind::kAfXdp, "start_queue", "0 to 1023",
     [](std::string_view value) { return IsNumberUpTo(value, 1023); }},
};

std::string AllForms() {
  return absl::StrJoin(kTraits, ", ", [](std::string* out, const auto& traits) {
    absl::StrAppend(out, std::string(traits.form));
  });
}

absl::Status Refuse(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("device \"", std::string(text), "\": ", std::string(why)));
}

// DDDD:BB:DD.F in hexadecimal.
bool IsPciAddress(std::string_view text) {
  constexpr std::string_view kForm = "xxxx:xx:xx.x";
  if (text.size() != kForm.size()) return false;
  for (size_t i = 0; i < kForm.size(); ++i) {
    const bool hex = std::string_view("0123456789abcdefABCDEF").find(text[i]) !=
                     std::string_view::npos;
    if (kForm[i] == 'x' ? !hex : text[i] != kForm[i]) return false;
  }
  return text.back() <= '7';
}

absl::Status CheckOption(std::string_view text, DeviceKind kind,
                         std::string_view key, std::string_view value) {
  if (kind == DeviceKind::kPci) return absl::OkStatus();
  std::vector<std::string> allowed;
  for (const OptionRule& rule : kOptions) {
    if (rule.kind != kind) continue;
    if (rule.key != key) {
      allowed.emplace_back(rule.key);
      continue;
    }
    if (rule.allows(value)) return absl::OkStatus();
    return Refuse(text, absl::StrCat(std::string(key), "=", std::string(value),
                                     " is not ", std::string(rule.values)));
  }
  return Refuse(
      text, absl::StrCat(
                "unknown option \"", std::string(key), "\"; ",
                allowed.empty()
                    ? std::string("none is allowed here")
                    : absl::StrCat("allowed: ", absl::StrJoin(allowed, ", "))));
}

absl::Status AddOptions(std::string_view text,
                        std::span<const std::string> words, DeviceSpec& spec) {
  for (const std::string& word : words) {
    const size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      return Refuse(text, absl::StrCat("\"", word, "\" is not key=value"));
    }
    std::string key = word.substr(0, equals);
    std::string value = word.substr(equals + 1);
    if (absl::Status status = CheckOption(text, spec.kind, key, value);
        !status.ok()) {
      return status;
    }
    for (const auto& earlier : spec.options) {
      if (earlier.first == key) {
        return Refuse(text, absl::StrCat(key, " is given twice"));
      }
    }
    spec.options.emplace_back(std::move(key), std::move(value));
  }
  return absl::OkStatus();
}

bool HasTarget(DeviceKind kind) {
  return kind != DeviceKind::kNull && kind != DeviceKind::kRing;
}

// The kernel's limit, its terminating zero not counted.
constexpr size_t kMaxInterfaceBytes = 15;

absl::Status CheckTarget(std::string_view text, const DeviceSpec& spec) {
  const DeviceTraits& traits = TraitsOf(spec.kind);
  if (spec.target.empty() || spec.target.find('=') != std::string::npos) {
    return Refuse(text,
                  absl::StrCat("must be ", std::string(traits.form),
                               spec.target.empty() ? "" : "[,key=value]..."));
  }
  const bool is_interface = spec.kind == DeviceKind::kAfPacket ||
                            spec.kind == DeviceKind::kAfXdp ||
                            spec.kind == DeviceKind::kTap;
  if (is_interface && spec.target.size() > kMaxInterfaceBytes) {
    return Refuse(text,
                  absl::StrCat("the interface's name has ", spec.target.size(),
                               " bytes, of at most ", kMaxInterfaceBytes));
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view DeviceSpec::Option(std::string_view key,
                                    std::string_view otherwise) const {
  for (const auto& option : options) {
    if (option.first == key) return option.second;
  }
  return otherwise;
}

const DeviceTraits& TraitsOf(DeviceKind kind) {
  return kTraits[static_cast<size_t>(kind)];
}

absl::StatusOr<DeviceSpec> ParseDevice(std::string_view text) {
  const bool has_odd_byte =
      std::any_of(text.begin(), text.end(), [](char byte) {
        return static_cast<unsigned char>(byte) <= ' ' || byte == '[' ||
               byte == ']' || byte == '"' || byte == '\'' || byte == 0x7f;
      });
  if (has_odd_byte) {
    return Refuse(text, "blanks, brackets and quotation marks are not allowed");
  }
  DeviceSpec spec;
  std::string rest(text);
  if (IsPciAddress(text.substr(0, text.find(',')))) {
    spec.kind = DeviceKind::kPci;
  } else {
    const size_t colon = text.find(':');
    const std::string_view word = text.substr(0, colon);
    const auto found = std::find_if(
        kTraits.begin(), kTraits.end(),
        [word](const DeviceTraits& traits) { return traits.word == word; });
    if (word.empty() || found == kTraits.end()) {
      return Refuse(text, absl::StrCat("is none of ", AllForms()));
    }
    spec.kind = static_cast<DeviceKind>(found - kTraits.begin());
    rest = colon == std::string_view::npos ? std::string()
                                           : rest.substr(colon + 1);
    if (rest.empty() && !HasTarget(spec.kind)) {
      if (colon == std::string_view::npos) return spec;
      return Refuse(text, "nothing follows the colon");
    }
  }
  const std::vector<std::string> words = absl::StrSplit(rest, ',');
  std::span<const std::string> options(words);
  if (HasTarget(spec.kind)) {
    spec.target = words.front();
    options = options.subspan(1);
    if (const absl::Status status = CheckTarget(text, spec); !status.ok()) {
      return status;
    }
  }
  if (const absl::Status status = AddOptions(text, options, spec);
      !status.ok()) {
    return status;
  }
  return spec;
}

}  // namespace mosaic
