#include "control/ctl/printable_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>

#include "control/config/yaml_reader.h"

namespace mosaic::ctl {
namespace {

// A character of UTF-8 at the beginning of a text.
struct Character {
  char32_t code = 0;
  size_t bytes = 0;  // 0 if there is none.
};

Character FirstCharacter(std::string_view text) {
  const auto byte = [text](size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
  char32_t code = lead & (0xffu >> (bytes + 1));
  for (size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3f);
  }
  static constexpr std::array<char32_t, 5> kLeast = {0, 0, 0x80, 0x800,
                                                     0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (code < kLeast[bytes] || code > 0x10ffff || surrogate) return {};
  return {code, bytes};
}

bool IsControl(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

// Marks that reorder what stands around them, or that nobody sees.
bool IsInvisible(char32_t code) {
  return code == 0xad || code == 0x61c || code == 0x180e || code == 0xfeff ||
         (code >= 0x200b && code <= 0x200f) ||
         (code >= 0x2028 && code <= 0x202e) ||
         (code >= 0x2060 && code <= 0x206f) ||
         (code >= 0xe0000 && code <= 0xe0fff);
}

std::string Escaped(char32_t code) {
  const auto number = static_cast<uint32_t>(code);
  switch (code) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return number < 0x80      ? fmt::format("\\x{:02x}", number)
             : number < 0x10000 ? fmt::format("\\u{:04x}", number)
                                : fmt::format("\\U{:08x}", number);
  }
}

// Three significant digits.
int Decimals(double value) { return value < 9.995 ? 2 : value < 99.95 ? 1 : 0; }

// `value` divided by 1000 until it has at most three digits before the point.
std::string Scaled(double value, std::string_view separator) {
  static constexpr std::array kPrefixes = {"", "k", "M", "G", "T", "P", "E"};
  value = std::max(value, 0.0);
  size_t prefix = 0;
  while (value >= 999.5 && prefix + 1 < kPrefixes.size()) {
    value /= 1000;
    ++prefix;
  }
  if (prefix == 0) return fmt::format("{:.0f}{}", value, separator);
  return fmt::format("{:.{}f}{}{}", value, Decimals(value), separator,
                     kPrefixes[prefix]);
}

std::string LocalTime(const google::protobuf::Timestamp& time,
                      const char* format) {
  const std::time_t seconds = static_cast<std::time_t>(time.seconds());
  std::tm parts = {};
  if (localtime_r(&seconds, &parts) == nullptr) return "-";
  std::array<char, 64> text = {};
  const size_t size = std::strftime(text.data(), text.size(), format, &parts);
  return {text.data(), size};
}

}  // namespace

std::string Printable(std::string_view text) {
  std::string printable;
  printable.reserve(text.size());
  while (!text.empty()) {
    const Character next = FirstCharacter(text);
    if (next.bytes == 0) {
      printable +=
          fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
      text.remove_prefix(1);
      continue;
    }
    if (IsControl(next.code) || IsInvisible(next.code)) {
      printable += Escaped(next.code);
    } else {
      printable.append(text.substr(0, next.bytes));
    }
    text.remove_prefix(next.bytes);
  }
  return printable;
}

size_t ColumnsOf(std::string_view text) {
  return static_cast<size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string_view FirstColumns(std::string_view text, size_t columns) {
  for (size_t i = 0; i < text.size(); ++i) {
    if ((text[i] & 0xc0) == 0x80) continue;
    if (columns == 0) return text.substr(0, i);
    --columns;
  }
  return text;
}

std::string HumanCount(double count) { return Scaled(count, ""); }

std::string HumanBits(double bits_per_second) {
  return Scaled(bits_per_second, " ") + "bit/s";
}

std::string HumanDuration(double seconds) {
  if (seconds < 0) seconds = 0;
  if (seconds > 0 && seconds < 1) {
    return seconds < 0.001 ? fmt::format("{:.0f}us", seconds * 1e6)
           : seconds < 0.01
               ? fmt::format("{:.1f}ms", seconds * 1e3)
               : fmt::format("{:.0f}ms", std::floor(seconds * 1e3));
  }
  const auto whole = static_cast<uint64_t>(std::min(seconds, 1e15));
  if (whole < 60) return fmt::format("{}s", whole);
  if (whole < 3600) return fmt::format("{}m{:02}s", whole / 60, whole % 60);
  if (whole < 86400) {
    return fmt::format("{}h{:02}m", whole / 3600, whole / 60 % 60);
  }
  return fmt::format("{}d{:02}h", whole / 86400, whole / 3600 % 24);
}

double Seconds(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) + duration.nanos() / 1e9;
}

double Seconds(const google::protobuf::Timestamp& time) {
  return static_cast<double>(time.seconds()) + time.nanos() / 1e9;
}

std::string ClockTime(const google::protobuf::Timestamp& time) {
  return fmt::format("{}.{:06}", LocalTime(time, "%H:%M:%S"),
                     time.nanos() / 1000);
}

std::string DateTime(const google::protobuf::Timestamp& time) {
  return LocalTime(time, "%Y-%m-%d %H:%M:%S");
}

std::string Endpoint(std::string_view address, uint32_t port) {
  if (port == 0) return std::string(address);
  const bool brackets = address.find(':') != std::string_view::npos;
  return brackets ? fmt::format("[{}]:{}", address, port)
                  : fmt::format("{}:{}", address, port);
}

std::string ProtocolText(v1::IpProtocol protocol) {
  const auto* value = v1::IpProtocol_descriptor()->FindValueByNumber(protocol);
  if (value == nullptr) return std::to_string(static_cast<int>(protocol));
  return protocol == v1::IP_PROTOCOL_UNSPECIFIED ? "any"
                                                 : config::ShortName(*value);
}

std::string_view IdOf(std::string_view name) {
  const size_t slash = name.rfind('/');
  return slash == std::string_view::npos ? name : name.substr(slash + 1);
}

}  // namespace mosaic::ctl
