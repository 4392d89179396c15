#!/usr/bin/python3
"""The example client against a live engine: what it installs takes effect on
traffic, and what it gets wrong it is told.

usage: client_test.py LIVE_ENGINE REPOSITORY
"""

import importlib.util
import pathlib
import subprocess
import sys
import tempfile
import time
import types
import unittest

import grpc

LIVE_ENGINE = pathlib.Path(sys.argv[1])
CLIENT = pathlib.Path(sys.argv[2]) / "deploy/examples/client.py"
CLIENT_BYTES = 3000   # What each connection of the engine carries,
SERVER_BYTES = 20000  # by who sends it.


class Client(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        socket = pathlib.Path(cls.folder.name) / "api.sock"
        cls.engine = subprocess.Popen([LIVE_ENGINE, socket], stdin=subprocess.PIPE)
        cls.addClassCleanup(cls.end_engine)
        while not socket.exists():
            if cls.engine.poll() is not None:
                raise RuntimeError("the engine ended")
            time.sleep(0.01)
        cls.address = f"unix://{socket}"
        spec = importlib.util.spec_from_file_location("client", CLIENT)
        cls.client = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(cls.client)
        cls.api = cls.client.Api(cls.address)
        cls.addClassCleanup(cls.api.close)

    @classmethod
    def end_engine(cls):
        cls.engine.stdin.close()
        cls.engine.wait(timeout=30)

    def run_client(self, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([CLIENT, "--address", self.address, *arguments],
                              capture_output=True, text=True, timeout=60, check=False)

    def options(self, **given) -> types.SimpleNamespace:
        return types.SimpleNamespace(**{"monitor": "test", "filter": "", "server_buffer": None,
                                        "stop_after": None, **given})

    def delete(self, monitor: str):
        self.api.monitors.DeleteMonitor(
            self.api.monitor.DeleteMonitorRequest(name=f"monitors/{monitor}"), timeout=30)

    def events_of(self, monitor: str, count: int):
        """The first `count` events of whole connections, by flow."""
        flows = {}
        for record in self.client.follow(self.api, self.options(monitor=monitor)):
            self.assertFalse(record.HasField("lost"))
            if not record.HasField("event"):
                continue
            event = record.event
            if event.type == self.api.observer.EVENT_TYPE_CONNECTION_START:
                flows[event.flow_id] = []
            if event.flow_id in flows:
                flows[event.flow_id].append(event)
                count -= 1
            if count == 0:
                return flows
        raise AssertionError("the stream ended")

    def test_it_prints_only_what_its_filter_lets_through(self):
        result = self.run_client("--filter", "tcp port 443", "--events", "100")
        self.assertEqual(result.returncode, 0, result.stderr)
        installed, started, *lines = result.stdout.splitlines()
        self.assertRegex(installed, r"^INSTALLED monitors/example revision=\d+ cores=2$")
        self.assertRegex(started, r"^STARTED revision=\d+$")
        self.assertEqual(len(lines), 100)
        kinds = set()
        for line in lines:
            self.assertRegex(line, r"^\w+ flow=\d+ 10\.0\.0\.1:\d+ 10\.0\.0\.2:443\b")
            kinds.add(line.split()[0])
        self.assertLessEqual({"CONNECTION_START", "NEW_DATA"}, kinds)

    def test_it_takes_its_monitor_away_again(self):
        self.assertEqual(self.run_client("--events", "1").returncode, 0)
        with self.assertRaises(grpc.RpcError) as caught:
            self.delete("example")
        self.assertEqual(caught.exception.code(), grpc.StatusCode.NOT_FOUND)

    def test_a_wrong_filter_is_told_with_its_field_and_libpcaps_text(self):
        result = self.run_client("--filter", "tcp prot 443")
        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stdout, "")
        self.assertIn("INVALID_ARGUMENT: ", result.stderr)
        self.assertIn("  reason: INVALID_FIELD", result.stderr)
        self.assertRegex(result.stderr, r"(?m)^  monitor\.syn_filter\.expression: .*prot")

    def test_a_buffer_of_zero_ends_the_delivery_of_that_side(self):
        self.client.install(self.api, self.options(server_buffer=0))
        self.addCleanup(self.delete, "test")
        flows = self.events_of("test", 200)
        sides = {event.side for events in flows.values() for event in events
                 if event.type == self.api.observer.EVENT_TYPE_NEW_DATA}
        self.assertEqual(sides, {self.api.common.SIDE_CLIENT})

    def test_a_stop_policy_ends_monitoring_at_its_byte(self):
        self.client.install(self.api, self.options(stop_after=2500))
        self.addCleanup(self.delete, "test")
        flows = self.events_of("test", 200)
        bytes_of = {}
        for flow, events in list(flows.items())[:5]:
            for event in events:
                if event.type == self.api.observer.EVENT_TYPE_NEW_DATA:
                    key = (flow, event.side)
                    bytes_of[key] = bytes_of.get(key, 0) + event.length_bytes
        self.assertGreaterEqual(len(bytes_of), 10)
        self.assertEqual(set(bytes_of.values()), {2500})

    def test_without_either_every_byte_is_told(self):
        self.client.install(self.api, self.options())
        self.addCleanup(self.delete, "test")
        flow = next(iter(self.events_of("test", 200).values()))
        told = {self.api.common.SIDE_SERVER: 0, self.api.common.SIDE_CLIENT: 0}
        for event in flow:
            if event.type == self.api.observer.EVENT_TYPE_NEW_DATA:
                told[event.side] += event.length_bytes
        self.assertEqual(told, {self.api.common.SIDE_SERVER: CLIENT_BYTES,
                                self.api.common.SIDE_CLIENT: SERVER_BYTES})

    def test_a_stale_etag_changes_nothing(self):
        first = self.client.install(self.api, self.options()).monitor
        self.addCleanup(self.delete, "test")
        self.client.install(self.api, self.options(filter="tcp port 80"))
        first.priority = 9
        with self.assertRaises(grpc.RpcError) as caught:
            self.api.monitors.UpdateMonitor(
                self.api.monitor.UpdateMonitorRequest(monitor=first), timeout=30)
        self.assertEqual(caught.exception.code(), grpc.StatusCode.ABORTED)
        self.assertIn("reason: ETAG_MISMATCH", self.api.explain(caught.exception))
        now = self.api.monitors.GetMonitor(
            self.api.monitor.GetMonitorRequest(name="monitors/test"), timeout=30).monitor
        self.assertEqual((now.priority, now.syn_filter.expression), (0, "tcp port 80"))



if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
