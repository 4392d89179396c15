#include "dataplane/stats/core_counters.h"

#include <cstddef>
#include <iterator>

namespace mosaic {
namespace {

using Names = std::span<const std::string_view>;

constexpr std::string_view kDropReasonNames[] = {
    "parse_error", "nf",          "flow_blocked", "handoff_full",
    "tx_refused",  "ip_fragment", "not_remapped"};
constexpr std::string_view kParseErrorNames[] = {
    "link_truncated", "link_unsupported", "ip_truncated",
    "ip_version",     "ip_header_length", "ip_total_length",
    "ip_checksum",    "ip_options",       "ip_extension_headers",
    "l4_truncated",   "tcp_data_offset",  "udp_length"};
constexpr std::string_view kDirectionNames[] = {"rx", "tx"};
constexpr std::string_view kHandoffNames[] = {"out", "in"};
constexpr std::string_view kParseAnomalyNames[] = {
    "hop_by_hop_order",  "routing_type_zero",
    "tcp_reserved_bits", "tunnel_content",
    "tunnel_depth",      "tiny_fragment",
    "dont_fragment",     "cut"};
constexpr std::string_view kFragmentNames[] = {
    "held", "completed",        "duplicate", "overlap",   "oversize",
    "end",  "header_chain",     "too_many",  "no_memory", "bad_length",
    "cut",  "refused_datagram", "nested"};
constexpr std::string_view kDatagramNames[] = {"reassembled", "refused",
                                               "timed_out", "evicted"};
constexpr std::string_view kMatchNames[] = {"matched", "unmatched"};
constexpr std::string_view kStopReasonNames[] = {
    "payload_bytes", "packets", "age", "tcp_state", "immediately", "function"};
constexpr std::string_view kEndReasonNames[] = {"fin",     "reset",   "refused",
                                                "timeout", "evicted", "stopped",
                                                "drained", "shutdown"};
constexpr std::string_view kEventNames[] = {
    "connection_start", "packet_in",    "retransmission", "error",
    "new_data",         "state_change", "orphan",         "connection_end"};
constexpr std::string_view kEditNames[] = {
    "done",         "not_editable", "no_region",     "out_of_bounds",
    "fixed_length", "malformed",    "too_long",      "too_late",
    "already_sent", "out_of_order", "empty_segment", "tunnelled",
    "reassembled",  "cut",          "bad_checksum",  "source_routed",
    "no_buffer",    "remap_full"};
constexpr std::string_view kSideNames[] = {"client", "server"};
constexpr std::string_view kRefusedNames[] = {
    "bad_checksum", "beyond_buffer", "too_many_islands",
    "no_memory",    "before_start",  "keep_alive",
    "reset",        "foreign_syn",   "unacceptable",
    "past_fin",     "urgent"};
constexpr std::string_view kDiscardedNames[] = {
    "unread", "stopped", "overwritten", "dropped", "urgent"};
constexpr std::string_view kAnomalyNames[] = {"rst_out_of_window",
                                              "syn_ignored",
                                              "syn_ack_conflict",
                                              "bad_checksum",
                                              "keep_alive",
                                              "ack_unseen",
                                              "fin_data_overlap",
                                              "syn_retrans",
                                              "hs_candidates_evicted",
                                              "bad_synack_ack",
                                              "tfo",
                                              "syn_data_ignored",
                                              "simultaneous_open",
                                              "hs_wrong_ack",
                                              "flags_syn_fin",
                                              "flags_syn_rst",
                                              "flags_null",
                                              "flags_xmas",
                                              "flags_all",
                                              "syn_old",
                                              "late_after_close",
                                              "rst_inexact",
                                              "rst_with_data",
                                              "rst_bad_echo",
                                              "data_after_rst",
                                              "fin_oow",
                                              "rst_fin_storm",
                                              "seg_oow",
                                              "window_recision",
                                              "wscale_range",
                                              "zero_window_probe",
                                              "no_ack_flag",
                                              "ack_invalid",
                                              "paws",
                                              "ts_missing",
                                              "bad_opt",
                                              "md5_unexpected",
                                              "ttl_anomaly",
                                              "urg_limit",
                                              "bad_mss",
                                              "async",
                                              "land"};
static_assert(std::size(kAnomalyNames) == kAnomalies);
constexpr std::string_view kHoldEndNames[] = {
    "released", "dropped", "timed_out", "flow_ended", "blocked", "refused"};
static_assert(std::size(kHoldEndNames) == kHoldEnds);

#define CELL(field) (offsetof(CoreCounters, field) / sizeof(Counter))

constexpr CounterInfo One(std::string_view name, size_t first,
                          std::string_view help) {
  return {name, "", {}, help, first, 1, false, 1, "", {}};
}
constexpr CounterInfo Many(std::string_view name, std::string_view label,
                           Names values, size_t first, std::string_view help) {
  return {name, label, values, help, first, values.size(), false, 1, "", {}};
}
constexpr CounterInfo Pairs(std::string_view name, std::string_view label,
                            Names values, std::string_view second_label,
                            Names second_values, size_t first,
                            std::string_view help) {
  return {name,         label, values,
          help,         first, values.size() * second_values.size(),
          false,        1,     second_label,
          second_values};
}
constexpr CounterInfo Gauge(CounterInfo row, double per_unit = 1) {
  row.is_gauge = true;
  row.per_unit = per_unit;
  return row;
}

constexpr CounterInfo kInfo[] = {
    Many("mosaic_core_packets_total", "direction", kDirectionNames,
         CELL(rx_packets),
         "Packets received by a worker, before parsing, and sent on by it. "
         "Compare the cores' rx: if they differ much, so does the load."),
    One("mosaic_core_rx_bytes_total", CELL(rx_bytes),
        "Bytes received by a worker, from the link-layer header on."),
    Many("mosaic_core_handoff_packets_total", "direction", kHandoffNames,
         CELL(handed_off_packets),
         "Packets handed to the worker that owns their flow, and taken from "
         "the one that received them. Many: the NIC does not spread both "
         "directions of a flow alike."),
    One("mosaic_core_consumed_packets_total", CELL(consumed_packets),
        "Packets looked at and not sent on: receive-only ports and replay."),
    One("mosaic_core_originated_packets_total", CELL(originated_packets),
        "Packets that network functions had made, and second parts of those "
        "that they made too long for one."),
    Many("mosaic_core_dropped_packets_total", "reason", kDropReasonNames,
         CELL(dropped_packets),
         "Packets dropped in software. handoff_full: add workers or spread "
         "receive queues."),
    Many("mosaic_parse_errors_total", "reason", kParseErrorNames,
         CELL(parse_errors),
         "Packets whose headers could not be read, by what is wrong."),
    Many("mosaic_parse_anomalies_total", "kind", kParseAnomalyNames,
         CELL(parse_anomalies),
         "Packets with odd headers that were read all the same. "
         "routing_type_zero: RFC 5095 forbids it, look for its sender; cut: "
         "raise the snap length of the capture."),
    Many("mosaic_ip_fragments_total", "result", kFragmentNames,
         CELL(ip_fragments),
         "Fragments of IP datagrams, by what became of each. overlap: an "
         "evasion attempt, or identifications that are used again too soon."),
    Many("mosaic_ip_datagrams_total", "result", kDatagramNames,
         CELL(ip_datagrams),
         "Fragmented IP datagrams. timed_out: packets are lost before the "
         "capture point; evicted: raise fragments.buffer_bytes_per_worker."),
    Gauge(One("mosaic_ip_datagrams_held", CELL(ip_datagrams_held),
              "Fragmented IP datagrams that are waited for or remembered.")),
    Many("mosaic_icmp_errors_total", "flow", kMatchNames, CELL(icmp_errors),
         "ICMP errors about a tracked flow, and those that quote none. Many "
         "unmatched ones: forged, or the flow is seen elsewhere."),
    Many("mosaic_packet_edits_total", "result", kEditNames, CELL(packet_edits),
         "Changes that network functions made to packets, or were refused. "
         "no_buffer: too many are held or sent at once; remap_full: the bytes "
         "they "
         "add are not acknowledged soon enough, or by too many flows at once."),
    One("mosaic_remapped_packets_total", CELL(remapped_packets),
        "Packets that left with other sequence numbers than they came with, "
        "since bytes were added to or removed from their stream before."),
    Gauge(One("mosaic_remapped_flows", CELL(remapped_flows),
              "Flows whose sequence numbers differ for their two ends.")),
    Gauge(One("mosaic_held_packets", CELL(held_packets),
              "Packets that network functions hold back.")),
    Many("mosaic_packet_holds_total", "end", kHoldEndNames, CELL(packet_holds),
         "Packets that network functions held back, by how it ended. timed_out "
         "and refused: forwarded or dropped as the function's failure policy "
         "says; look for one that does not release what it holds."),
    One("mosaic_flows_created_total", CELL(flows_created), "Flows tracked."),
    One("mosaic_tcp_flows_created_total", CELL(tcp_flows_created),
        "TCP connections among the flows tracked."),
    One("mosaic_flow_table_insert_failures_total", CELL(flow_table_full),
        "New flows not tracked for lack of room. Raise flows_per_worker."),
    One("mosaic_subscriptions_full_total", CELL(subscriptions_full),
        "Flows left unmonitored because too many different sets of listeners "
        "are in use."),
    Many("mosaic_flows_ended_total", "reason", kEndReasonNames,
         CELL(flows_ended), "Flows ended, by reason."),
    One("mosaic_orphan_packets_total", CELL(orphan_packets),
        "Packets that belong to no tracked flow. Of protocols other than TCP, "
        "UDP and ICMP none does."),
    One("mosaic_drain_passed_packets_total", CELL(drain_passed_packets),
        "Packets of no tracked flow that passed unmonitored because the daemon "
        "drains."),
    One("mosaic_nf_timers_fired_total", CELL(timers_fired),
        "Timers of network functions that fired."),
    One("mosaic_nf_timers_full_total", CELL(timers_full),
        "Timers that network functions could not arm because all were in use: "
        "look for one that arms without end."),
    Many("mosaic_events_total", "event", kEventNames, CELL(events),
         "Events raised to at least one subscriber."),
    One("mosaic_stream_bytes_total", CELL(stream_bytes),
        "Payload bytes of TCP flows. Equals the sum of what became of them."),
    Many("mosaic_stream_payload_bytes_total", "side", kSideNames,
         CELL(delivered_bytes),
         "Payload bytes delivered in order, by receiving side."),
    One("mosaic_stream_duplicate_bytes_total", CELL(duplicate_bytes),
        "Repeated bytes that were compared with the first copy."),
    One("mosaic_stream_unverified_bytes_total", CELL(unverified_bytes),
        "Repeated bytes whose first copy was no longer held. Raise retain to "
        "have them compared."),
    One("mosaic_stream_late_bytes_total", CELL(late_after_gap_bytes),
        "Bytes of a hole that came after the hole was given up."),
    One("mosaic_stream_replaced_bytes_total", CELL(replaced_bytes),
        "Held bytes replaced by a newer copy, as the overlap policy says."),
    Many("mosaic_stream_refused_bytes_total", "reason", kRefusedNames,
         CELL(refused_bytes),
         "Bytes that never became part of a stream. no_memory: raise "
         "reassembly_bytes_per_worker; beyond_buffer: raise the buffer."),
    Many("mosaic_stream_discarded_bytes_total", "reason", kDiscardedNames,
         CELL(discarded_bytes), "Sound bytes that nobody was given."),
    Gauge(One("mosaic_stream_pending_bytes", CELL(pending_bytes),
              "Bytes held behind a hole.")),
    Gauge(Many("mosaic_stream_buffer_bytes", "side", kSideNames,
               CELL(buffer_bytes),
               "Memory of reassembly buffers in use, by receiving side.")),
    Many("mosaic_stream_gap_bytes_total", "side", kSideNames, CELL(gap_bytes),
         "Bytes given up as never seen. High values suggest packet loss before "
         "the capture point."),
    One("mosaic_stream_unfetched_bytes_total", CELL(unfetched_bytes),
        "Bytes that gave way to newer ones before a network function fetched "
        "them. Raise the buffer."),
    One("mosaic_stream_conflict_bytes_total", CELL(conflict_bytes),
        "Repeated bytes that differ from the first copy: an evasion attempt, "
        "or "
        "a broken host."),
    One("mosaic_stream_retransmitted_packets_total",
        CELL(retransmitted_packets), "Segments that repeat bytes."),
    One("mosaic_stream_out_of_order_packets_total", CELL(out_of_order_packets),
        "Segments that came before the bytes in front of them."),
    One("mosaic_stream_resent_after_drop_packets_total",
        CELL(resent_after_drop_packets),
        "Segments that repeat bytes whose packet a network function dropped "
        "when it was offered them; it is asked again."),
    One("mosaic_stream_withheld_joined_total", CELL(withheld_joined),
        "Dropped ranges of a stream beyond those that are told apart: a "
        "function may be asked again about bytes between them."),
    Pairs("mosaic_stream_stopped_total", "side", kSideNames, "reason",
          kStopReasonNames, CELL(stopped_sides),
          "Sides of flows that a monitor stopped, by the policy's condition; "
          "function: a network function asked for it."),
    Many("mosaic_tcp_anomalies_total", "kind", kAnomalyNames, CELL(anomalies),
         "Odd TCP segments, by what is odd. Most are what no well-behaved pair "
         "of hosts would exchange; keep_alive, zero_window_probe, syn_retrans, "
         "tfo and async are told apart, not wrong."),
    One("mosaic_tcp_rare_states_full_total", CELL(rare_states_full),
        "Connections in an unusual state that found no room for it; their odd "
        "segments are refused. Raise flows_per_worker."),
    One("mosaic_tcp_held_segments_full_total", CELL(held_segments_full),
        "Segments that a receiver may have taken all the same, but that found "
        "no room until it says so; their bytes are refused."),
    One("mosaic_core_busy_cycles_total", CELL(busy_cycles),
        "TSC cycles of rounds that moved packets."),
    One("mosaic_core_idle_cycles_total", CELL(idle_cycles),
        "TSC cycles of rounds that found nothing to do."),
    One("mosaic_core_heartbeats_total", CELL(loop_rounds),
        "Rounds of the worker's loop; a flat line is a hung core."),
    Gauge(One("mosaic_core_longest_round_cycles", CELL(longest_round_cycles),
              "TSC cycles of the worker's longest round since the start, also "
              "those when the CPU was with others. Above a millisecond, look "
              "for a network function that takes too long.")),
    Gauge(One("mosaic_core_longest_apply_seconds", CELL(longest_apply_nanos),
              "Longest CPU time of a round in which a worker took up a "
              "configuration, or of the next 63. Long ones delay packets."),
          1e9),
};

#undef CELL

// Every cell belongs to exactly one row, in order.
constexpr bool RowsCoverAllCells() {
  size_t next = 0;
  for (const CounterInfo& info : kInfo) {
    if (info.first != next) return false;
    next += info.cells;
  }
  return next == kCoreCounterCells;
}
static_assert(RowsCoverAllCells(),
              "every CoreCounters field needs a row in kInfo, in order");

}  // namespace

std::span<const CounterInfo> CoreCounterInfo() { return kInfo; }

}  // namespace mosaic
