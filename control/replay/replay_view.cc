#include "control/replay/replay_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "control/cli/terminal.h"

namespace mosaic {
namespace {

constexpr double kSecondsBetweenLines = 5;
constexpr int kBarColumns = 40;

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kPlain = "\x1b[0m";
constexpr std::string_view kClearToEndOfLine = "\x1b[K";

std::string_view ProtocolName(uint8_t protocol) {
  switch (protocol) {
    case 1:
      return "icmp";
    case 6:
      return "tcp";
    case 17:
      return "udp";
    case 58:
      return "icmp6";
    default:
      return "ip";
  }
}

// Two states in one column, once if they are the same.
std::string StateText(const FlowSummary& flow) {
  if (flow.protocol != 6) return "-";
  const std::string_view client = Name(flow.state[0]);
  const std::string_view server = Name(flow.state[1]);
  if (client == server) return std::string(client);
  return fmt::format("{}/{}", client, server);
}

double MegaPacketsPerSecond(const ReplayWorkerReport& worker) {
  return worker.busy_seconds > 0
             ? static_cast<double>(worker.packets) / worker.busy_seconds / 1e6
             : 0;
}

uint64_t ActiveFlows(const ReplayReport& report) {
  uint64_t flows = 0;
  for (const ReplayWorkerReport& worker : report.workers) flows += worker.flows;
  return flows;
}

}  // namespace

ReplayView::~ReplayView() {
  if (!drawn_) return;
  std::fputs(style_ == Style::kTable ? "\x1b[?25h" : "\r\x1b[K", out_);
  std::fflush(out_);
}

size_t ReplayView::flows_shown() const {
  if (style_ != Style::kTable) return 0;
  return static_cast<size_t>(std::clamp(SizeOf(out_).lines - 12, 5, 60));
}

void ReplayView::Show(const ReplayStatus& status) {
  switch (style_) {
    case Style::kNone:
      break;
    case Style::kProgressBar:
      ShowBar(status);
      break;
    case Style::kTable:
      ShowTable(status);
      break;
    case Style::kLines:
      ShowLine(status);
      break;
  }
}

void ReplayView::ShowBar(const ReplayStatus& status) {
  const uint64_t total = std::max<uint64_t>(status.total_file_bytes, 1);
  const double part =
      std::min(1.0, static_cast<double>(status.progress.file_bytes.Read()) /
                        static_cast<double>(total));
  const int filled = static_cast<int>(part * kBarColumns);
  drawn_ = true;
  fmt::print(out_, "\r[{:=<{}}{: <{}}] {:3.0f} %  {} packets{}", "", filled, "",
             kBarColumns - filled, part * 100, Grouped(status.so_far.packets),
             kClearToEndOfLine);
  std::fflush(out_);
}

void ReplayView::ShowLine(const ReplayStatus& status) {
  const ReplayReport& report = status.so_far;
  if (report.wall_seconds < next_line_at_) return;
  next_line_at_ = report.wall_seconds + kSecondsBetweenLines;
  fmt::print(out_,
             "{:6.0f} s  loop {}  {} packets  {} active flows  {} flows ended  "
             "{} delivered\n",
             report.wall_seconds, report.loops + 1, Grouped(report.packets),
             ActiveFlows(report),
             Grouped(report.flows_created - ActiveFlows(report)),
             HumanBytes(report.delivered_bytes));
  std::fflush(out_);
}

void ReplayView::ShowTable(const ReplayStatus& status) {
  const ReplayReport& report = status.so_far;
  const size_t columns = static_cast<size_t>(SizeOf(out_).columns);
  std::string screen = drawn_ ? "\x1b[H" : "\x1b[2J\x1b[H\x1b[?25l";
  drawn_ = true;
  const auto line = [&](std::string_view style, std::string text) {
    if (text.size() > columns) text.resize(columns);
    screen.append(style).append(text).append(kPlain);
    screen.append(kClearToEndOfLine).append("\n");
  };
  const double elapsed = report.wall_seconds - last_seconds_;
  const double rate =
      elapsed > 0
          ? static_cast<double>(report.packets - last_packets_) / elapsed
          : 0;
  last_packets_ = report.packets;
  last_seconds_ = report.wall_seconds;
  line(kBold,
       fmt::format("mosaic replay   loop {}   {:.0f} s   {:.0f} packets/s"
                   "   Ctrl-C ends",
                   report.loops + 1, report.wall_seconds, rate));
  line("", fmt::format("packets {}   dropped {}   flows {} active, {} in all   "
                       "delivered {}   retransmitted {}   gaps {}",
                       Grouped(report.packets), Grouped(report.dropped_packets),
                       ActiveFlows(report), Grouped(report.flows_created),
                       HumanBytes(report.delivered_bytes),
                       Grouped(report.retransmitted_packets),
                       HumanBytes(report.gap_bytes)));
  line("", "");
  line(kDim, fmt::format("{:>6} {:>4} {:>12} {:>8} {:>8} {:>7}", "WORKER",
                         "CPU", "PACKETS", "FLOWS", "MPPS", "BUSY"));
  for (size_t i = 0; i < report.workers.size(); ++i) {
    const ReplayWorkerReport& worker = report.workers[i];
    line("", fmt::format("{:>6} {:>4} {:>12} {:>8} {:>8.2f} {:>6.1f}%", i,
                         worker.cpu, Grouped(worker.packets), worker.flows,
                         MegaPacketsPerSecond(worker),
                         100 * worker.busy_seconds /
                             std::max(report.wall_seconds, 1e-9)));
  }
  line("", "");
  line(kDim,
       fmt::format("{:<5} {:<28} {:<28} {:<24} {:>10} {:>10} {:>6}", "PROTO",
                   "CLIENT", "SERVER", "STATE", "SENT", "RECEIVED", "RETX"));
  for (const FlowSummary& flow : status.flows) {
    line("", fmt::format("{:<5} {:<28} {:<28} {:<24} {:>10} {:>10} {:>6}",
                         ProtocolName(flow.protocol), Text(flow.client),
                         Text(flow.server), StateText(flow),
                         HumanBytes(flow.sent[0].payload_bytes),
                         HumanBytes(flow.sent[1].payload_bytes),
                         flow.sent[0].retransmitted_packets +
                             flow.sent[1].retransmitted_packets));
  }
  screen.append("\x1b[J");
  std::fwrite(screen.data(), 1, screen.size(), out_);
  std::fflush(out_);
}

std::string Summary(const ReplayReport& report) {
  std::string text = fmt::format(
      "packets          {} ({}), dropped {}, unreadable {}\n"
      "flows            {}, of them TCP connections {}\n"
      "ended by        ",
      Grouped(report.packets), HumanBytes(report.bytes),
      Grouped(report.dropped_packets), Grouped(report.parse_errors),
      Grouped(report.flows_created), Grouped(report.tcp_connections));
  bool any = false;
  for (size_t i = 0; i < kEndReasons; ++i) {
    if (report.flows_ended[i] == 0) continue;
    text +=
        fmt::format("{} {} {}", any ? "," : "", Name(static_cast<EndReason>(i)),
                    Grouped(report.flows_ended[i]));
    any = true;
  }
  if (!any) text += " none";
  text += fmt::format(
      "\nstream bytes     {} delivered in order, {} in gaps, {} in conflict\n"
      "segments         {} retransmitted, {} out of order\n",
      Grouped(report.delivered_bytes), Grouped(report.gap_bytes),
      Grouped(report.conflict_bytes), Grouped(report.retransmitted_packets),
      Grouped(report.out_of_order_packets));
  for (size_t i = 0; i < report.workers.size(); ++i) {
    text += fmt::format("worker {:<9} {} packets, {:.2f} Mpps while busy\n", i,
                        Grouped(report.workers[i].packets),
                        MegaPacketsPerSecond(report.workers[i]));
  }
  text += fmt::format("time             {:.3f} s\n", report.wall_seconds);
  if (report.bounds_hit > 0) {
    text += fmt::format(
        "bounds           hit {} times: results may depend on the number of "
        "workers; raise limits\n",
        Grouped(report.bounds_hit));
  }
  return text;
}

}  // namespace mosaic
