// mosaicctl stats: counters of each worker and port, and their sums.

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <optional>

#include "control/cli/terminal.h"
#include "control/ctl/commands.h"
#include "control/ctl/flag_values.h"
#include "control/ctl/live_screen.h"
#include <nlohmann/json.hpp>

namespace mosaic::ctl {
namespace {

struct StatsFlags {
  bool watch = false;
  std::chrono::milliseconds interval{1000};
};

struct Counters {
  v1::ListCoresResponse cores;
  v1::ListPortsResponse ports;
};

CallStatus Read(Client& client, Counters& counters) {
  CallStatus status = client.Call(v1::ListCoresRequest(), counters.cores);
  if (!status.ok()) return status;
  return client.Call(v1::ListPortsRequest(), counters.ports);
}

v1::Core SumOf(const v1::ListCoresResponse& cores) {
  v1::Core sum;
  for (const v1::Core& core : cores.cores()) {
    sum.set_packets(sum.packets() + core.packets());
    sum.set_dropped_packets(sum.dropped_packets() + core.dropped_packets());
    sum.set_flows(sum.flows() + core.flows());
    sum.set_flows_max(sum.flows_max() + core.flows_max());
    sum.set_buffered_bytes(sum.buffered_bytes() + core.buffered_bytes());
  }
  return sum;
}

v1::Port SumOf(const v1::ListPortsResponse& ports) {
  v1::Port sum;
  for (const v1::Port& port : ports.ports()) {
    sum.set_rx_packets(sum.rx_packets() + port.rx_packets());
    sum.set_rx_bytes(sum.rx_bytes() + port.rx_bytes());
    sum.set_tx_packets(sum.tx_packets() + port.tx_packets());
    sum.set_tx_bytes(sum.tx_bytes() + port.tx_bytes());
    sum.set_rx_missed_packets(sum.rx_missed_packets() +
                              port.rx_missed_packets());
    sum.set_rx_no_buffer_packets(sum.rx_no_buffer_packets() +
                                 port.rx_no_buffer_packets());
    sum.set_rx_errors(sum.rx_errors() + port.rx_errors());
    sum.set_tx_errors(sum.tx_errors() + port.tx_errors());
  }
  return sum;
}

void AddCore(const std::string& name, const v1::Core& core, Tone tone,
             Table& table) {
  table.Add({{name, tone},
             {Grouped(core.packets()), tone},
             {Grouped(core.dropped_packets()),
              core.dropped_packets() > 0 ? Tone::kNotice : tone},
             {Grouped(core.flows()), tone},
             {Grouped(core.flows_max()), tone},
             {Grouped(core.buffered_bytes()), tone}});
}

void AddPort(const std::string& name, const v1::Port& port, Tone tone,
             Table& table) {
  const auto loss = [tone](uint64_t count) -> Table::Cell {
    return {Grouped(count), count > 0 ? Tone::kNotice : tone};
  };
  table.Add({{name, tone},
             {Grouped(port.rx_packets()), tone},
             {Grouped(port.rx_bytes()), tone},
             {Grouped(port.tx_packets()), tone},
             {Grouped(port.tx_bytes()), tone},
             loss(port.rx_missed_packets()),
             loss(port.rx_no_buffer_packets()),
             loss(port.rx_errors()),
             loss(port.tx_errors())});
}

std::vector<std::string> Lines(const Counters& counters, size_t columns,
                               const Style& style) {
  Table cores({{"CORE"},
               {"PACKETS", Align::kRight},
               {"DROPPED", Align::kRight},
               {"FLOWS", Align::kRight},
               {"FLOWS MAX", Align::kRight},
               {"BUFFERED BYTES", Align::kRight}});
  for (const v1::Core& core : counters.cores.cores()) {
    AddCore(std::to_string(core.core()), core, Tone::kPlain, cores);
  }
  AddCore("sum", SumOf(counters.cores), Tone::kBold, cores);
  std::vector<std::string> lines = cores.Lines(style, columns);
  if (counters.ports.ports_size() == 0) return lines;
  Table ports({{"PORT"},
               {"RX PACKETS", Align::kRight},
               {"RX BYTES", Align::kRight},
               {"TX PACKETS", Align::kRight},
               {"TX BYTES", Align::kRight},
               {"MISSED", Align::kRight},
               {"NO BUFFER", Align::kRight},
               {"RX ERRORS", Align::kRight},
               {"TX ERRORS", Align::kRight}});
  for (const v1::Port& port : counters.ports.ports()) {
    AddPort(port.name(), port, Tone::kPlain, ports);
  }
  AddPort("sum", SumOf(counters.ports), Tone::kBold, ports);
  lines.emplace_back();
  for (std::string& line : ports.Lines(style, columns)) {
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string StatsJson(const Counters& counters) {
  const auto parse = [](const google::protobuf::Message& message) {
    return nlohmann::json::parse(ToJson(message, JsonLayout::kOneLine));
  };
  nlohmann::json json = parse(counters.cores);
  json.update(parse(counters.ports));
  json["sum"] = {{"core", parse(SumOf(counters.cores))},
                 {"port", parse(SumOf(counters.ports))}};
  return json.dump() + "\n";
}

void Print(Session& session, const Counters& counters) {
  if (session.for_people()) {
    for (const std::string& line :
         Lines(counters, Table::kAnyWidth, session.out_style())) {
      session.Print(line + "\n");
    }
  } else {
    session.Print(StatsJson(counters));
  }
  session.Flush();
}

// Until interrupted: in place on a terminal, else one after the other.
int Watch(Session& session, const StatsFlags& flags) {
  std::optional<LiveScreen> screen;
  Counters counters;
  CallStatus status = Read(session.client(), counters);
  if (session.interactive() && session.for_people() && status.ok()) {
    screen.emplace(session.out(), session.interrupts());
  }
  while (status.ok()) {
    if (screen.has_value()) {
      screen->Draw(Lines(counters, static_cast<size_t>(screen->size().columns),
                         session.out_style()));
      const LiveScreen::Event event = screen->Wait(flags.interval);
      if (event.kind == LiveScreen::Event::Kind::kInterrupted) {
        return kExitInterrupted;
      }
      if (event.key == 'q') return kExitOk;
    } else {
      Print(session, counters);
      if (session.interrupts().Wait(flags.interval) ==
          Interrupts::Wake::kInterrupted) {
        return kExitInterrupted;
      }
    }
    counters = Counters();
    status = Read(session.client(), counters);
  }
  screen.reset();
  return session.Fail(status);
}

int Stats(Session& session, const StatsFlags& flags) {
  if (!session.Supports({Format::kTable, Format::kJson})) return kExitUsage;
  if (flags.watch) return Watch(session, flags);
  Counters counters;
  const CallStatus status = Read(session.client(), counters);
  if (!status.ok()) return session.Fail(status);
  Print(session, counters);
  return kExitOk;
}

}  // namespace

void AddStats(CLI::App& app, Session& session) {
  CLI::App* const command = app.add_subcommand(
      "stats", "Show the counters of every worker and port, and their sums");
  const auto flags = std::make_shared<StatsFlags>();
  command->add_flag("--watch", flags->watch,
                    "Again and again until interrupted");
  AddDuration(*command, "--interval", absl::Milliseconds(100), absl::Hours(1),
              "Time between two readings of --watch; default 1s",
              [flags](const google::protobuf::Duration& time) {
                flags->interval = std::chrono::milliseconds(
                    time.seconds() * 1000 + time.nanos() / 1'000'000);
              })
      ->needs("--watch");
  command->callback([&session, flags] {
    session.command = [&session, flags] { return Stats(session, *flags); };
  });
  AddExamples(*command, {"mosaicctl stats", "mosaicctl stats --watch",
                         "mosaicctl stats -o json"});
}

}  // namespace mosaic::ctl
