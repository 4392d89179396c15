#!/usr/bin/env python3
"""Every command of mosaicctl against a running mosaicd whose port plays a capture
again and again.

usage: mosaicctl_test.py MOSAICD MOSAICCTL REPOSITORY [unittest's options]

Needs neither root nor a network: the port is a file.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

MOSAICD: pathlib.Path
MOSAICCTL: pathlib.Path
REPOSITORY: pathlib.Path

OK, FAILED, USAGE, UNREACHABLE, INVALID, NOT_FOUND, CONFLICT = range(7)

# The longest that anything here may take, in seconds.
PATIENCE = 30

CONFIGURATION = """
system:
  workers: 1
  checksum: ignore
  memory: {{size_bytes: 128MiB}}
  ports:
    - {{id: capture, device: "pcap:{capture},loop=1"}}
  control: {{socket_path: {folder}/mosaicd.sock}}
  metrics: {{enabled: false}}
config:
  monitors:
    - {{name: monitors/tcp, type: stream, syn_filter: tcp}}
"""


class MosaicctlTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        holder = tempfile.TemporaryDirectory(prefix="mosaicctl-")
        cls.addClassCleanup(holder.cleanup)
        cls.folder = pathlib.Path(holder.name)
        capture = REPOSITORY / "tests/data/http-ipv4.pcap"
        (cls.folder / "mosaic.yaml").write_text(
            CONFIGURATION.format(capture=capture, folder=cls.folder))
        log = open(cls.folder / "log", "wb")
        cls.addClassCleanup(log.close)
        cls.daemon = subprocess.Popen([str(MOSAICD), "run", "-c", str(cls.folder / "mosaic.yaml")],
                                      stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        cls.addClassCleanup(cls.stop_daemon)
        deadline = time.monotonic() + PATIENCE
        while cls.start_ctl("health").returncode != OK:
            if time.monotonic() > deadline or cls.daemon.poll() is not None:
                raise AssertionError((cls.folder / "log").read_text())
            time.sleep(0.1)

    @classmethod
    def stop_daemon(cls):
        if cls.daemon.poll() is None:
            cls.daemon.send_signal(signal.SIGTERM)
        try:
            cls.daemon.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            cls.daemon.kill()
            cls.daemon.wait()

    @classmethod
    def start_ctl(cls, *words, stdin="") -> subprocess.CompletedProcess:
        environment = {**os.environ, "MOSAIC_ADDRESS": f"unix://{cls.folder}/mosaicd.sock"}
        return subprocess.run([str(MOSAICCTL), *words], input=stdin, capture_output=True, text=True,
                              timeout=PATIENCE, check=False, cwd=cls.folder, env=environment)

    def out(self, *words, expect=OK, stdin="") -> str:
        run = self.start_ctl(*words, stdin=stdin)
        self.assertEqual(run.returncode, expect, f"{words}\n{run.stdout}{run.stderr}")
        return run.stdout

    def err(self, *words, expect, stdin="") -> str:
        run = self.start_ctl(*words, stdin=stdin)
        self.assertEqual(run.returncode, expect, f"{words}\n{run.stdout}{run.stderr}")
        return run.stderr

    def json(self, *words, **more):
        return json.loads(self.out(*words, "-o", "json", **more))

    def test_everything_can_be_looked_at(self):
        self.assertIn("alive yes, ready yes", self.out("health"))
        self.assertIn("revision", self.out("status"))
        self.assertTrue(self.json("status")["ready"])
        self.assertEqual(len(self.json("get", "cores")["cores"]), 1)
        self.assertEqual(self.json("get", "ports")["ports"][0]["name"], "ports/capture")
        self.assertIn("monitors/tcp", self.out("get", "config"))
        self.assertIn("sum", self.out("stats"))
        self.assertIn("mosaicd", self.out("version"))
        for command in (["status"], ["get", "cores"], ["get", "ports"], ["get", "monitors"],
                        ["get", "nf"], ["get", "config"], ["stats"], ["version"], ["health"]):
            self.json(*command)
        for view in ("cores", "flows", "ports", "nf"):
            self.assertIn(f"mosaic top {view}", self.out("top", view, "--once"))
            self.assertEqual(self.json("top", view, "--once", "--interval", "200ms")["view"], view)

    def test_traffic_is_seen(self):
        events = [json.loads(line) for line in
                  self.out("observe", "-n", "5", "-o", "json").splitlines()]
        self.assertIn("stream_started", events[0])
        self.assertEqual(len([event for event in events if "event" in event]), 5)
        self.assertIn("tcp", self.out("observe", "-n", "1", "--protocol", "tcp"))
        flows = self.json("get", "flows", "--protocol", "tcp").get("flows", [])
        self.assertGreater(len(flows), 0)
        self.assertIn("received in order", self.out("describe", "flow", flows[0]["flow_id"]))
        self.assertIn("not found", self.err("describe", "flow", "1", expect=NOT_FOUND))

    def test_monitor_lives_from_create_to_delete(self):
        text = self.out("create", "monitor", "web", "--syn-filter", "tcp port 80",
                        "--server-buffer", "0", "--stop-after-bytes", "1MiB")
        self.assertIn("monitors/web created\nrevision ", text)
        self.assertIn("exists already", self.err("create", "monitor", "web", expect=CONFLICT))
        web = self.json("get", "monitor", "web")
        self.assertEqual(web["server"]["buffer_size_bytes"], "0")
        self.out("update", "monitor", "web", "--set", "server.buffer_size_bytes=64KiB",
                 "--live-flows", "reevaluate", "--etag", web["etag"])
        self.assertEqual(self.json("get", "monitor", "web")["server"]["buffer_size_bytes"], "65536")
        self.assertIn("ETAG_MISMATCH", self.err("update", "monitor", "web", "--disabled", "--etag",
                                                web["etag"], expect=CONFLICT))
        self.assertIn("syn_filter", self.err("update", "monitor", "web", "--syn-filter",
                                             "tcp prot 80", expect=INVALID))
        self.assertIn("web", self.out("__complete", "get", "monitors", "w"))
        self.out("delete", "monitor", "web")
        self.err("delete", "monitor", "web", expect=NOT_FOUND)
        self.out("delete", "monitor", "web", "--ignore-missing")

    def test_function_lives_from_create_to_delete(self):
        self.out("create", "nf", "guard", "--type", "firewall", "--default-action", "allow",
                 "--rule", "{id: telnet, protocol: tcp, server_ports: 23, action: drop}")
        self.out("update", "nf", "guard", "--failure-policy", "closed")
        self.assertEqual(self.json("get", "nf", "guard")["failure_policy"],
                         "FAILURE_POLICY_CLOSED")
        self.out("create", "monitor", "guarded", "--nf", "guard")
        self.err("delete", "nf", "guard", expect=CONFLICT)
        self.out("delete", "monitor", "guarded")
        self.out("delete", "nf", "guard")

    def test_documents_are_applied_and_exported(self):
        document = "monitors:\n  - {name: monitors/dns, type: stream, syn_filter: tcp port 53}\n"
        self.assertIn("monitors/dns created (dry run)",
                      self.out("apply", "-f", "-", "--dry-run", stdin=document))
        self.assertIn("monitors/dns created\n", self.out("apply", "-f", "-", stdin=document))
        self.assertIn("monitors/dns unchanged\n", self.out("apply", "-f", "-", stdin=document))
        exported = self.out("export")
        self.assertIn("monitors/tcp unchanged",
                      self.out("apply", "-f", "-", "--replace", stdin=exported))
        wrong = document.replace("tcp port", "tcp prot")
        self.assertIn("(standard input):2:", self.err("apply", "-f", "-", expect=INVALID,
                                                      stdin=wrong))
        keep = "monitors:\n  - {name: monitors/tcp, type: stream, syn_filter: tcp}\n"
        self.assertIn("monitors/dns deleted",
                      self.out("apply", "-f", "-", "--replace", stdin=keep))

    def test_filters_and_log_levels(self):
        self.assertIn("valid, ", self.out("filter", "explain", "tcp port 443"))
        self.assertIn("invalid: ", self.out("filter", "explain", "tcp prot 443", expect=INVALID))
        self.assertTrue(self.json("filter", "explain", "--use", "raw", "arp")["valid"])
        self.assertIn("control", self.out("log", "level"))
        self.out("log", "level", "control", "debug")
        self.assertEqual(self.json("log", "level")["levels"]["control"], "debug")
        self.out("log", "level", "control", "info")
        self.err("log", "level", "kitchen", "debug", expect=INVALID)

    def test_drain_ends_flows_and_undrain_takes_new_ones(self):
        self.assertIn("time is up", self.out("drain", "--for", "1s", "--end-remaining"))
        self.assertIn("draining", self.out("status"))
        self.assertEqual(self.json("health", expect=FAILED)["ready"], False)
        self.out("undrain")
        self.out("health")

    def test_daemon_that_is_not_there(self):
        self.err("--address", f"unix://{self.folder}/nobody.sock", "status", expect=UNREACHABLE)


def main() -> int:
    global MOSAICD, MOSAICCTL, REPOSITORY
    if len(sys.argv) < 4:
        print(__doc__, file=sys.stderr)
        return 2
    MOSAICD, MOSAICCTL, REPOSITORY = (pathlib.Path(word).resolve() for word in sys.argv[1:4])
    done = unittest.main(argv=[sys.argv[0], *sys.argv[4:]], exit=False)
    return 0 if done.result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
