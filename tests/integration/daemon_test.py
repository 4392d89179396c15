#!/usr/bin/env python3
"""mosaicd run and mosaicd doctor on ports of every kind that needs no hardware.

usage: daemon_test.py MOSAICD REPOSITORY [unittest's options]

Needs root. Traffic stays in network namespaces that the test makes and removes;
the number of reserved hugepages is set back to what it was.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

MOSAICD: pathlib.Path
REPOSITORY: pathlib.Path

OK, FAILED, USAGE, INVALID = 0, 1, 2, 4

# An ordinary user; named by number, for it need not have a name.
NOBODY = 65534

# The longest that anything here may take, in seconds.
PATIENCE = 20


def data(name: str) -> pathlib.Path:
    return REPOSITORY / "tests/data" / name


def run(*command) -> subprocess.CompletedProcess:
    """Runs a command that must succeed."""
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          timeout=PATIENCE, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise AssertionError(f"{command} failed: {done.stdout}{done.stderr}")
    return done


class Mosaicd:
    """A running `mosaicd run`, and what it logs."""

    def __init__(self, *words, before=(), env=None, cwd=None):
        self.process = subprocess.Popen(
            [str(word) for word in [*before, MOSAICD, "run", "--log-format", "json", *words]],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=env, cwd=cwd)
        self._lines: list[str] = []
        self._new_line = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self.process.stderr:
            with self._new_line:
                self._lines.append(line)
                self._new_line.notify_all()
        with self._new_line:
            self._lines.append("")
            self._new_line.notify_all()

    def log(self) -> str:
        with self._new_line:
            return "".join(self._lines)

    def messages(self) -> list[str]:
        return [json.loads(line)["message"] for line in self.log().splitlines()]

    def wait_for(self, pattern: str) -> str:
        """Waits until a line of the log matches."""
        deadline = time.monotonic() + PATIENCE
        with self._new_line:
            while True:
                for line in self._lines:
                    if re.search(pattern, line):
                        return line
                if "" in self._lines or time.monotonic() > deadline:
                    raise AssertionError(f"no {pattern!r} in:\n{''.join(self._lines)}")
                self._new_line.wait(1)

    def stop(self, how: int = signal.SIGTERM) -> int:
        """Sends a signal; returns the exit code."""
        self.process.send_signal(how)
        return self.end()

    def end(self) -> int:
        code = self.process.wait(timeout=PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join(PATIENCE)
        for pipe in (self.process.stdout, self.process.stderr):
            pipe.close()


class DaemonTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mosaicd-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        # Another user's daemon works in it too.
        self.folder.chmod(0o777)

    def config(self, system: str, log_to: str = "flows.jsonl", extra: str = "") -> pathlib.Path:
        """A configuration with one monitor of everything and a flow log."""
        path = self.folder / "mosaic.yaml"
        path.write_text(f"""
system:
  control: {{socket_path: {self.folder}/mosaicd.sock}}
  metrics: {{listen: "127.0.0.1:{self.free_port()}"}}
  memory: {{size_bytes: 192MiB{extra}}}
{system}
config:
  monitors:
    - {{name: monitors/all, type: stream, nf_instances: [nfInstances/log]}}
  nf_instances:
    - name: nfInstances/log
      flow_log: {{output_path: "{self.folder / log_to if log_to else ''}", payload_digests: true}}
""")
        return path

    @staticmethod
    def free_port() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def start(self, config: pathlib.Path, **how) -> Mosaicd:
        mosaicd = Mosaicd("-c", config, **how)
        self.addCleanup(mosaicd.close)
        return mosaicd

    def refused(self, config: pathlib.Path, code: int = FAILED, before=()) -> str:
        """What a daemon that must not start says."""
        done = subprocess.run([*before, MOSAICD, "run", "-c", config], capture_output=True,
                              text=True, timeout=PATIENCE, check=False, stdin=subprocess.DEVNULL)
        self.assertEqual(code, done.returncode, done.stderr)
        return done.stderr

    def records(self, name: str = "flows.jsonl") -> list[dict]:
        return [json.loads(line) for line in (self.folder / name).read_text().splitlines()]


def outcome(record: dict) -> tuple:
    """What a record says that does not depend on when the packets came."""
    def side(way: dict) -> tuple:
        return tuple(way[key] for key in ("packets", "wire_bytes", "payload_bytes",
                                          "stream_bytes", "contiguous_bytes", "sha256"))
    return (tuple(record["client"]), tuple(record["server"]), record["protocol"],
            record["end_reason"], side(record["client_to_server"]),
            side(record["server_to_client"]))


class CapturePortsTest(DaemonTest):
    def pcap(self, capture: str, workers: str = "1") -> str:
        return f'  workers: {workers}\n  ports: [{{id: cap, device: "pcap:{data(capture)}"}}]'

    def replayed(self, capture: str) -> list[dict]:
        flows = self.folder / "replayed.jsonl"
        run(MOSAICD, "replay", "--flows", flows, data(capture))
        return self.records("replayed.jsonl")

    def test_flows_of_a_capture_port_are_those_of_a_replay(self):
        for workers in ("1", "2"):
            mosaicd = self.start(self.config(self.pcap("http-ipv4.pcap", workers),
                                             f"flows{workers}.jsonl"))
            mosaicd.wait_for("capture has ended after 353 packets")
            self.assertEqual(OK, mosaicd.stop(), mosaicd.log())
            self.assertEqual(
                sorted(outcome(record) for record in self.replayed("http-ipv4.pcap")),
                sorted(outcome(record) for record in self.records(f"flows{workers}.jsonl")))

    def test_it_says_what_it_runs_on(self):
        mosaicd = self.start(self.config(self.pcap("dns.pcap")))
        mosaicd.wait_for('"ready"')
        said = "\n".join(mosaicd.messages())
        self.assertRegex(said, r"mosaicd \d+\.\d+\.\d+ \(commit \w+(-dirty)?, DPDK 22\.11\.\d+\)")
        self.assertIn("memory: ordinary pages", said)
        self.assertRegex(said, r"port cap: pcap:\S+dns.pcap, driver net_pcap, tap, mtu 9000, "
                               r"queues 1 rx 1 tx, link up")
        self.assertRegex(said, r"workers: 1 on CPUs \d+")
        self.assertEqual(OK, mosaicd.stop(signal.SIGINT))

    def test_records_without_a_path_go_to_standard_output(self):
        mosaicd = self.start(self.config(self.pcap("dns.pcap"), log_to=""))
        mosaicd.wait_for("capture has ended")
        self.assertEqual(OK, mosaicd.stop())
        lines = mosaicd.process.stdout.read().splitlines()
        self.assertEqual(len(self.replayed("dns.pcap")), len(lines))

    def test_the_log_level_is_the_configurations(self):
        mosaicd = self.start(self.config(self.pcap("dns.pcap") + "\n  log: {level: warn}"))
        self.assertIsNotNone(self.wait_for_file("flows.jsonl"))
        self.assertEqual(OK, mosaicd.stop())
        self.assertEqual("", mosaicd.log())

    def wait_for_file(self, name: str) -> pathlib.Path:
        deadline = time.monotonic() + PATIENCE
        while not (self.folder / name).exists():
            self.assertLess(time.monotonic(), deadline, f"no {name}")
            time.sleep(0.02)
        return self.folder / name

    def test_a_wire_of_captures_sends_every_frame_unchanged(self):
        for name in ("any", "other"):
            shutil.copy(data("vlan.pcap"), self.folder / f"{name}.pcap")
        there, back = self.folder / "there.pcap", self.folder / "back.pcap"
        mosaicd = self.start(self.config(f"""
  ports:
    - {{id: lan, device: "pcap:{data('http-ipv4.pcap')},tx={back}", mode: wire, peer: wan}}
    - {{id: wan, device: "pcap:{data('vlan.pcap')},tx={there}", mode: wire, peer: lan}}"""))
        mosaicd.wait_for("port lan: its capture has ended")
        mosaicd.wait_for("port wan: its capture has ended")
        self.assertEqual(OK, mosaicd.stop())
        self.assertEqual(frames(data("http-ipv4.pcap")), frames(there))
        self.assertEqual(frames(data("vlan.pcap")), frames(back))

    def test_null_ports_bring_packets_to_every_worker_until_told_to_stop(self):
        mosaicd = self.start(self.config("""
  workers: 2
  ports:
    - {id: a, device: "null:size=64", mode: wire, peer: b}
    - {id: b, device: "null:size=0", mode: wire, peer: a}"""))
        mosaicd.wait_for('"ready"')
        time.sleep(0.3)
        self.assertEqual(OK, mosaicd.stop())
        # A frame of zeros is one that nobody can read, so none is sent on.
        counts = re.findall(r"worker \d: (\d+) packets received, 0 sent, (\d+) dropped, 0 flows",
                            mosaicd.log())
        self.assertEqual(2, len(counts), mosaicd.log())
        for received, dropped in counts:
            self.assertGreater(int(received), 1000)
            self.assertEqual(received, dropped)


def frames(capture: pathlib.Path) -> list[bytes]:
    """The frames of a pcap file, without their times."""
    content = capture.read_bytes()
    order = "little" if content[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else "big"
    found, at = [], 24
    while at < len(content):
        length = int.from_bytes(content[at + 8:at + 12], order)
        found.append(content[at + 16:at + 16 + length])
        at += 16 + length
    return found


class StopTest(DaemonTest):
    def system(self) -> str:
        return f'  ports: [{{id: cap, device: "pcap:{data("http-ipv4.pcap")}"}}]'

    def test_sigterm_ends_within_five_seconds_with_every_flow_told(self):
        mosaicd = self.start(self.config(self.system()))
        mosaicd.wait_for("capture has ended")
        begin = time.monotonic()
        self.assertEqual(OK, mosaicd.stop())
        self.assertLess(time.monotonic() - begin, 5)
        # Five connections had ended in the capture, one flow had not.
        self.assertEqual(["fin"] * 5 + ["shutdown"],
                         sorted(record["end_reason"] for record in self.records()))

    def test_after_kill_minus_nine_the_next_start_works(self):
        config = self.config(self.system())
        first = self.start(config)
        first.wait_for('"ready"')
        self.assertEqual(-signal.SIGKILL, first.stop(signal.SIGKILL))
        second = self.start(config)
        second.wait_for('"ready"')
        self.assertEqual(OK, second.stop())

    def test_no_run_time_directory_is_left_behind(self):
        before = set(pathlib.Path("/var/run/dpdk").glob("mosaic-*"))
        config = self.config(self.system())
        killed = self.start(config)
        killed.wait_for('"ready"')
        killed.stop(signal.SIGKILL)
        stopped = self.start(config)
        stopped.wait_for('"ready"')
        self.assertEqual(OK, stopped.stop())
        left = set(pathlib.Path("/var/run/dpdk").glob("mosaic-*")) - before
        mine = {f"mosaic-{daemon.process.pid}" for daemon in (killed, stopped)}
        self.assertEqual(set(), mine & {path.name for path in left})

    def test_the_service_manager_is_told_when_it_is_ready_and_when_it_stops(self):
        path = str(self.folder / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(path)
            manager.settimeout(PATIENCE)
            environment = os.environ | {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"}
            mosaicd = self.start(self.config(self.system()), env=environment)
            self.assertEqual(b"READY=1", manager.recv(100))
            self.assertEqual(b"WATCHDOG=1", manager.recv(100))
            self.assertEqual(b"WATCHDOG=1", manager.recv(100))
            mosaicd.process.terminate()
            said = manager.recv(100)
            while said == b"WATCHDOG=1":
                said = manager.recv(100)
            self.assertEqual(b"STOPPING=1", said)
            self.assertEqual(OK, mosaicd.end())


class ListenersTest(DaemonTest):
    def system(self) -> str:
        return '  ports: [{id: p0, device: "null:size=0"}]'

    def metrics_port(self) -> int:
        return int(re.search(r"127.0.0.1:(\d+)", (self.folder / "mosaic.yaml").read_text())[1])

    def test_only_the_socket_and_the_metrics_on_loopback_are_open(self):
        mosaicd = self.start(self.config(self.system()))
        mosaicd.wait_for('"ready"')
        mine = f"pid={mosaicd.process.pid},"
        tcp = [line.split()[3] for line in run("ss", "-Hltnp").stdout.splitlines() if mine in line]
        self.assertEqual([f"127.0.0.1:{self.metrics_port()}"], tcp)
        unix = [line.split()[4] for line in run("ss", "-Hlxp").stdout.splitlines() if mine in line]
        self.assertEqual([f"{self.folder}/mosaicd.sock"], unix)
        udp = [line for line in run("ss", "-Hlunp").stdout.splitlines() if mine in line]
        self.assertEqual([], udp)
        self.assertEqual(OK, mosaicd.stop())
        self.assertFalse((self.folder / "mosaicd.sock").exists())

    def test_health_and_metrics_answer_beside_each_other(self):
        mosaicd = self.start(self.config(self.system()))
        mosaicd.wait_for('"ready"')
        base = f"http://127.0.0.1:{self.metrics_port()}"
        self.assertEqual("ok\n", run("curl", "-sS", base + "/healthz").stdout)
        self.assertEqual("ok\n", run("curl", "-sS", base + "/readyz").stdout)
        metrics = run("curl", "-sS", base + "/metrics").stdout
        self.assertRegex(metrics, r'(?m)^mosaic_config_revision 1$')
        self.assertEqual(OK, mosaicd.stop())

    def test_metrics_can_be_left_out(self):
        config = self.config(self.system())
        config.write_text(re.sub(r"metrics: .*", "metrics: {enabled: false}", config.read_text()))
        mosaicd = self.start(config)
        mosaicd.wait_for('"ready"')
        self.assertNotIn(f"pid={mosaicd.process.pid},", run("ss", "-Hltnp").stdout)
        self.assertEqual(OK, mosaicd.stop())

    def test_a_second_daemon_on_the_same_socket_is_refused_and_the_first_goes_on(self):
        config = self.config(self.system())
        first = self.start(config)
        first.wait_for('"ready"')
        self.assertIn(f"{self.folder}/mosaicd.sock", self.refused(self.config(self.system())))
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(self.folder / "mosaicd.sock"))
        self.assertEqual(OK, first.stop())

    def test_a_metrics_address_that_is_taken_is_named(self):
        config = self.config(self.system())
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", self.metrics_port()))
            taken.listen()
            self.assertIn(f"127.0.0.1:{self.metrics_port()}", self.refused(config))


class StartFailureTest(DaemonTest):
    def port(self, device: str) -> str:
        return f'  ports: [{{id: p0, device: "{device}"}}]'

    def test_a_configuration_without_ports_is_refused(self):
        self.assertIn("system.ports: required", self.refused(self.config(""), INVALID))

    def test_every_fault_of_a_file_is_told_with_its_place(self):
        path = self.folder / "bad.yaml"
        path.write_text("""system:
  ports:
    - {id: Lan, device: "eth0"}
    - {id: wan, device: "null", mode: wire, peer: lan}
  idle: sleepy
  control: {tcp_listen: "0.0.0.0:1"}
""")
        said = self.refused(path, INVALID)
        for place in ("bad.yaml:3:12: system.ports[0].id:", "bad.yaml:3:25: system.ports[0].device:",
                      "bad.yaml:4:51: system.ports[1].peer:", "bad.yaml:5:9: system.idle:",
                      "bad.yaml:6:25: system.control.tcp_listen:"):
            self.assertIn(place, said)
        checked = subprocess.run([MOSAICD, "check", "-c", path], capture_output=True, text=True,
                                 timeout=PATIENCE, check=False)
        self.assertEqual((INVALID, said), (checked.returncode, checked.stderr))

    def test_a_missing_capture_is_named(self):
        self.assertIn("/nowhere.pcap", self.refused(self.config(self.port("pcap:/nowhere.pcap"))))

    def test_a_missing_interface_is_named(self):
        said = self.refused(self.config(self.port("af_packet:nosuch0")))
        self.assertIn('port "p0", device af_packet:nosuch0: there is no interface nosuch0', said)

    def test_a_missing_right_is_named(self):
        said = self.refused(self.config(self.port("af_packet:lo")),
                            before=("setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"))
        self.assertIn("the capability NET_RAW is missing", said)

    def test_a_cpu_that_is_not_there_is_named(self):
        said = self.refused(self.config('  cpus: [1023]\n  ports: [{id: p0, device: "null"}]'),
                            INVALID)
        self.assertIn("worker CPU: 1023 is not one of the allowed CPUs", said)

    def test_a_flow_log_that_cannot_be_opened_is_named(self):
        said = self.refused(self.config(self.port("null:size=0"), log_to="none/flows.jsonl"))
        self.assertIn("nfInstances/log: flow_log: ", said)
        self.assertIn("none/flows.jsonl cannot be opened", said)


class RightsTest(DaemonTest):
    def test_an_ordinary_user_without_capabilities_runs_a_capture(self):
        # What the repository's folders allow, an ordinary user may not have.
        shutil.copy(data("http-ipv4.pcap"), self.folder / "in.pcap")
        program = shutil.copy(MOSAICD, self.folder / "mosaicd")
        config = self.config(f'  ports: [{{id: cap, device: "pcap:{self.folder}/in.pcap"}}]')
        mosaicd = self.start(
            config, before=("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                            "--bounding-set=-all", "--inh-caps=-all", "env",
                            f"XDG_RUNTIME_DIR={self.folder}", "sh", "-c",
                            f'shift; exec {program} "$@"', "sh"))
        mosaicd.wait_for("capture has ended after 353 packets")
        status = pathlib.Path(f"/proc/{mosaicd.process.pid}/status").read_text()
        self.assertRegex(status, rf"Uid:\s+{NOBODY}\s")
        self.assertRegex(status, r"CapEff:\s+0+\n")
        self.assertEqual(OK, mosaicd.stop(), mosaicd.log())
        self.assertEqual(6, len(self.records()))


HUGEPAGES = pathlib.Path("/proc/sys/vm/nr_hugepages")


class HugepagesTest(DaemonTest):
    def setUp(self):
        super().setUp()
        before = HUGEPAGES.read_text()
        self.addCleanup(lambda: HUGEPAGES.write_text(before))

    def reserve(self, pages: int):
        HUGEPAGES.write_text(str(pages))
        if int(HUGEPAGES.read_text()) < pages:
            self.skipTest(f"the kernel has no room for {pages} hugepages")

    def system(self) -> str:
        return f'  ports: [{{id: cap, device: "pcap:{data("dns.pcap")}"}}]'

    def test_hugepages_that_are_free_are_used(self):
        self.reserve(128)
        mosaicd = self.start(self.config(self.system()))
        mosaicd.wait_for('"memory: hugepages"')
        mosaicd.wait_for("capture has ended")
        used = re.search(r"HugePages_Free:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())
        self.assertLess(int(used[1]), 128)
        self.assertEqual(OK, mosaicd.stop())

    def test_ordinary_pages_can_be_chosen(self):
        self.reserve(128)
        mosaicd = self.start(self.config(self.system(), extra=", hugepages: false"))
        mosaicd.wait_for('"memory: ordinary pages"')
        self.assertEqual(OK, mosaicd.stop())

    def test_hugepages_that_are_required_and_missing_are_told_with_the_command(self):
        self.reserve(0)
        said = self.refused(self.config(self.system(), extra=", hugepages: true"))
        self.assertIn("192 MiB of hugepages are wanted, and 0 MiB are free: "
                      "`sysctl -w vm.nr_hugepages=96`", said)


class WireTest(DaemonTest):
    """Two hosts in namespaces of their own, and Mosaic as the wire between."""

    def setUp(self):
        super().setUp()
        for host, port, number in (("left", "west", 1), ("right", "east", 2)):
            name = f"mosaicd-{os.getpid()}-{host}"
            run("ip", "netns", "add", name)
            self.addCleanup(subprocess.run, ["ip", "netns", "del", name], check=False)
            setattr(self, host, name)
        # The middle: a namespace of the daemon's own, with one end of each pair.
        self.middle = f"mosaicd-{os.getpid()}-middle"
        run("ip", "netns", "add", self.middle)
        self.addCleanup(subprocess.run, ["ip", "netns", "del", self.middle], check=False)
        for host, port, number in ((self.left, "west", 1), (self.right, "east", 2)):
            run("ip", "-n", host, "link", "add", "eth0", "type", "veth", "peer", "name", port,
                "netns", self.middle)
            # Whole frames with whole checksums: nobody finishes them on the way.
            for namespace, interface in ((host, "eth0"), (self.middle, port)):
                run("ip", "netns", "exec", namespace, "ethtool", "-K", interface, "tx", "off",
                    "gro", "off")
                run("ip", "-n", namespace, "link", "set", interface, "up")
            run("ip", "-n", host, "link", "set", "lo", "up")
            run("ip", "-n", host, "address", "add", f"192.0.2.{number}/24", "dev", "eth0")
            run("ip", "-n", host, "address", "add", f"2001:db8::{number}/64", "dev", "eth0",
                "nodad")

    def start_wire(self, workers: int) -> Mosaicd:
        mosaicd = self.start(self.config(f"""
  workers: {workers}
  ports:
    - {{id: west, device: "af_packet:west", mode: wire, peer: east, mtu: 1500}}
    - {{id: east, device: "af_packet:east", mode: wire, peer: west, mtu: 1500}}"""),
                             before=("ip", "netns", "exec", self.middle))
        mosaicd.wait_for('"ready"')
        return mosaicd

    def at(self, host: str, *command) -> subprocess.CompletedProcess:
        return run("ip", "netns", "exec", host, *command)

    def serve(self, content: bytes) -> subprocess.Popen:
        (self.folder / "file").write_bytes(content)
        server = subprocess.Popen(
            ["ip", "netns", "exec", self.right, sys.executable, "-m", "http.server", "80",
             "--bind", "::", "--directory", str(self.folder)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        deadline = time.monotonic() + PATIENCE
        while ":80 " not in run("ip", "netns", "exec", self.right, "ss", "-ltn").stdout:
            self.assertLess(time.monotonic(), deadline, "the web server does not listen")
            time.sleep(0.05)
        return server

    def test_hosts_reach_each_other_through_mosaic_and_files_arrive_whole(self):
        content = os.urandom(3_000_000)
        mosaicd = self.start_wire(workers=2)
        self.serve(content)
        self.at(self.left, "ping", "-c", "3", "-i", "0.05", "-W", "5", "192.0.2.2")
        self.at(self.left, "ping", "-c", "3", "-i", "0.05", "-W", "5", "2001:db8::2")
        for host in ("192.0.2.2", "[2001:db8::2]"):
            fetched = self.folder / "fetched"
            self.at(self.left, "curl", "-sS", "--max-time", "15", "-o", fetched,
                    f"http://{host}/file")
            self.assertEqual(content, fetched.read_bytes())
        self.assertEqual(OK, mosaicd.stop(), mosaicd.log())
        tcp = [record for record in self.records() if record["protocol"] == 6]
        self.assertEqual({"192.0.2.1", "2001:db8::1"}, {record["client"][0] for record in tcp})
        for record in tcp:
            self.assertGreater(record["server_to_client"]["stream_bytes"], len(content))
            self.assertEqual("fin", record["end_reason"])
        self.assertIn(1, {record["protocol"] for record in self.records()})
        self.assertIn(58, {record["protocol"] for record in self.records()})

    def test_without_the_daemon_there_is_no_wire(self):
        lost = subprocess.run(["ip", "netns", "exec", self.left, "ping", "-c", "1", "-W", "1",
                               "192.0.2.2"], capture_output=True, timeout=PATIENCE, check=False)
        self.assertEqual(1, lost.returncode)


class DoctorTest(DaemonTest):
    def doctor(self, code: int, config: pathlib.Path, *words, before=()) -> str:
        done = subprocess.run([*before, MOSAICD, "doctor", "-c", config, *words],
                              capture_output=True, text=True, timeout=PATIENCE, check=False)
        self.assertEqual(code, done.returncode, done.stdout + done.stderr)
        return done.stdout

    def test_a_configuration_that_runs_has_no_error(self):
        config = self.config(f'  ports: [{{id: cap, device: "pcap:{data("dns.pcap")}"}}]')
        told = json.loads(self.doctor(OK, config, "--json"))
        self.assertTrue(told["ok"])
        areas = {finding["area"] for finding in told["findings"]}
        self.assertLessEqual({"hugepages", "cpus", "kernel", "ports", "socket", "metrics"}, areas)

    def test_what_keeps_it_from_running_is_an_error_with_what_mends_it(self):
        config = self.config("""
  cpus: [1023]
  ports: [{id: p0, device: "af_packet:nosuch0"}]""", extra=", hugepages: true")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            text = config.read_text()
            config.write_text(re.sub(r'127.0.0.1:\d+', f"127.0.0.1:{taken.getsockname()[1]}", text))
            said = self.doctor(FAILED, config)
        self.assertRegex(said, r"error\s+cpus\s+CPU 1023 of system.cpus")
        self.assertRegex(said, r"error\s+ports\s+port \"p0\", device af_packet:nosuch0: there is "
                               r"no interface")
        self.assertRegex(said, r"error\s+metrics\s+127.0.0.1:\d+ cannot be listened on: Address "
                               r"already in use\n\s+fix: `ss -ltnp sport = \d+`")
        if int(HUGEPAGES.read_text()) == 0:
            self.assertRegex(said, r"error\s+hugepages\s+0 MiB are free and 192 MiB are wanted\n"
                                   r"\s+fix: sysctl -w vm.nr_hugepages=96")

    def test_a_socket_that_is_left_over_is_told_from_one_in_use(self):
        config = self.config('  ports: [{id: p0, device: "null"}]')
        server = socket.socket(socket.AF_UNIX)
        server.bind(str(self.folder / "mosaicd.sock"))
        server.listen()
        self.assertRegex(self.doctor(FAILED, config), r"error\s+socket .* is in use by another")
        server.close()
        self.assertRegex(self.doctor(OK, config), r"ok\s+socket .* is left over")


def setUpModule():
    """As on a machine that has none, whatever this one has."""
    before = HUGEPAGES.read_text()
    if int(before) == 0:
        return
    try:
        HUGEPAGES.write_text("0")
    except OSError:
        return
    unittest.addModuleCleanup(HUGEPAGES.write_text, before)


def main() -> int:
    global MOSAICD, REPOSITORY
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    MOSAICD, REPOSITORY = (pathlib.Path(word).resolve() for word in sys.argv[1:3])
    if os.geteuid() != 0:
        print("daemon_test: needs root", file=sys.stderr)
        return 77
    del sys.argv[1:3]
    unittest.main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
