#!/usr/bin/env python3
"""mosaicctl, every command of it, against a daemon that only answers: what it
asks, what it prints for people and for programs, and its exit codes.

usage: mosaicctl_test.py MOSAICCTL REPOSITORY [unittest's options]
"""

import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import grpc

import fake_daemon
from fake_daemon import Failure, Hang, find_message

MOSAICCTL: pathlib.Path
REPOSITORY: pathlib.Path
FOLDER: pathlib.Path
DAEMON: fake_daemon.FakeDaemon

OK, FAILED, USAGE, UNREACHABLE, INVALID, NOT_FOUND, CONFLICT, DENIED, DEADLINE = range(9)
INTERRUPTED = 130

ESCAPE = "\x1b"


def make(name: str, /, **fields):
    return find_message(name)(**fields)


def address() -> str:
    return f"unix://{FOLDER}/daemon.sock"


def environment(**extra) -> dict:
    kept = {key: os.environ[key] for key in ("PATH", "LD_LIBRARY_PATH") if key in os.environ}
    return {**kept, "TZ": "UTC", "TERM": "xterm", "MOSAIC_ADDRESS": address(), **extra}


def monitor(name="web", **fields):
    return make("Monitor", name=f"monitors/{name}", type="MONITOR_TYPE_STREAM", etag="e1",
                **fields)


def apply_result(**fields):
    return make("ApplyResult", revision=7, cores_applied=2,
                quiesce_duration={"nanos": 1_200_000}, live_flows_touched=12, **fields)


def flow(flow_id=42, **fields):
    return make("Flow", flow_id=flow_id, monitors=["monitors/web"], core=1, revision=7,
                start_time={"seconds": 1_700_000_000},
                last_packet_time={"seconds": 1_700_000_060},
                key=make("FlowKey", client_address="192.0.2.1", client_port=51000,
                         server_address="198.51.100.7", server_port=443, protocol="IP_PROTOCOL_TCP"),
                client=make("FlowSide", state="TCP_STATE_ESTABLISHED", packets=10, bytes=4096,
                            payload_bytes=2048, **fields),
                server=make("FlowSide", state="TCP_STATE_ESTABLISHED", packets=20, bytes=1 << 20,
                            payload_bytes=1 << 20))


def event(kind, **fields):
    return make("FlowEvent", type=f"EVENT_TYPE_{kind}", flow_id=42, monitors=["monitors/web"],
                key=flow().key, **fields)


def record(sequence, **payload):
    return make("ObserveResponse", sequence=sequence, core=1,
                time={"seconds": 1_700_000_000, "nanos": 123_456_000}, **payload)


CORES = dict(cores=[dict(core=0, cpu=2, busy_ratio=0.25, applied_revision=7, flows=3,
                         flows_max=65536, packets=1234567, buffered_bytes=2048),
                    dict(core=1, cpu=3, busy_ratio=0.95, applied_revision=7, flows=4,
                         flows_max=65536, packets=10, dropped_packets=5, numa_node=-1)])
PORTS = dict(ports=[dict(name="ports/in", driver="net_af_packet", device="veth0", link_up=True,
                         speed_bits_per_second=10**10, mode="PORT_MODE_WIRE", peer="ports/out",
                         rx_packets=1000, rx_bytes=64000, mtu_bytes=1500),
                    dict(name="ports/out", link_up=False, mode="PORT_MODE_WIRE",
                         peer="ports/in", rx_missed_packets=3)])


def serve_defaults():
    """A daemon with one monitor, two functions, two cores, two ports, one flow."""
    DAEMON.reset()
    log = make("NfInstance", name="nfInstances/log", state="NF_STATE_RUNNING",
               flow_log={"output_path": "flows.jsonl"},
               counters=[dict(name="records", value=5)])
    guard = make("NfInstance", name="nfInstances/guard", state="NF_STATE_FAILED",
                 failure_policy="FAILURE_POLICY_CLOSED", state_message="core 1: threw",
                 firewall=dict(default_action="FIREWALL_ACTION_DROP",
                               rules=[dict(id="web", action="FIREWALL_ACTION_ALLOW")]))
    web = monitor(syn_filter={"expression": "tcp port 443"}, server={"buffer_size_bytes": 0},
                  nf_instances=["nfInstances/log"],
                  stop_policies=[dict(side="SIDE_CLIENT", payload_bytes=1 << 20)])
    DAEMON.answers.update({
        "GetCapabilities": make("GetCapabilitiesResponse", version="0.1.0", git_commit="abc123",
                                dpdk_version="22.11", boot_id="b", running_revision=7,
                                max_monitors=64, max_nf_instances=64,
                                start_time={"seconds": 1_700_000_000}),
        "ListMonitors": make("ListMonitorsResponse", monitors=[web]),
        "GetMonitor": make("GetMonitorResponse", monitor=web),
        "ListNfInstances": make("ListNfInstancesResponse", nf_instances=[guard, log]),
        "GetNfInstance": make("GetNfInstanceResponse", nf_instance=log),
        "ListCores": make("ListCoresResponse", **CORES),
        "ListPorts": make("ListPortsResponse", **PORTS),
        "ListFlows": make("ListFlowsResponse", flows=[flow()]),
        "GetFlow": make("GetFlowResponse", flow=flow(conflict_bytes=9)),
        "GetConfig": make("GetConfigResponse", revision=7, etag="c7",
                          config=dict(monitors=[web], nf_instances=[guard, log])),
        "Check": make("HealthCheckResponse", status="SERVING"),
        "SetLogLevel": make("SetLogLevelResponse", levels={"rpc": "debug", "control": "info"}),
    })


class MosaicctlTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        serve_defaults()

    def run_ctl(self, *words, expect=OK, stdin="", env=None) -> subprocess.CompletedProcess:
        run = subprocess.run([str(MOSAICCTL), *words], input=stdin, capture_output=True, text=True,
                             timeout=30, check=False, cwd=FOLDER, env=env or environment())
        self.assertEqual(run.returncode, expect, f"{words}\n{run.stdout}{run.stderr}")
        return run

    def out(self, *words, **more) -> str:
        run = self.run_ctl(*words, **more)
        self.assertEqual(run.stderr, "")
        return run.stdout

    def json(self, *words, **more):
        return json.loads(self.out(*words, "-o", "json", **more))

    def lines(self, *words) -> list:
        return self.out(*words).splitlines()

    def write(self, name: str, text: str) -> str:
        (FOLDER / name).write_text(text)
        return name


class ReadingTest(MosaicctlTest):
    def test_monitors_are_a_table(self):
        self.assertEqual(self.lines("get", "monitors"), [
            "NAME  TYPE    STATE  FILTER         CLIENT  SERVER  STOP             NF   AGE",
            "web   stream  on     tcp port 443  default     0 B  client 1.00 MiB  log    -"])

    def test_monitors_are_documents(self):
        self.assertEqual(self.json("get", "monitors")["monitors"][0]["name"], "monitors/web")
        one = self.json("get", "monitor", "web")
        self.assertEqual(one["server"]["buffer_size_bytes"], "0")
        self.assertEqual(DAEMON.last("GetMonitor").name, "monitors/web")
        self.assertIn("syn_filter: tcp port 443\n", self.out("get", "monitor", "web", "-o", "yaml"))
        self.assertEqual(self.out("get", "monitors", "-o", "name"), "monitors/web\n")
        self.assertIn("ETAG", self.out("get", "monitors", "-o", "wide"))

    def test_lists_are_read_page_by_page(self):
        pages = {"": make("ListMonitorsResponse", monitors=[monitor("a")], next_page_token="2"),
                 "2": make("ListMonitorsResponse", monitors=[monitor("b")])}
        DAEMON.answers["ListMonitors"] = lambda request: pages[request.page_token]
        self.assertEqual(self.out("get", "monitors", "-o", "name"), "monitors/a\nmonitors/b\n")
        DAEMON.answers["ListMonitors"] = pages[""]
        run = self.run_ctl("get", "monitors", expect=FAILED)
        self.assertIn("the same page twice", run.stderr)

    def test_missing_monitor_does_not_hide_others(self):
        web = DAEMON.answers["GetMonitor"]
        missing = Failure(grpc.StatusCode.NOT_FOUND, "monitors/dns does not exist")
        DAEMON.answers["GetMonitor"] = (
            lambda request: web if request.name == "monitors/web" else missing)
        run = self.run_ctl("get", "monitors", "dns", "web", "-o", "name", expect=NOT_FOUND)
        self.assertEqual(run.stdout, "monitors/web\n")
        self.assertIn("not found: monitors/dns does not exist\n", run.stderr)

    def test_network_functions(self):
        self.assertEqual(self.lines("get", "nf"), [
            "NAME   TYPE      STATE    ON FAILURE  DETAIL              AGE",
            "guard  firewall  failed   drop        1 rules, else drop    -",
            "log    flow_log  running  pass        flows.jsonl           -"])
        self.assertEqual(len(self.json("get", "nf")["nf_instances"]), 2)
        self.assertIn("core 1: threw", self.out("get", "nf", "-o", "wide"))

    def test_cores(self):
        self.assertEqual(self.lines("get", "cores"), [
            "CORE  CPU    BUSY    PACKETS  DROPPED  FLOWS     MAX  BUFFERED  REVISION",
            "   0    2  25.0 %  1,234,567        0      3  65,536  2.00 KiB         7",
            "   1    3  95.0 %         10        5      4  65,536       0 B         7"])
        self.assertEqual(self.json("get", "cores")["cores"][0]["packets"], "1234567")

    def test_ports(self):
        lines = self.lines("get", "ports")
        self.assertRegex(lines[1], r"^in +up +wire +out +1,000 +62\.5 KiB")
        self.assertRegex(lines[2], r"^out +down +wire +in")
        self.assertIn("10.0 Gbit/s", self.out("get", "ports", "-o", "wide"))
        self.assertEqual(self.json("get", "ports")["ports"][0]["device"], "veth0")
        self.assertEqual(self.out("get", "ports", "-o", "name"), "ports/in\nports/out\n")

    def test_flows_are_asked_for_with_filters(self):
        lines = self.lines("get", "flows", "--monitor", "web", "--client-cidr", "192.0.2.0/24",
                           "--server-port", "443,80", "--protocol", "tcp")
        self.assertRegex(lines[1], r"^42 +tcp +192\.0\.2\.1:51000 +198\.51\.100\.7:443 +ESTABLISHED"
                                   r" +2\.00 KiB +1\.00 MiB")
        wanted = DAEMON.last("ListFlows").filter
        self.assertEqual(list(wanted.monitors), ["monitors/web"])
        self.assertEqual(list(wanted.client_cidrs), ["192.0.2.0/24"])
        self.assertEqual(list(wanted.server_ports), [443, 80])
        self.assertEqual(list(wanted.protocols), [6])
        self.assertEqual(self.json("get", "flows")["flows"][0]["flow_id"], "42")

    def test_flows_end_at_the_bound_and_say_so(self):
        DAEMON.answers["ListFlows"] = make("ListFlowsResponse", flows=[flow(1), flow(2), flow(3)])
        run = self.run_ctl("get", "flows", "--max", "2")
        self.assertEqual(len(run.stdout.splitlines()), 3)
        self.assertIn("only the first 2 flows", run.stderr)
        self.assertEqual(self.out("get", "flows", "--max", "0", "-o", "name"), "1\n2\n3\n")

    def test_flow_is_described(self):
        text = self.out("describe", "flow", "42")
        self.assertIn("tcp 192.0.2.1:51000 > 198.51.100.7:443\n", text)
        self.assertIn("in conflict        9 B", text)
        self.assertEqual(DAEMON.last("GetFlow").flow_id, 42)
        self.assertEqual(self.json("describe", "flow", "42")["core"], 1)

    def test_configuration(self):
        self.assertEqual(self.lines("get", "config"), [
            "NAME               KIND            ETAG",
            "nfInstances/guard  firewall        -",
            "nfInstances/log    flow_log        -",
            "monitors/web       stream monitor  e1",
            "",
            "revision 7, etag c7"])
        self.assertEqual(self.json("get", "config")["revision"], "7")

    def test_status_is_one_screen(self):
        text = self.out("status")
        self.assertIn("mosaicd 0.1.0 (commit abc123, DPDK 22.11)\n", text)
        self.assertIn("health    alive yes, ready yes\n", text)
        self.assertIn("revision  7, on every worker\n", text)
        self.assertIn("flows     7 of 131,072, 2.00 KiB buffered\n", text)
        self.assertLessEqual(len(text.splitlines()), 24)
        self.assertTrue(self.json("status")["ready"])

    def test_health_is_an_exit_code(self):
        self.assertEqual(self.out("health"), "alive yes, ready yes\n")
        serving, not_serving = DAEMON.answers["Check"], make("HealthCheckResponse",
                                                             status="NOT_SERVING")
        DAEMON.answers["Check"] = lambda request: not_serving if request.service else serving
        self.assertEqual(self.out("health", expect=FAILED), "alive yes, ready no\n")
        self.assertEqual(self.out("health", "--live"), "alive yes, ready no\n")
        self.assertEqual(self.json("health", expect=FAILED), {"alive": True, "ready": False})

    def test_stats_have_a_sum(self):
        lines = self.lines("stats")
        self.assertEqual(lines[:4], [
            "CORE    PACKETS  DROPPED  FLOWS  FLOWS MAX  BUFFERED BYTES",
            "0     1,234,567        0      3     65,536           2,048",
            "1            10        5      4     65,536               0",
            "sum   1,234,577        5      7    131,072           2,048"])
        self.assertEqual(self.json("stats")["sum"]["core"]["packets"], "1234577")

    def test_top_shows_rates_of_two_samples(self):
        packets = iter(range(1000, 100000, 500))
        DAEMON.answers["ListCores"] = lambda request: make(
            "ListCoresResponse", cores=[dict(core=0, packets=next(packets), busy_ratio=0.5)])
        lines = self.lines("top", "--once", "--interval", "100ms")
        self.assertRegex(lines[0], r"^mosaic top cores   mosaicd 0\.1\.0   up ")
        self.assertRegex(lines[1], r"^[0-9.]+k packets/s  ")
        self.assertRegex(lines[4], r"50\.0%  \[##########          \] +[0-9.]+k")
        top = self.json("top", "cores", "--interval", "100ms")
        rate = top["cores"][0]["rates"]["packets_per_second"]
        self.assertAlmostEqual(rate * top["interval_seconds"], 500, delta=1)
        records = self.out("top", "ports", "-n", "2", "--interval", "100ms", "-o", "json")
        self.assertEqual([json.loads(line)["view"] for line in records.splitlines()],
                         ["ports", "ports"])
        self.assertIn("192.0.2.1:51000", self.out("top", "flows", "--once", "--interval", "100ms"))
        self.assertIn("records", self.out("top", "nf", "--once", "--interval", "100ms"))

    def test_versions(self):
        text = self.out("version")
        self.assertRegex(text, r"^mosaicctl \d+\.\d+\.\d+\nmosaicd   0\.1\.0 \(commit abc123")
        self.assertEqual(self.json("version")["daemon"]["dpdk_version"], "22.11")
        self.assertRegex(self.out("--version"), r"^mosaicctl \d+\.\d+\.\d+\n$")


class WritingTest(MosaicctlTest):
    def setUp(self):
        super().setUp()
        for kind in ("Monitor", "NfInstance"):
            for verb in ("Create", "Update", "Delete"):
                DAEMON.answers[verb + kind] = make(f"{verb}{kind}Response", result=apply_result())

    def test_monitor_is_created_by_flags(self):
        text = self.out("create", "monitor", "web", "--syn-filter", "tcp port 443",
                        "--server-buffer", "0", "--stop-after-bytes", "1MiB", "--nf", "log,guard",
                        "--live-flows", "reevaluate", "--set", "client.overlap_policy=linux",
                        "--client-full-buffer", "drop_oldest", "--server-urgent", "out_of_band")
        self.assertEqual(text, "monitors/web created\nrevision 7 on 2 workers in 1.2ms, "
                               "12 live flows attached anew\n")
        request = DAEMON.last("CreateMonitor")
        self.assertEqual(request.monitor_id, "web")
        self.assertEqual(request.live_flows, 2)
        made = request.monitor
        self.assertEqual(made.type, 1)
        self.assertEqual(made.syn_filter.expression, "tcp port 443")
        self.assertTrue(made.server.HasField("buffer_size_bytes"))
        self.assertEqual(made.stop_policies[0].payload_bytes, 1 << 20)
        self.assertEqual(list(made.nf_instances), ["nfInstances/log", "nfInstances/guard"])
        self.assertEqual(made.client.overlap_policy, 3)
        self.assertEqual(made.client.full_buffer, 2)
        self.assertEqual(made.server.urgent_policy, 2)
        self.json("create", "monitor", "frags", "--raw-filter", "ip[6:2] & 0x1fff != 0")
        self.assertEqual(DAEMON.last("CreateMonitor").monitor.type, 2)

    def test_function_is_created_by_flags(self):
        self.out("create", "nf", "guard", "--type", "firewall", "--default-action", "drop",
                 "--rule", "{id: web, protocol: tcp, server_ports: 443, action: allow}",
                 "--rule", "{id: dns, protocol: udp, server_ports: 53, action: allow}")
        made = DAEMON.last("CreateNfInstance").nf_instance
        self.assertEqual([rule.id for rule in made.firewall.rules], ["web", "dns"])
        self.assertEqual(made.firewall.default_action, 2)
        self.out("create", "nf", "log", "--type", "flow_log")
        self.assertTrue(DAEMON.last("CreateNfInstance").nf_instance.HasField("flow_log"))

    def test_update_sends_a_mask(self):
        text = self.out("update", "monitor", "web", "--set", "server.buffer_size_bytes=64KiB",
                        "--clear", "idle_timeout", "--live-flows", "reevaluate", "--etag", "e1")
        self.assertTrue(text.startswith("monitors/web updated\n"))
        request = DAEMON.last("UpdateMonitor")
        self.assertEqual(list(request.update_mask.paths),
                         ["server.buffer_size_bytes", "idle_timeout"])
        self.assertEqual(request.monitor.name, "monitors/web")
        self.assertEqual(request.monitor.etag, "e1")
        self.assertEqual(request.monitor.server.buffer_size_bytes, 65536)
        self.out("update", "nf", "guard", "--default-action", "allow")
        self.assertEqual(list(DAEMON.last("UpdateNfInstance").update_mask.paths),
                         ["firewall.default_action"])

    def test_dry_run_says_so(self):
        DAEMON.answers["UpdateMonitor"] = make(
            "UpdateMonitorResponse", result=dict(validated_only=True, live_flows_touched=1))
        text = self.out("update", "monitor", "web", "--disabled", "--dry-run")
        self.assertEqual(text, "monitors/web updated (dry run)\ndry run: nothing was changed, "
                               "1 live flow would be attached anew\n")
        self.assertTrue(DAEMON.last("UpdateMonitor").validate_only)

    def test_several_are_deleted_and_the_first_failure_is_returned(self):
        missing = Failure(grpc.StatusCode.NOT_FOUND, "monitors/b does not exist")
        done = DAEMON.answers["DeleteMonitor"]
        DAEMON.answers["DeleteMonitor"] = (
            lambda request: missing if request.name == "monitors/b" else done)
        run = self.run_ctl("delete", "monitors", "a", "b", "c", "-o", "name", expect=NOT_FOUND)
        self.assertEqual(run.stdout, "monitors/a\nmonitors/c\n")
        self.out("delete", "nf", "log", "--ignore-missing")
        self.assertTrue(DAEMON.last("DeleteNfInstance").allow_missing)

    def test_wrong_flags_are_mistakes_of_usage(self):
        for words, text in [
                (["create", "monitor", "web", "--set", "prio=1"], 'did you mean "priority"?'),
                (["create", "monitor", "web", "--server-buffer", "1MeB"], "buffer_size_bytes"),
                (["create", "monitor", "web", "--forget-flow"], "--stop-after-bytes"),
                (["create", "monitor"], "NAME"),
                (["update", "monitor", "web"], "nothing to change"),
                (["delete", "monitors", "a", "b", "--etag", "e"], "only one"),
                (["update", "monitor", "web", "--live-flows", "reset", "--disabled"], "reevaluate"),
                (["observe", "-o", "name"], "no output as name"),
                (["get", "planets"], "planets"),
                (["top", "moons"], "moons"),
                (["--timeout", "0s", "status"], "--timeout"),
                (["--address", "nowhere", "status"], "HOST:PORT"),
                (["stats", "--interval", "1s"], "--watch"),
                (["get"], "monitors, nf, flows, cores, ports, config"),
                ([], "mosaicctl needs a command")]:
            run = self.run_ctl(*words, expect=USAGE)
            self.assertIn(text, run.stderr, words)
            self.assertEqual(run.stdout, "")
        self.assertEqual(DAEMON.requests, {})


class ApplyTest(MosaicctlTest):
    FILE = ("monitors:\n"
            "  - name: monitors/web\n"
            "    type: stream\n"
            "    syn_filter: tcp prot 443\n"
            "  - name: monitors/dns\n"
            "    type: stream\n")

    def answer(self, **fields):
        DAEMON.answers["ApplyConfig"] = make("ApplyConfigResponse", result=apply_result(), **fields)

    def test_outcomes_are_told_in_the_order_of_the_file(self):
        self.answer(changes=[dict(name="monitors/old", kind="CHANGE_KIND_DELETED"),
                             dict(name="monitors/web", kind="CHANGE_KIND_UPDATED")])
        name = self.write("web.yaml", self.FILE)
        self.assertEqual(self.lines("apply", "-f", name, "--replace", "--live-flows", "keep"), [
            "monitors/web configured", "monitors/dns unchanged", "monitors/old deleted",
            "revision 7 on 2 workers in 1.2ms, 12 live flows attached anew"])
        request = DAEMON.last("ApplyConfig")
        self.assertEqual((request.mode, request.live_flows), (1, 1))
        self.assertEqual(len(request.config.monitors), 2)

    def test_merge_is_the_default_and_json_a_file_too(self):
        self.answer()
        text = self.out("apply", "-f", "-",
                        stdin='{"monitors": [{"name": "monitors/a", "type": "raw"}]}')
        self.assertEqual(text, "monitors/a unchanged\nrevision 7 as before\n")
        self.assertEqual(DAEMON.last("ApplyConfig").mode, 2)
        self.assertEqual(self.json("apply", "-f", "-", stdin="{}")["result"]["revision"], "7")

    def test_daemon_files_are_taken_too(self):
        self.answer()
        name = self.write("daemon.yaml", "system: {workers: 2}\nconfig:\n  monitors:\n"
                                         "    - {name: monitors/a, type: raw}\n")
        run = self.run_ctl("apply", "-f", name, "--dry-run")
        self.assertIn("`system:` is read when mosaicd starts", run.stderr)
        self.assertEqual(DAEMON.last("ApplyConfig").config.monitors[0].name, "monitors/a")
        self.assertTrue(DAEMON.last("ApplyConfig").validate_only)

    def test_faults_of_a_file_have_their_place(self):
        name = self.write("bad.yaml", "monitors:\n  - name: monitors/web\n    tipe: stream\n")
        run = self.run_ctl("apply", "-f", name, expect=INVALID)
        self.assertIn("bad.yaml:3:5: monitors[0].tipe: unknown key", run.stderr)
        self.assertIn('did you mean "type"?', run.stderr)
        self.assertNotIn("ApplyConfig", DAEMON.requests)
        self.assertIn("No such file", self.run_ctl("apply", "-f", "none", expect=FAILED).stderr)

    def test_what_the_daemon_refuses_has_its_place(self):
        path = "config.monitors[0].syn_filter"
        DAEMON.answers["ApplyConfig"] = Failure(
            grpc.StatusCode.INVALID_ARGUMENT, f"{path}: syntax error",
            make("ErrorInfo", reason="INVALID_FIELD", domain="mosaic"),
            make("BadRequest", field_violations=[dict(field=path, description="syntax error")]))
        name = self.write("web.yaml", self.FILE)
        run = self.run_ctl("apply", "-f", name, expect=INVALID)
        self.assertEqual(run.stderr,
                         f"invalid: web.yaml:4:17: {path}: syntax error [INVALID_FIELD]\n")

    def test_export_is_applied_again(self):
        self.answer()
        exported = self.out("export")
        self.assertTrue(exported.startswith("# The running configuration, revision 7.\nmonitors:\n"))
        self.assertNotIn("etag", exported)
        self.out("apply", "-f", "-", "--replace", stdin=exported)
        sent = DAEMON.last("ApplyConfig").config
        kept = DAEMON.answers["GetConfig"].config
        self.assertEqual(sent.monitors[0].stop_policies, kept.monitors[0].stop_policies)
        self.assertEqual(sent.nf_instances[0].firewall, kept.nf_instances[0].firewall)
        self.assertNotIn("etag", self.json("export")["monitors"][0])


class StreamTest(MosaicctlTest):
    def serve_events(self, *payloads, then=()):
        DAEMON.answers["Observe"] = [
            record(1, stream_started=dict(revision=7)),
            *(record(i + 2, **payload) for i, payload in enumerate(payloads)), *then]

    def test_events_are_lines(self):
        self.serve_events(
            dict(event=event("CONNECTION_START")),
            dict(event=event("NEW_DATA", side="SIDE_SERVER", length_bytes=1460,
                             stream_offset_bytes=99)),
            dict(lost=dict(point="LOSS_POINT_SUBSCRIBER_QUEUE", count=1234)),
            dict(heartbeat=dict(events_sent=2)),
            dict(event=event("TCP_STATE_CHANGE", side="SIDE_CLIENT",
                             old_state="TCP_STATE_SYN_SENT", new_state="TCP_STATE_ESTABLISHED")),
            dict(event=event("CONNECTION_END", end_reason="END_REASON_FIN")))
        run = self.run_ctl("observe", "-n", "4")
        ends = "tcp    192.0.2.1:51000       > 198.51.100.7:443     "
        self.assertEqual(run.stdout.splitlines(), [
            f"22:13:20.123456  start   {ends}  [web]",
            f"22:13:20.123456  data    {ends}  1.43 KiB to server at 99  [web]",
            "22:13:20.123456  LOST 1,234 events: this reader is too slow",
            f"22:13:20.123456  state   {ends}  client SYN_SENT > ESTABLISHED  [web]",
            f"22:13:20.123456  end     {ends}  fin  [web]"])
        self.assertEqual(run.stderr, "4 events, 1,234 lost\n")

    def test_losses_are_red(self):
        self.serve_events(dict(lost=dict(point="LOSS_POINT_CORE_RING", core=1, count=2)),
                          dict(event=event("CONNECTION_START")))
        run = self.run_ctl("observe", "-n", "1", "--color", "always")
        self.assertIn(f"{ESCAPE}[31mLOST 2 events on core 1", run.stdout)

    def test_json_is_one_object_a_line(self):
        self.serve_events(dict(lost=dict(count=2)), dict(event=event("CONNECTION_START")))
        records = [json.loads(line) for line in
                   self.out("observe", "-n", "1", "-o", "json").splitlines()]
        self.assertEqual([next(iter(set(one) - {"sequence", "time", "core"})) for one in records],
                         ["stream_started", "lost", "event"])
        self.assertEqual(records[2]["event"]["monitors"], ["monitors/web"])

    def test_filters_are_sent(self):
        self.serve_events(dict(event=event("CONNECTION_START")))
        self.run_ctl("observe", "-n", "1", "--type", "new_data,connection_end", "--monitor", "web",
                     "--server-port", "443", "--not-client-cidr", "10.0.0.0/8", "--sample", "10",
                     "--queue", "16", "--heartbeat", "1s")
        request = DAEMON.last("Observe")
        self.assertEqual(list(request.allow[0].types), [4, 7])
        self.assertEqual(list(request.allow[0].flow.server_ports), [443])
        self.assertEqual(list(request.deny[0].flow.client_cidrs), ["10.0.0.0/8"])
        self.assertEqual((request.sample_one_in, request.max_queue_events), (10, 16))
        self.run_ctl("observe", "-n", "1")
        self.assertEqual((len(DAEMON.last("Observe").allow), len(DAEMON.last("Observe").deny)),
                         (0, 0))

    def test_without_follow_it_ends_after_twenty_events(self):
        self.serve_events(*[dict(event=event("CONNECTION_START"))] * 30)
        self.assertEqual(len(self.run_ctl("observe").stdout.splitlines()), 20)

    def test_end_by_the_daemon_is_a_failure(self):
        self.serve_events(dict(event=event("CONNECTION_START")))
        run = self.run_ctl("observe", "-f", expect=FAILED)
        self.assertIn("the daemon ended the stream", run.stderr)

    def interrupt(self, *words, wait_for: str, times=1) -> subprocess.CompletedProcess:
        """Runs a command, sends SIGINT once `wait_for` is printed."""
        with subprocess.Popen([str(MOSAICCTL), *words], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, env=environment()) as child:
            lines = []
            while wait_for not in "".join(lines):
                lines.append(child.stdout.readline())
                self.assertNotEqual(lines[-1], "", "the command ended")
            for _ in range(times):
                child.send_signal(signal.SIGINT)
            out, err = child.communicate(timeout=10)
        self.assertEqual(child.returncode, INTERRUPTED, err)
        return subprocess.CompletedProcess(words, INTERRUPTED, "".join(lines) + out, err)

    def test_a_signal_that_comes_twice_at_once_is_one(self):
        self.serve_events(dict(event=event("CONNECTION_START")), then=[Hang()])
        run = self.interrupt("observe", "-f", wait_for="start", times=2)
        self.assertEqual(run.stderr, "1 events, 0 lost\n")

    def test_interrupts_end_streams(self):
        self.serve_events(dict(event=event("CONNECTION_START")), then=[Hang()])
        self.assertEqual(self.interrupt("observe", "-f", wait_for="start").stderr,
                         "1 events, 0 lost\n")
        self.interrupt("stats", "--watch", "--interval", "1h", wait_for="sum")
        DAEMON.answers["Drain"] = [make("DrainResponse", flows_remaining=5), Hang()]
        self.assertIn("the drain goes on",
                      self.interrupt("drain", wait_for="5 flows left").stderr)

    def test_drain_tells_its_progress(self):
        DAEMON.answers["Drain"] = [make("DrainResponse", flows_remaining=1500),
                                   make("DrainResponse", done=True)]
        self.assertEqual(self.out("drain", "--timeout", "5m", "--end-remaining"),
                         "1,500 flows left\ndrained\n")
        self.assertEqual(DAEMON.last("Drain").timeout.seconds, 300)
        self.assertTrue(DAEMON.last("Drain").end_remaining_flows)
        DAEMON.answers["Drain"] = [make("DrainResponse", flows_remaining=2, done=True,
                                        timed_out=True)]
        self.assertEqual(self.out("drain", expect=DEADLINE), "time is up: 2 flows left\n")
        self.assertEqual(self.json("drain", expect=DEADLINE)["flows_remaining"], "2")
        self.assertEqual(self.out("undrain"), "takes new flows\n")
        self.json("undrain")


class OtherCommandsTest(MosaicctlTest):
    def test_filter_is_explained(self):
        DAEMON.answers["ValidateFilter"] = make(
            "ValidateFilterResponse", valid=True, native=True,
            disassembly=["(000) jeq #6 jt 1\tjf 1", "(001) ret #262144"])
        self.assertEqual(self.lines("filter", "explain", "tcp", "port", "443", "--use", "raw"),
                         ["valid, 2 instructions, native code", "(000) jeq #6 jt 1  jf 1",
                          "(001) ret #262144"])
        request = DAEMON.last("ValidateFilter")
        self.assertEqual((request.expression, request.use), ("tcp port 443", 3))
        self.assertTrue(self.json("filter", "explain", "tcp")["native"])
        DAEMON.answers["ValidateFilter"] = make("ValidateFilterResponse", error_message="no\x1b[2J")
        self.assertEqual(self.out("filter", "explain", "tcp prot 1", expect=INVALID),
                         "invalid: no\\x1b[2J\n")
        self.json("filter", "explain", "tcp prot 1", expect=INVALID)

    def test_log_levels(self):
        self.assertEqual(self.out("log", "level"), "COMPONENT  LEVEL\ncontrol    info\n"
                                                   "rpc        debug\n")
        for words, component, level in [((), "", ""), (("debug",), "", "debug"),
                                        (("rpc",), "rpc", ""), (("rpc", "warn"), "rpc", "warn")]:
            self.assertEqual(self.json("log", "level", *words)["levels"]["rpc"], "debug")
            request = DAEMON.last("SetLogLevel")
            self.assertEqual((request.component, request.level), (component, level))

    def test_completion_knows_commands_flags_and_resources(self):
        def complete(*words):
            return self.out("__complete", *words).split()
        self.assertIn("observe", complete(""))
        self.assertEqual(complete("ob"), ["observe"])
        self.assertEqual(complete("get", "fl"), ["flows"])
        self.assertEqual(complete("get", "monitors", "w"), ["web"])
        self.assertEqual(complete("--timeout", "1s", "delete", "nf", ""), ["guard", "log"])
        self.assertEqual(complete("create", "monitor", ""), [])
        self.assertEqual(complete("observe", "--not-cl"), ["--not-client-cidr"])
        self.assertIn("connection_end", complete("observe", "--type", ""))
        self.assertEqual(complete("observe", "--monitor", ""), ["web"])
        self.assertEqual(complete("-o", "j"), ["json"])

    def test_completion_works_in_bash(self):
        script = ('source <("$0" completion bash); COMP_WORDS=("$0" get monitors ""); COMP_CWORD=3; '
                  '_mosaicctl; echo "${COMPREPLY[@]}"')
        run = subprocess.run(["bash", "-c", script, str(MOSAICCTL)], capture_output=True, text=True,
                             check=True, timeout=20, env=environment())
        self.assertEqual(run.stdout, "web\n")

    def test_every_command_has_help_with_an_example(self):
        for words in ["status", "get", "get monitors", "get nf", "get flows", "get cores",
                      "get ports", "get config", "describe flow", "observe", "top", "stats",
                      "apply", "export", "create monitor", "create nf", "update monitor",
                      "update nf", "delete monitor", "delete nf", "filter explain", "health",
                      "drain", "undrain", "log level", "completion bash", "version"]:
            text = self.out(*words.split(), "--help")
            self.assertIn("Example", text, words)
            self.assertIn(f"mosaicctl {words.split()[0]}", text.split("Example")[1], words)
        self.assertIn("Exit codes", self.out("--help"))

    def test_errors_have_exit_codes_reasons_and_hints(self):
        code = grpc.StatusCode
        for failure, expected, text in [
                (Failure(code.NOT_FOUND, "monitors/web does not exist"), NOT_FOUND, "hint: "),
                (Failure(code.ABORTED, "etag is old",
                         make("ErrorInfo", reason="ETAG_MISMATCH")), CONFLICT, "[ETAG_MISMATCH]"),
                (Failure(code.FAILED_PRECONDITION, "in use", make("PreconditionFailure", violations=[
                    dict(subject="monitors/a", description="names it")])), CONFLICT,
                 "  monitors/a: names it\n"),
                (Failure(code.PERMISSION_DENIED, "viewers may not"), DENIED, "socket's group"),
                (Failure(code.DEADLINE_EXCEEDED, "worker 3 is silent"), DEADLINE,
                 "worker 3 is silent"),
                (Failure(code.RESOURCE_EXHAUSTED, "too many", make("QuotaFailure", violations=[
                    dict(subject="monitors", description="at most 64")])), FAILED, "at most 64"),
                (Failure(code.INTERNAL, "\x1b[2Jboom\n"), FAILED, "\\x1b[2Jboom\\n"),
                (Failure(code.UNIMPLEMENTED, "?"), FAILED, "mosaicctl version"),
                (Failure(code.INVALID_ARGUMENT, "two", make("BadRequest", field_violations=[
                    dict(field="a", description="one"), dict(field="b", description="two")])),
                 INVALID, "invalid: two\n  a: one\n  b: two\n")]:
            DAEMON.answers["GetMonitor"] = failure
            run = self.run_ctl("get", "monitor", "web", expect=expected)
            self.assertIn(text, run.stderr)
            self.assertNotIn(ESCAPE, run.stderr)
            self.assertEqual(run.stdout, "")

    def test_daemon_that_is_not_there_is_unreachable(self):
        for words in (["status"], ["observe", "-f"], ["drain"], ["health"], ["version"]):
            run = self.run_ctl("--address", f"unix://{FOLDER}/nobody.sock", *words,
                               expect=UNREACHABLE)
            self.assertIn("is mosaicd running at unix://", run.stderr)

    def test_daemon_that_does_not_answer_is_a_deadline(self):
        DAEMON.answers["ListCores"] = Hang()
        self.run_ctl("--timeout", "200ms", "get", "cores", expect=DEADLINE)

    def test_output_that_cannot_be_written_is_a_failure(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            run = subprocess.run([str(MOSAICCTL), "get", "cores"], stdout=full, timeout=20,
                                 stderr=subprocess.PIPE, text=True, check=False, env=environment())
        self.assertEqual(run.returncode, FAILED)
        self.assertIn("cannot write the output", run.stderr)

    def test_server_text_cannot_write_to_the_terminal(self):
        DAEMON.answers["ListMonitors"] = make("ListMonitorsResponse", monitors=[
            monitor("web\x1b]0;x\x07", syn_filter={"expression": "a\x1b[2J"})])
        for form in ("table", "wide", "json", "yaml", "name"):
            self.assertNotIn(ESCAPE, self.out("get", "monitors", "-o", form))


class TerminalTest(MosaicctlTest):
    """On a terminal of its own: 80 columns, 24 lines."""

    def run_on_terminal(self, *words, send="", until="", env=None) -> tuple:
        """Runs until `until` is on the screen, then types `send`. Returns the exit
        code and all that was written."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(str(MOSAICCTL), [str(MOSAICCTL), *words], env or environment())
        written, deadline = "", time.monotonic() + 20
        while time.monotonic() < deadline:
            ready, _, _ = select.select([terminal], [], [], 0.2)
            if not ready:
                continue
            try:
                chunk = os.read(terminal, 65536).decode()
            except OSError:
                break
            if not chunk:
                break
            written += chunk
            if send and until in written:
                os.write(terminal, send.encode())
                send = ""
        else:
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
        self.assertFalse(os.WIFSIGNALED(status), f"it did not end: {written!r}")
        return os.waitstatus_to_exitcode(status), written

    def test_top_ends_with_q_and_leaves_the_terminal_as_it_was(self):
        code, screen = self.run_on_terminal("top", "--interval", "100ms", send="q", until="DROPPED/s")
        self.assertEqual(code, OK)
        self.assertTrue(screen.startswith(f"{ESCAPE}[?1049h{ESCAPE}[?25l"), repr(screen[:40]))
        self.assertTrue(screen.endswith(f"{ESCAPE}[?25h{ESCAPE}[?1049l"), repr(screen[-40:]))
        self.assertEqual(screen.count(f"{ESCAPE}[2J"), 1)

    def test_top_changes_its_view_by_a_key(self):
        code, screen = self.run_on_terminal("top", "-n", "3", "--interval", "100ms", send="p",
                                            until="top cores")
        self.assertEqual(code, OK)
        self.assertIn("mosaic top ports", screen)

    def test_top_is_interrupted(self):
        code, screen = self.run_on_terminal("top", send="\x03", until="DROPPED/s")
        self.assertEqual(code, INTERRUPTED)
        self.assertTrue(screen.endswith(f"{ESCAPE}[?1049l"))

    def test_colours_need_a_terminal_and_obey_the_operator(self):
        self.assertIn(f"{ESCAPE}[32mup", self.run_on_terminal("get", "ports")[1])
        self.assertNotIn(ESCAPE, self.run_on_terminal("get", "ports", "--color", "never")[1])
        self.assertNotIn(ESCAPE, self.run_on_terminal("get", "ports",
                                                      env=environment(NO_COLOR="1"))[1])
        self.assertNotIn(ESCAPE, self.run_on_terminal("get", "ports",
                                                      env=environment(TERM="dumb"))[1])
        self.assertNotIn(ESCAPE, self.out("get", "ports"))
        self.assertIn(ESCAPE, self.out("get", "ports", "--color", "always"))

    def test_drain_draws_over_its_line(self):
        DAEMON.answers["Drain"] = [make("DrainResponse", flows_remaining=2),
                                   make("DrainResponse", done=True)]
        _, screen = self.run_on_terminal("drain")
        self.assertEqual(screen, f"\r{ESCAPE}[K2 flows left\r{ESCAPE}[Kdrained\r\n")


def main() -> int:
    global MOSAICCTL, REPOSITORY, FOLDER, DAEMON
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    MOSAICCTL, REPOSITORY = (pathlib.Path(word).resolve() for word in sys.argv[1:3])
    with tempfile.TemporaryDirectory(prefix="mosaicctl-") as folder:
        FOLDER = pathlib.Path(folder)
        generated = FOLDER / "proto"
        generated.mkdir()
        fake_daemon.load(REPOSITORY / "proto", generated)
        DAEMON = fake_daemon.FakeDaemon(address())
        try:
            done = unittest.main(argv=[sys.argv[0], *sys.argv[3:]], exit=False)
            return 0 if done.result.wasSuccessful() else 1
        finally:
            DAEMON.close()


if __name__ == "__main__":
    sys.exit(main())
