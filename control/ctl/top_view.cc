#include "control/ctl/top_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "control/ctl/printable_text.h"
#include "control/ctl/resource_table.h"
#include "control/ctl/session.h"
#include <nlohmann/json.hpp>

namespace mosaic::ctl {
namespace {

using google::protobuf::Message;
using Rates = std::vector<std::pair<const char*, double>>;

constexpr int kBarColumns = 20;

// A row's message and what its counters grew by each second.
template <typename Row>
struct Rated {
  const Row* row = nullptr;
  Rates rates;

  double operator[](std::string_view name) const {
    for (const auto& [known, rate] : rates) {
      if (name == known) return rate;
    }
    return 0;
  }
};

template <typename Row>
using Counter = std::pair<const char*, std::function<uint64_t(const Row&)>>;

// The rows of `now` with their rates; those that `before` does not have, by
// `key`, have grown from nothing, or, being new, are shown without rates.
template <typename Row, typename Key>
std::vector<Rated<Row>> RateRows(const Messages<Row>& before,
                                 const Messages<Row>& now, double seconds,
                                 Key key,
                                 const std::vector<Counter<Row>>& counters) {
  std::unordered_map<std::decay_t<decltype(key(now[0]))>, const Row*> old;
  for (const Row& row : before) old.emplace(key(row), &row);
  std::vector<Rated<Row>> rated;
  for (const Row& row : now) {
    const auto found = old.find(key(row));
    Rates rates;
    for (const auto& [name, read] : counters) {
      rates.emplace_back(name, found == old.end() ? 0
                                                  : Rate(read(*found->second),
                                                         read(row), seconds));
    }
    rated.push_back({&row, std::move(rates)});
  }
  return rated;
}

double Interval(const Sample& before, const Sample& now) {
  const bool same = before.capabilities.boot_id() == now.capabilities.boot_id();
  return same ? now.seconds - before.seconds : 0;
}

std::vector<Rated<v1::Core>> RatedCores(const Sample& before,
                                        const Sample& now) {
  return RateRows<v1::Core>(
      before.cores.cores(), now.cores.cores(), Interval(before, now),
      [](const v1::Core& core) { return core.core(); },
      {{"packets_per_second", [](const v1::Core& c) { return c.packets(); }},
       {"dropped_packets_per_second",
        [](const v1::Core& c) { return c.dropped_packets(); }}});
}

std::vector<Rated<v1::Port>> RatedPorts(const Sample& before,
                                        const Sample& now) {
  return RateRows<v1::Port>(
      before.ports.ports(), now.ports.ports(), Interval(before, now),
      [](const v1::Port& port) { return port.name(); },
      {{"rx_packets_per_second",
        [](const v1::Port& p) { return p.rx_packets(); }},
       {"rx_bits_per_second",
        [](const v1::Port& p) { return 8 * p.rx_bytes(); }},
       {"tx_packets_per_second",
        [](const v1::Port& p) { return p.tx_packets(); }},
       {"tx_bits_per_second",
        [](const v1::Port& p) { return 8 * p.tx_bytes(); }},
       {"lost_packets_per_second",
        [](const v1::Port& p) {
          return p.rx_missed_packets() + p.rx_no_buffer_packets();
        }},
       {"errors_per_second",
        [](const v1::Port& p) { return p.rx_errors() + p.tx_errors(); }}});
}

std::vector<Rated<v1::Flow>> RatedFlows(const Sample& before,
                                        const Sample& now) {
  auto rated = RateRows<v1::Flow>(
      before.flows.flows(), now.flows.flows(), Interval(before, now),
      [](const v1::Flow& flow) { return flow.flow_id(); },
      {{"client_bits_per_second",
        [](const v1::Flow& f) { return 8 * f.client().bytes(); }},
       {"server_bits_per_second",
        [](const v1::Flow& f) { return 8 * f.server().bytes(); }},
       {"packets_per_second", [](const v1::Flow& f) {
          return f.client().packets() + f.server().packets();
        }}});
  const auto weight = [](const Rated<v1::Flow>& flow) {
    return std::make_tuple(
        flow["client_bits_per_second"] + flow["server_bits_per_second"],
        flow.row->client().bytes() + flow.row->server().bytes());
  };
  std::stable_sort(rated.begin(), rated.end(),
                   [&](const Rated<v1::Flow>& a, const Rated<v1::Flow>& b) {
                     return weight(a) > weight(b);
                   });
  return rated;
}

// Growth of each counter of a function, by its name and label.
using CounterKey = std::tuple<std::string, std::string, std::string>;
std::map<CounterKey, uint64_t> CountersOf(
    const Messages<v1::NfInstance>& instances) {
  std::map<CounterKey, uint64_t> counters;
  for (const v1::NfInstance& instance : instances) {
    for (const v1::NfCounterValue& counter : instance.counters()) {
      counters[{instance.name(), counter.name(), counter.label()}] =
          counter.value();
    }
  }
  return counters;
}

double CounterRate(const std::map<CounterKey, uint64_t>& before,
                   const v1::NfInstance& instance,
                   const v1::NfCounterValue& counter, double seconds) {
  const auto old =
      before.find({instance.name(), counter.name(), counter.label()});
  return old == before.end() ? 0 : Rate(old->second, counter.value(), seconds);
}

Table::Cell LossRate(double rate) {
  return {HumanCount(rate), rate > 0 ? Tone::kBad : Tone::kPlain};
}

Table::Cell Bar(double ratio) {
  const int filled =
      std::clamp(static_cast<int>(ratio * kBarColumns + 0.5), 0, kBarColumns);
  return {fmt::format("[{:#<{}}{: <{}}]", "", filled, "", kBarColumns - filled),
          ratio > 0.9   ? Tone::kBad
          : ratio > 0.7 ? Tone::kNotice
                        : Tone::kGood};
}

Table CoresTable(const Sample& before, const Sample& now) {
  Table table({{"CORE", Align::kRight},
               {"CPU", Align::kRight},
               {"BUSY", Align::kRight},
               {"LOAD"},
               {"PACKETS/s", Align::kRight},
               {"DROPPED/s", Align::kRight},
               {"FLOWS", Align::kRight},
               {"BUFFERED", Align::kRight},
               {"REVISION", Align::kRight},
               {"PACKETS", Align::kRight},
               {"DROPPED", Align::kRight}});
  for (const Rated<v1::Core>& rated : RatedCores(before, now)) {
    const v1::Core& core = *rated.row;
    table.Add({std::to_string(core.core()), std::to_string(core.cpu()),
               fmt::format("{:.1f}%", 100 * core.busy_ratio()),
               Bar(core.busy_ratio()), HumanCount(rated["packets_per_second"]),
               LossRate(rated["dropped_packets_per_second"]),
               Grouped(core.flows()), HumanBytes(core.buffered_bytes()),
               std::to_string(core.applied_revision()), Grouped(core.packets()),
               Grouped(core.dropped_packets())});
  }
  return table;
}

Table PortsTable(const Sample& before, const Sample& now) {
  Table table({{"PORT"},
               {"LINK"},
               {"RX/s", Align::kRight},
               {"RX bit/s", Align::kRight},
               {"TX/s", Align::kRight},
               {"TX bit/s", Align::kRight},
               {"LOST/s", Align::kRight},
               {"ERRORS/s", Align::kRight},
               {"MODE"},
               {"PEER"},
               {"DEVICE"}});
  for (const Rated<v1::Port>& rated : RatedPorts(before, now)) {
    const v1::Port& port = *rated.row;
    table.Add({std::string(IdOf(port.name())),
               port.link_up() ? Table::Cell("up", Tone::kGood)
                              : Table::Cell("down", Tone::kBad),
               HumanCount(rated["rx_packets_per_second"]),
               HumanCount(rated["rx_bits_per_second"]),
               HumanCount(rated["tx_packets_per_second"]),
               HumanCount(rated["tx_bits_per_second"]),
               LossRate(rated["lost_packets_per_second"]),
               LossRate(rated["errors_per_second"]),
               port.mode() == v1::PORT_MODE_WIRE ? "wire" : "tap",
               std::string(IdOf(port.peer())), port.device()});
  }
  return table;
}

Table FlowsTable(const Sample& before, const Sample& now, size_t rows) {
  Table table({{"CLIENT"},
               {"SERVER"},
               {"UP bit/s", Align::kRight},
               {"DOWN bit/s", Align::kRight},
               {"STATE"},
               {"PROTO"},
               {"PACKETS/s", Align::kRight},
               {"SENT", Align::kRight},
               {"RECEIVED", Align::kRight},
               {"AGE", Align::kRight},
               {"MONITORS"}});
  for (const Rated<v1::Flow>& rated : RatedFlows(before, now)) {
    if (table.rows() >= rows) break;
    const v1::Flow& flow = *rated.row;
    const v1::FlowKey& key = flow.key();
    table.Add({Endpoint(key.client_address(), key.client_port()),
               Endpoint(key.server_address(), key.server_port()),
               HumanCount(rated["client_bits_per_second"]),
               HumanCount(rated["server_bits_per_second"]), StateText(flow),
               ProtocolText(key.protocol()),
               HumanCount(rated["packets_per_second"]),
               HumanBytes(flow.client().payload_bytes()),
               HumanBytes(flow.server().payload_bytes()),
               HumanDuration(now.unix_time - Seconds(flow.start_time())),
               Ids(flow.monitors())});
  }
  return table;
}

Table NfsTable(const Sample& before, const Sample& now) {
  Table table({{"NF"},
               {"TYPE"},
               {"STATE"},
               {"COUNTER"},
               {"OF"},
               {"VALUE", Align::kRight},
               {"PER SECOND", Align::kRight}});
  const auto old = CountersOf(before.nfs.nf_instances());
  for (const v1::NfInstance& instance : now.nfs.nf_instances()) {
    const Table::Cell state = instance.state() == v1::NF_STATE_FAILED
                                  ? Table::Cell("failed", Tone::kBad)
                                  : Table::Cell("running", Tone::kGood);
    const std::string id(IdOf(instance.name()));
    if (instance.counters().empty()) {
      table.Add({id, TypeOf(instance), state, "", "", "", ""});
    }
    for (const v1::NfCounterValue& counter : instance.counters()) {
      table.Add({id, TypeOf(instance), state, counter.name(), counter.label(),
                 Grouped(counter.value()),
                 HumanCount(CounterRate(old, instance, counter,
                                        Interval(before, now)))});
    }
  }
  return table;
}

Table TableOf(TopView view, const Sample& before, const Sample& now,
              size_t rows) {
  switch (view) {
    case TopView::kCores:
      break;
    case TopView::kFlows:
      return FlowsTable(before, now, rows);
    case TopView::kPorts:
      return PortsTable(before, now);
    case TopView::kNf:
      return NfsTable(before, now);
  }
  return CoresTable(before, now);
}

std::string_view NameOf(TopView view) {
  switch (view) {
    case TopView::kCores:
      return "cores";
    case TopView::kFlows:
      return "flows";
    case TopView::kPorts:
      return "ports";
    case TopView::kNf:
      return "nf";
  }
  return "";
}

std::string Title(TopView view, const Sample& now) {
  const v1::GetCapabilitiesResponse& daemon = now.capabilities;
  std::string title =
      fmt::format("mosaic top {}   mosaicd {}   up {}   revision {}",
                  NameOf(view), Printable(daemon.version()),
                  HumanDuration(now.unix_time - Seconds(daemon.start_time())),
                  daemon.running_revision());
  if (daemon.draining()) title += "   DRAINING";
  if (view == TopView::kFlows && now.flows_cut) {
    title +=
        fmt::format("   of the oldest {} flows",
                    Grouped(static_cast<uint64_t>(now.flows.flows_size())));
  }
  return title;
}

std::string Totals(const Sample& before, const Sample& now) {
  double packets = 0;
  double dropped = 0;
  uint64_t flows = 0;
  uint64_t flows_max = 0;
  uint64_t buffered = 0;
  for (const Rated<v1::Core>& rated : RatedCores(before, now)) {
    packets += rated["packets_per_second"];
    dropped += rated["dropped_packets_per_second"];
    flows += rated.row->flows();
    flows_max += rated.row->flows_max();
    buffered += rated.row->buffered_bytes();
  }
  double received = 0;
  for (const Rated<v1::Port>& rated : RatedPorts(before, now)) {
    received += rated["rx_bits_per_second"];
  }
  return fmt::format("{} packets/s  {}  dropped {}/s  flows {} of {}  held {}",
                     HumanCount(packets), HumanBits(received),
                     HumanCount(dropped), Grouped(flows), Grouped(flows_max),
                     HumanBytes(buffered));
}

template <typename Row>
nlohmann::json RowsJson(const std::vector<Rated<Row>>& rows) {
  nlohmann::json array = nlohmann::json::array();
  for (const Rated<Row>& rated : rows) {
    nlohmann::json row =
        nlohmann::json::parse(ToJson(*rated.row, JsonLayout::kOneLine));
    for (const auto& [name, rate] : rated.rates) row["rates"][name] = rate;
    array.push_back(std::move(row));
  }
  return array;
}

nlohmann::json NfsJson(const Sample& before, const Sample& now) {
  nlohmann::json array = nlohmann::json::array();
  const auto old = CountersOf(before.nfs.nf_instances());
  for (const v1::NfInstance& instance : now.nfs.nf_instances()) {
    nlohmann::json row =
        nlohmann::json::parse(ToJson(instance, JsonLayout::kOneLine));
    for (int i = 0; i < instance.counters_size(); ++i) {
      row["counters"][static_cast<size_t>(i)]["per_second"] = CounterRate(
          old, instance, instance.counters(i), Interval(before, now));
    }
    array.push_back(std::move(row));
  }
  return array;
}

}  // namespace

double Rate(uint64_t before, uint64_t now, double seconds) {
  if (seconds <= 0 || now < before) return 0;
  return static_cast<double>(now - before) / seconds;
}

std::vector<std::string> TopLines(TopView view, const Sample& before,
                                  const Sample& now, TerminalSize size,
                                  Keys keys, const Style& style) {
  const auto columns = static_cast<size_t>(size.columns);
  const auto room = static_cast<size_t>(std::max(size.lines, 6));
  const auto add = [&](std::vector<std::string>& lines, Tone tone,
                       const std::string& text) {
    lines.push_back(style.Paint(tone, FirstColumns(text, columns)));
  };
  std::vector<std::string> lines;
  add(lines, Tone::kBold, Title(view, now));
  add(lines, Tone::kPlain, Totals(before, now));
  lines.emplace_back();
  // The head has three lines, the table's heading one, the keys two.
  const size_t rows = room - (keys == Keys::kShown ? 6 : 4);
  const std::vector<std::string> table =
      TableOf(view, before, now, rows).Lines(style, columns);
  for (size_t i = 0; i < table.size() && i <= rows; ++i) {
    lines.push_back(table[i]);
  }
  if (keys == Keys::kHidden) return lines;
  while (lines.size() + 1 < room) lines.emplace_back();
  add(lines, Tone::kDim, "c cores   f flows   p ports   n nf   q quit");
  return lines;
}

std::string TopJson(TopView view, const Sample& before, const Sample& now) {
  nlohmann::json top;
  top["view"] = NameOf(view);
  top["interval_seconds"] = now.seconds - before.seconds;
  switch (view) {
    case TopView::kCores:
      top["cores"] = RowsJson(RatedCores(before, now));
      break;
    case TopView::kFlows:
      top["flows"] = RowsJson(RatedFlows(before, now));
      break;
    case TopView::kPorts:
      top["ports"] = RowsJson(RatedPorts(before, now));
      break;
    case TopView::kNf:
      top["nf_instances"] = NfsJson(before, now);
      break;
  }
  return top.dump() + "\n";
}

}  // namespace mosaic::ctl
