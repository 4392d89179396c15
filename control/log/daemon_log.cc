#include "control/log/daemon_log.h"

#include <spdlog/formatter.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <optional>
#include <utility>

#include "dataplane/base/check.h"
#include <nlohmann/json.hpp>

namespace mosaic {
namespace {

constexpr std::array<std::string_view, kLogComponents> kComponents = {
    "control", "dataplane", "dpdk", "rpc"};

struct LevelName {
  std::string_view name;
  spdlog::level::level_enum level;
};
constexpr std::array<LevelName, 5> kLevels = {{{"trace", spdlog::level::trace},
                                               {"debug", spdlog::level::debug},
                                               {"info", spdlog::level::info},
                                               {"warn", spdlog::level::warn},
                                               {"error", spdlog::level::err}}};

std::string_view NameOf(spdlog::level::level_enum level) {
  for (const LevelName& known : kLevels) {
    if (known.level == level) return known.name;
  }
  return "error";
}

std::optional<spdlog::level::level_enum> LevelOf(std::string_view name) {
  for (const LevelName& known : kLevels) {
    if (known.name == name) return known.level;
  }
  return std::nullopt;
}

// {"time":"2026-01-02T03:04:05.678Z","level":"info",...}
class JsonFormatter : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message,
              spdlog::memory_buf_t& out) override {
    const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(
                            message.time.time_since_epoch())
                            .count();
    const std::time_t seconds = millis / 1000;
    std::tm utc = {};
    gmtime_r(&seconds, &utc);
    nlohmann::ordered_json line;
    line["time"] =
        fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
                    utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                    utc.tm_hour, utc.tm_min, utc.tm_sec, millis % 1000);
    line["level"] = NameOf(message.level);
    line["component"] =
        std::string(message.logger_name.data(), message.logger_name.size());
    line["message"] =
        std::string(message.payload.data(), message.payload.size());
    // What is no UTF-8 is replaced: a line must stay readable.
    const std::string text = line.dump(
        -1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    out.append(text.data(), text.data() + text.size());
    out.push_back('\n');
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<JsonFormatter>();
  }
};

std::shared_ptr<spdlog::sinks::sink> MakeSink(DaemonLog::Format format) {
  std::shared_ptr<spdlog::sinks::sink> sink;
  if (format == DaemonLog::Format::kJson) {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    sink->set_formatter(std::make_unique<JsonFormatter>());
  } else {
    sink = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
    sink->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        "%Y-%m-%d %H:%M:%S.%e %^%-7l%$ %n: %v"));
  }
  return sink;
}

}  // namespace

std::string_view Name(LogComponent component) {
  return kComponents[static_cast<size_t>(component)];
}

DaemonLog::DaemonLog(Format format) {
  const std::shared_ptr<spdlog::sinks::sink> sink = MakeSink(format);
  for (size_t i = 0; i < kLogComponents; ++i) {
    loggers_[i] =
        std::make_shared<spdlog::logger>(std::string(kComponents[i]), sink);
    loggers_[i]->flush_on(spdlog::level::trace);
  }
}

DaemonLog::~DaemonLog() = default;

spdlog::logger& DaemonLog::logger(LogComponent component) {
  return *loggers_[static_cast<size_t>(component)];
}

bool DaemonLog::IsComponent(std::string_view component) {
  return component.empty() ||
         std::ranges::find(kComponents, component) != kComponents.end();
}

bool DaemonLog::IsLevel(std::string_view level) {
  return LevelOf(level).has_value();
}

void DaemonLog::SetLevel(std::string_view component, std::string_view level) {
  const auto wanted = LevelOf(level);
  MOSAIC_CHECK(wanted.has_value() && IsComponent(component));
  const absl::MutexLock lock(&mutex_);
  for (size_t i = 0; i < kLogComponents; ++i) {
    if (!component.empty() && component != kComponents[i]) continue;
    loggers_[i]->set_level(*wanted);
    const bool is_dpdk = i == static_cast<size_t>(LogComponent::kDpdk);
    if (is_dpdk && dpdk_changed_) dpdk_changed_(level);
  }
}

std::map<std::string, std::string> DaemonLog::Levels() const {
  std::map<std::string, std::string> levels;
  for (size_t i = 0; i < kLogComponents; ++i) {
    levels[std::string(kComponents[i])] = NameOf(loggers_[i]->level());
  }
  return levels;
}

void DaemonLog::WatchDpdkLevel(
    std::function<void(std::string_view level)> changed) {
  const absl::MutexLock lock(&mutex_);
  dpdk_changed_ = std::move(changed);
  if (dpdk_changed_) {
    dpdk_changed_(NameOf(logger(LogComponent::kDpdk).level()));
  }
}

}  // namespace mosaic
