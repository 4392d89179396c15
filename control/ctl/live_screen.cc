#include "control/ctl/live_screen.h"

#include <unistd.h>

namespace mosaic::ctl {
namespace {

constexpr const char* kEnter = "\x1b[?1049h\x1b[?25l\x1b[2J";
constexpr const char* kLeave = "\x1b[?25h\x1b[?1049l";
constexpr const char* kHome = "\x1b[H";
constexpr const char* kClearLine = "\x1b[K";
constexpr const char* kClearBelow = "\x1b[J";

}  // namespace

LiveScreen::LiveScreen(std::FILE* out, Interrupts& interrupts)
    : out_(out), interrupts_(interrupts) {
  if (isatty(STDIN_FILENO) != 0 && tcgetattr(STDIN_FILENO, &saved_) == 0) {
    termios keys = saved_;
    keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    has_keys_ = tcsetattr(STDIN_FILENO, TCSANOW, &keys) == 0;
  }
  std::fputs(kEnter, out_);
}

LiveScreen::~LiveScreen() {
  if (has_keys_) tcsetattr(STDIN_FILENO, TCSANOW, &saved_);
  std::fputs(kLeave, out_);
  std::fflush(out_);
}

void LiveScreen::Draw(const std::vector<std::string>& lines) {
  const auto room = static_cast<size_t>(size().lines);
  std::string frame = kHome;
  for (size_t i = 0; i < lines.size() && i < room; ++i) {
    // No newline behind the last: the screen would scroll.
    if (i > 0) frame += "\r\n";
    frame += lines[i] + kClearLine;
  }
  frame += kClearBelow;
  std::fwrite(frame.data(), 1, frame.size(), out_);
  std::fflush(out_);
}

LiveScreen::Event LiveScreen::Wait(std::chrono::milliseconds time) {
  switch (interrupts_.Wait(time, has_keys_ ? STDIN_FILENO : -1)) {
    case Interrupts::Wake::kInterrupted:
      return {Event::Kind::kInterrupted, 0};
    case Interrupts::Wake::kTimeout:
      return {Event::Kind::kTick, 0};
    case Interrupts::Wake::kInput:
      break;
  }
  char key = 0;
  if (read(STDIN_FILENO, &key, 1) == 1) return {Event::Kind::kKey, key};
  has_keys_ = false;  // The other end is gone: there will be no more.
  return {};
}

}  // namespace mosaic::ctl
