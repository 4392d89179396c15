// Text of messages put together from views and numbers. absl::StrCat() of
// Debian's Abseil does not take std::string_view.

#pragma once

#include <concepts>
#include <string>
#include <string_view>

namespace mosaic::mos {

inline void AppendPart(std::string& out, std::string_view part) {
  out.append(part);
}
template <std::integral Number>
void AppendPart(std::string& out, Number number) {
  out.append(std::to_string(number));
}

template <typename... Parts>
std::string Cat(const Parts&... parts) {
  std::string out;
  (AppendPart(out, parts), ...);
  return out;
}

// The parts of `list`, each as `text_of` has it, with ", " between them.
template <typename List, typename TextOf>
std::string Join(const List& list, std::string_view between, TextOf text_of) {
  std::string out;
  for (const auto& part : list) {
    if (!out.empty()) out.append(between);
    AppendPart(out, text_of(part));
  }
  return out;
}

}  // namespace mosaic::mos
