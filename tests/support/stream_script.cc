#include "tests/support/stream_script.h"

#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include "tests/support/connection.h"
#include "tests/support/engine_harness.h"

namespace mosaic::testing {
namespace {

constexpr Side kServer = Side::kServer;
constexpr size_t kFunctions = 2;
constexpr uint64_t kMaxStream = 60'000;
constexpr size_t kMaxOperations = 400;
constexpr uint32_t kSizes[] = {0, 1, 8, 64, 1000, 2048, 5000, 300'000};
constexpr size_t kLengths[] = {1, 2, 7, 40, 200, 1000, 1400, 3};

char TrueByte(uint64_t offset) {
  return static_cast<char>(offset * 0x9e3779b97f4a7c15u >> 56);
}

// What one function knows.
struct Reader {
  uint64_t at = 0;
  std::vector<bool> told = std::vector<bool>(2 * kMaxStream);
  bool stopped = false;
  // It asked for no buffer once: what came then is missed without a word.
  bool had_no_buffer = false;
  // Done in its next callback.
  std::function<void(FlowView&)> next;
};

class Play {
 public:
  Play(std::span<const uint8_t> script, StreamCoverage& coverage)
      : rest_(script), coverage_(coverage) {}

  std::string Run() {
    EngineHarness harness(Setup());
    Connection connection(harness);
    connection.Handshake();
    for (size_t i = 0; i < kMaxOperations && !rest_.empty(); ++i) {
      ++coverage_.operations;
      Step(harness, connection);
      CheckHeld();
      if (!wrong_.empty()) break;
    }
    harness.EndAll();
    if (!ended_) Fail("the end was not told");
    return wrong_;
  }

 private:
  uint32_t U8() {
    if (rest_.empty()) return 0;
    const uint32_t value = rest_[0];
    rest_ = rest_.subspan(1);
    return value;
  }

  void Fail(const std::string& what) {
    if (wrong_.empty()) {
      wrong_ = what + " after " + std::to_string(coverage_.operations) +
               " operations";
    }
  }

  EngineSetup Setup() {
    EngineSetup setup;
    setup.pipeline.limits.flows = 4;
    setup.pipeline.limits.timers = 4;
    setup.functions.resize(kFunctions);
    setup.monitors = {StreamMonitor({0}), StreamMonitor({1})};
    setup.monitors[1].name = "monitors/second";
    const uint32_t choice = U8();
    for (size_t i = 0; i < kFunctions; ++i) {
      SidePolicy& side = setup.monitors[i].side[Index(kServer)];
      side.full =
          (choice & 1) != 0 ? FullBuffer::kDropOldest : FullBuffer::kStop;
      side.buffer_bytes = kSizes[1 + (choice >> 1) % 7];
      FunctionSetup& function = setup.functions[i];
      function.peeks = true;
      function.on_start = [this, i](const WorkerView& view) {
        worker_[i] = view;
      };
      function.on_event = [this, i](const Event& event, FlowView& flow) {
        OnEvent(reader_[i], event, flow);
        return Verdict::kForward;
      };
    }
    return setup;
  }

  void OnEvent(Reader& reader, const Event& event, FlowView& flow) {
    handle_ = flow.handle();
    if (event.kind == EventKind::kError && event.side == kServer) {
      Told(reader, event.error);
    }
    if (event.kind == EventKind::kConnectionEnd) {
      ended_ = true;
      if (event.side == kServer && event.hook == Hook::kReceiver) {
        Drain(reader, flow);
      }
      return;
    }
    if (reader.stopped && event.side == kServer) {
      Fail("an event of a side that is stopped");
    }
    if (reader.next) {
      const auto act = std::move(reader.next);
      reader.next = nullptr;
      act(flow);
    }
  }

  void Told(Reader& reader, const StreamError& error) {
    switch (error.cause) {
      case ErrorCause::kGap:
        ++coverage_.gaps;
        break;
      case ErrorCause::kBufferFull:
        ++coverage_.buffer_full;
        break;
      case ErrorCause::kOverwritten:
        ++coverage_.overwritten;
        break;
      case ErrorCause::kOverlapConflict:
        Fail("a conflict, and the sender is honest");
        break;
      default:
        break;
    }
    const uint64_t end =
        std::min<uint64_t>(error.offset + error.length, reader.told.size());
    for (uint64_t i = error.offset; i < end; ++i) reader.told[i] = true;
  }

  // One Peek(); false if it gave nothing.
  bool Peek(Reader& reader, FlowView& flow, size_t most) {
    std::vector<uint8_t> to(most);
    const PeekResult result = flow.Peek(kServer, to);
    if (result.bytes > 0 && result.missed > 0) Fail("read and missed at once");
    if (reader.stopped && result.bytes > 0) Fail("read after the stop");
    for (uint32_t i = 0; i < result.bytes; ++i) {
      if (static_cast<char>(to[i]) != TrueByte(reader.at + i)) {
        Fail("wrong byte at " + std::to_string(reader.at + i));
      }
    }
    reader.at += result.bytes;
    for (uint64_t i = 0; i < result.missed; ++i) {
      if (!reader.told[reader.at + i] && !reader.had_no_buffer) {
        Fail("missed without a word at " + std::to_string(reader.at + i));
      }
    }
    reader.at += result.missed;
    if (flow.read_offset(kServer) != reader.at) Fail("the offset is elsewhere");
    coverage_.bytes_read += result.bytes;
    coverage_.bytes_missed += result.missed;
    return result.bytes > 0 || result.missed > 0;
  }

  void Drain(Reader& reader, FlowView& flow) {
    while (wrong_.empty() && Peek(reader, flow, 700)) {
    }
    const uint64_t front = flow.counters(Side::kClient).stream_bytes +
                           flow.counters(Side::kClient).gap_bytes;
    if (!reader.stopped && flow.buffer_bytes(kServer) > 0 &&
        reader.at != front) {
      Fail("drained to " + std::to_string(reader.at) + ", not to the front " +
           std::to_string(front));
    }
  }

  static void PeekSomewhere(FlowView& flow, uint64_t offset,
                            std::string& wrong) {
    std::array<uint8_t, 100> to;
    const uint32_t n = flow.PeekAt(kServer, offset, to);
    for (uint32_t i = 0; i < n; ++i) {
      if (static_cast<char>(to[i]) != TrueByte(offset + i)) {
        wrong = "wrong byte by position at " + std::to_string(offset + i);
      }
    }
  }

  // Does `act` as function `i`, at once or in its next callback.
  void Do(size_t i, bool in_callback, std::function<void(FlowView&)> act) {
    if (in_callback) {
      reader_[i].next = std::move(act);
    } else if (!worker_[i].VisitFlow(handle_, act)) {
      Fail("the flow is not there");
    }
  }

  void SendData(Connection& connection, uint32_t where) {
    const size_t length = kLengths[U8() % std::size(kLengths)];
    uint64_t offset = sent_;
    if (where == 1) offset += kLengths[U8() % std::size(kLengths)];
    if (where == 2) offset -= std::min<uint64_t>(offset, 64 * U8());
    if (offset + length > kMaxStream) return;
    std::string text(length, '\0');
    for (size_t i = 0; i < length; ++i) text[i] = TrueByte(offset + i);
    connection.client().Data(offset, text);
    sent_ = std::max(sent_, offset + length);
  }

  void Step(EngineHarness& harness, Connection& connection) {
    static_cast<void>(harness);
    const uint32_t code = U8();
    const size_t i = code >> 7;
    const bool in_callback = (code >> 6 & 1) != 0;
    Reader& reader = reader_[i];
    switch (code % 16) {
      default:
        SendData(connection, 0);
        break;
      case 5:
        SendData(connection, 1);
        break;
      case 6:
      case 7:
        SendData(connection, 2);
        break;
      case 8:
        connection.server().Ack(sent_);
        break;
      case 9:
      case 10:
      case 11: {
        const size_t most = 1 + 8 * U8();
        Do(i, in_callback,
           [this, &reader, most](FlowView& flow) { Peek(reader, flow, most); });
        break;
      }
      case 12: {
        const uint64_t offset = 256 * U8();
        Do(i, in_callback, [this, offset](FlowView& flow) {
          PeekSomewhere(flow, offset, wrong_);
        });
        break;
      }
      case 13: {
        const uint32_t bytes = kSizes[U8() % std::size(kSizes)];
        Do(i, in_callback, [this, &reader, bytes](FlowView& flow) {
          reader.had_no_buffer |= bytes == 0;
          if (!flow.SetBufferBytes(kServer, bytes)) Fail("no such size");
        });
        break;
      }
      case 14: {
        const auto policy = static_cast<OverlapPolicy>(U8() % 6);
        Do(i, in_callback, [policy](FlowView& flow) {
          flow.SetOverlapPolicy(kServer, policy);
        });
        break;
      }
      case 15:
        if (U8() % 8 != 0) break;
        Do(i, in_callback, [this, &reader](FlowView& flow) {
          flow.StopMonitoring(kServer);
          reader.stopped = true;
          ++coverage_.stops;
        });
        break;
    }
  }

  void CheckHeld() {
    for (size_t i = 0; i < kFunctions; ++i) {
      worker_[i].VisitFlow(handle_, [this](FlowView& flow) {
        uint64_t held = 0;
        uint64_t from = 0;
        for (HeldRange range = flow.NextHeld(kServer, 0); range.length > 0;
             range = flow.NextHeld(kServer, from)) {
          if (range.offset < from) return Fail("fragments out of order");
          held += range.length;
          from = range.offset + range.length;
        }
        if (held > kSizes[std::size(kSizes) - 1])
          Fail("more held than allowed");
        return;
      });
    }
  }

  std::span<const uint8_t> rest_;
  StreamCoverage& coverage_;
  std::array<Reader, kFunctions> reader_;
  std::array<WorkerView, kFunctions> worker_;
  FlowHandle handle_;
  uint64_t sent_ = 0;
  bool ended_ = false;
  std::string wrong_;
};

}  // namespace

std::string PlayStreamScript(std::span<const uint8_t> script,
                             StreamCoverage& coverage) {
  return Play(script, coverage).Run();
}

}  // namespace mosaic::testing
