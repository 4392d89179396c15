// FlowLog writes one JSON line for each flow that has ended: who talked, how
// much, how well, and why it ended.
//
// Order       Lines leave in the order in which flows end; who reads the sink
//             may sort them by FlowView::id().
// Cost        Follows both streams. With digests every payload byte is hashed.

#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "dataplane/api/network_function.h"

namespace mosaic {

class FlowLogConfig : public NfConfig {
 public:
  // Add the SHA-256 of the bytes of each direction up to its first gap; left
  // out of a direction that had bytes while this was off.
  bool payload_digests = false;
  // Which IANA protocol numbers are logged.
  std::array<bool, 256> logs_protocol = {};

  // Everything is logged.
  FlowLogConfig() { logs_protocol.fill(true); }
};

class FlowLog : public NetworkFunction {
 public:
  // A line is never longer than this.
  static constexpr size_t kMaxLineBytes = 2048;

  // `sink` outlives the function.
  explicit FlowLog(RecordSink& sink) : sink_(sink) {}

  EventMask subscriptions() const override;
  ContextLayout context_layout() const override;
  bool compares_retransmissions() const override { return true; }
  void Configure(std::shared_ptr<const NfConfig> config) override;
  [[nodiscard]] Verdict OnEvent(const Event& event, FlowView& flow) override;
  std::span<const NfCounter> counters() const override { return kinds_; }

 private:
  struct Context;

  void OnData(const Event& event, FlowView& flow);
  void WriteLine(const Event& event, FlowView& flow);

  RecordSink& sink_;
  std::shared_ptr<const FlowLogConfig> config_;
  Counter written_;
  Counter lost_;
  const std::array<NfCounter, 2> kinds_ = {
      NfCounter{"records_written", "Records handed to the log's writer.",
                &written_},
      NfCounter{"records_lost",
                "Records lost because the writer was too slow. Write to a "
                "faster disk, or log less.",
                &lost_}};
};

}  // namespace mosaic
