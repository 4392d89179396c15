#include "dataplane/filter/filter_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <span>

#include "absl/strings/str_cat.h"

namespace mosaic {
namespace {

constexpr std::string_view kSyntaxError =
    "can't parse filter expression: syntax error";

constexpr std::array<std::string_view, 4> kNotRunnable = {
    "protochain", "inbound", "outbound", "ifindex"};

// Words of pcap-filter's grammar that a stream filter has no use for. A word in
// neither list is the name of a host, network or service.
constexpr auto kNotForStreams = std::to_array<std::string_view>({
    "link",       "ether",    "ppp",        "slip",        "fddi",
    "tr",         "wlan",     "arp",        "rarp",        "sctp",
    "udp",        "icmp",     "icmp6",      "igmp",        "igrp",
    "pim",        "vrrp",     "carp",       "radio",       "ah",
    "esp",        "atalk",    "aarp",       "decnet",      "lat",
    "sca",        "moprc",    "mopdl",      "iso",         "esis",
    "es-is",      "isis",     "is-is",      "l1",          "l2",
    "iih",        "lsp",      "snp",        "csnp",        "psnp",
    "clnp",       "stp",      "ipx",        "netbeui",     "proto",
    "protochain", "gateway",  "type",       "subtype",     "direction",
    "dir",        "address1", "address2",   "address3",    "address4",
    "addr1",      "addr2",    "addr3",      "addr4",       "ra",
    "ta",         "less",     "greater",    "byte",        "broadcast",
    "multicast",  "len",      "length",     "inbound",     "outbound",
    "ifindex",    "vlan",     "mpls",       "pppoed",      "pppoes",
    "geneve",     "on",       "ifname",     "rset",        "ruleset",
    "rnr",        "rulenum",  "srnr",       "subrulenum",  "reason",
    "action",     "lane",     "metac",      "bcc",         "oam",
    "oamf4",      "oamf4ec",  "oamf4sc",    "sc",          "ilmic",
    "vpi",        "vci",      "connectmsg", "metaconnect", "fisu",
    "lssu",       "lsu",      "msu",        "hfisu",       "hlssu",
    "hmsu",       "sio",      "opc",        "dpc",         "sls",
    "hsio",       "hopc",     "hdpc",       "hsls",
});

bool IsWordByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' ||
         c == ':' || c == '-' || c == '_' || c == '\\';
}

// What is between the brackets of `tcp[4:2]` is arithmetic, where ':' and '-'
// are operators; everywhere else they belong to addresses and names.
bool IsExpressionByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
         c == '-';
}

template <size_t kSize>
bool IsOneOf(const std::array<std::string_view, kSize>& list,
             std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

// The grammar can go on after `prefix` if one of a few continuations gets past
// the parser, whatever else is then found wrong.
bool CanContinue(
    std::string_view prefix,
    const std::function<std::string(const std::string&)>& compile) {
  static constexpr auto kContinuations = std::to_array<std::string_view>({
      "",
      " tcp",
      " 1",
      " 1.2.3.4",
      " 1-2",
      " host 1.2.3.4",
      " port 1",
      " = 0",
      " 0 = 0",
      " 255.0.0.0",
      " proto 1",
      " host 1:2:3:4:5:6",
      " data",
  });
  static constexpr auto kIndexes =
      std::to_array<std::string_view>({" ] = 0", " 0] = 0", " 1] = 0"});
  // Parentheses may belong to arithmetic, which needs a comparison behind them.
  static constexpr auto kEndings =
      std::to_array<std::string_view>({"", " = 0"});

  size_t open = 0;
  bool inside = false;
  for (char c : prefix) {
    if (c == '(') ++open;
    if (c == ')' && open > 0) --open;
    if (c == '[' || c == ']') inside = c == '[';
  }
  const std::span<const std::string_view> continuations =
      inside ? std::span<const std::string_view>(kIndexes)
             : std::span<const std::string_view>(kContinuations);
  for (std::string_view continuation : continuations) {
    for (std::string_view ending : kEndings) {
      std::string text(prefix);
      text.append(continuation).append(open, ')').append(ending);
      if (compile(text) != kSyntaxError) return true;
    }
  }
  return false;
}

// The smallest n in [1, words] for which `wrong(n)` holds, given that it holds
// for all larger ones too; `words` + 1 if for none.
size_t FirstWrong(size_t words, const std::function<bool(size_t)>& wrong) {
  size_t low = 1;
  size_t high = words + 1;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (wrong(middle)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

}  // namespace

std::vector<FilterWord> SplitFilter(std::string_view expression) {
  std::vector<FilterWord> words;
  bool inside = false;
  size_t i = 0;
  while (i < expression.size()) {
    const char c = expression[i];
    if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      ++i;
      continue;
    }
    const auto belongs = inside ? IsExpressionByte : IsWordByte;
    size_t end = i + 1;
    if (belongs(c)) {
      while (end < expression.size() && belongs(expression[end])) ++end;
    } else {
      inside = c == '[' || (inside && c != ']');
      const std::string_view two = expression.substr(i, 2);
      for (std::string_view op :
           {"&&", "||", "==", "!=", "<=", ">=", "<<", ">>"}) {
        if (two == op) end = i + 2;
      }
    }
    words.push_back({expression.substr(i, end - i), i});
    i = end;
  }
  return words;
}

absl::Status CheckRunnable(std::string_view expression) {
  for (const FilterWord& word : SplitFilter(expression)) {
    if (!IsOneOf(kNotRunnable, word.text)) continue;
    const std::string_view why =
        word.text == "protochain"
            ? "' is not supported: it needs a loop, which native filters do "
              "not have"
            : "' is not supported: only a live capture knows it";
    return FilterError(expression,
                       std::string("'").append(word.text).append(why),
                       word.offset);
  }
  return absl::OkStatus();
}

absl::Status CheckStreamFilter(std::string_view expression) {
  for (const FilterWord& word : SplitFilter(expression)) {
    const bool operation = !IsWordByte(word.text[0]) && word.text != "(" &&
                           word.text != ")" && word.text != "!" &&
                           word.text != "&&" && word.text != "||" &&
                           word.text != "/";
    if (!operation && !IsOneOf(kNotForStreams, word.text)) continue;
    return FilterError(
        expression,
        std::string("'").append(word.text).append(
            "' is not allowed in a stream filter, which may use tcp, "
            "host, net, mask, port, portrange, src, dst, and, or, not, "
            "ip, ip6"),
        word.offset);
  }
  return absl::OkStatus();
}

size_t LocateFilterError(
    std::string_view expression, std::string_view error,
    const std::function<std::string(const std::string&)>& compile) {
  const std::vector<FilterWord> words = SplitFilter(expression);
  if (error != kSyntaxError) {
    // Most of libpcap's other messages quote what they are about.
    for (const FilterWord& word : words) {
      for (char quote : {'\'', '"'}) {
        const std::string quoted = quote + std::string(word.text);
        const size_t found = error.find(quoted);
        if (found == std::string_view::npos) continue;
        // What is quoted may be several words, as an address and its mask are.
        const size_t end = error.find(quote, found + 1);
        const std::string_view text = error.substr(found + 1, end - found - 1);
        if (expression.substr(word.offset, text.size()) == text) {
          return word.offset;
        }
      }
    }
  }
  const auto prefix = [&](size_t n) {
    return expression.substr(0, words[n - 1].offset + words[n - 1].text.size());
  };
  const size_t first = FirstWrong(words.size(), [&](size_t n) {
    if (error == kSyntaxError) return !CanContinue(prefix(n), compile);
    return compile(std::string(prefix(n))) == error;
  });
  return first <= words.size() ? words[first - 1].offset : expression.size();
}

absl::Status FilterError(std::string_view expression, std::string_view error,
                         size_t offset) {
  std::string message = "filter \"";
  message.append(expression).append("\": ").append(error);
  absl::StrAppend(&message, " (column ", offset + 1, ")");
  return absl::InvalidArgumentError(message);
}

}  // namespace mosaic
