// What SystemConfig's comments promise for what is not set.

#pragma once

#include <cstddef>
#include <string>

#include "mosaic/v1/system_config.pb.h"

namespace mosaic {

inline size_t MemoryMib(const v1::MemoryConfig& memory) {
  constexpr size_t kDefaultMib = 512;
  return memory.has_size_bytes()
             ? static_cast<size_t>(memory.size_bytes() >> 20)
             : kDefaultMib;
}

inline std::string SocketPath(const v1::ControlConfig& control) {
  return control.socket_path().empty() ? "/run/mosaic/mosaicd.sock"
                                       : control.socket_path();
}

inline std::string MetricsListen(const v1::MetricsConfig& metrics) {
  return metrics.listen().empty() ? "127.0.0.1:9464" : metrics.listen();
}

inline bool MetricsEnabled(const v1::MetricsConfig& metrics) {
  return !metrics.has_enabled() || metrics.enabled();
}

}  // namespace mosaic
