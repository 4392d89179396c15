#!/usr/bin/env python3
"""The bundled captures through mosaicd, counted against independent tools:
packets against capinfos, TCP connections against tshark; and deploy/quickstart as
a newcomer starts it.

usage: quickstart_test.py MOSAICD REPOSITORY [unittest's options]
"""

import json
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

MOSAICD: pathlib.Path
REPOSITORY: pathlib.Path

# How the summary at the end of a replay names the number of packets read.
SUMMARY_PACKETS = re.compile(r"^packets\s+([\d,]+)", re.MULTILINE)


def output_of(*command) -> str:
    """What `command` prints on standard output; fails with what it says if it fails."""
    run = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                         timeout=300, check=False)
    if run.returncode != 0:
        raise AssertionError(f"{command[0]} exits with {run.returncode}:\n{run.stdout}{run.stderr}")
    return run.stdout


def bundled_captures() -> list[pathlib.Path]:
    data = REPOSITORY / "tests/data"
    return sorted([*data.glob("*.pcap"), *data.glob("*.pcapng")])


def packets_in(capture: pathlib.Path) -> int:
    """The number of packets by capinfos."""
    return int(output_of("capinfos", "-T", "-r", "-c", capture).split("\t")[1])


def connections_in(capture: pathlib.Path) -> list[str]:
    """The TCP connection of each TCP packet by tshark.

    TCP headers quoted in ICMP errors are not packets of a connection.
    """
    return output_of("tshark", "-r", capture, "-Y", "tcp && !icmp && !icmpv6",
                     "-T", "fields", "-e", "tcp.stream").split()


def packets_summed_up(summary: str) -> int:
    match = SUMMARY_PACKETS.search(summary)
    if not match:
        raise AssertionError(f"no line 'packets N' in the summary:\n{summary}")
    return int(match.group(1).replace(",", ""))


class BundledCapturesTest(unittest.TestCase):

    def test_there_are_bundled_captures(self):
        self.assertNotEqual([], bundled_captures())

    def test_packets_and_connections_agree_with_independent_counts(self):
        for capture in bundled_captures():
            with self.subTest(capture.name), tempfile.TemporaryDirectory() as folder:
                report = pathlib.Path(folder) / "flows.jsonl"
                summary = output_of(MOSAICD, "replay", "--flows", report, capture)
                flows = [json.loads(line) for line in report.read_text().splitlines()]
                tcp = [flow for flow in flows if flow["protocol"] == 6]
                by_tshark = connections_in(capture)

                self.assertEqual(packets_in(capture), packets_summed_up(summary))
                self.assertEqual(len(set(by_tshark)), len(tcp))
                self.assertEqual(len(by_tshark), sum(
                    flow[side]["packets"] for flow in tcp
                    for side in ("client_to_server", "server_to_client")))


class QuickstartTest(unittest.TestCase):

    def test_once_replays_every_bundled_capture_and_changes_a_running_daemon(self):
        said = output_of(REPOSITORY / "deploy/quickstart", "--once")
        self.assertEqual(sum(packets_in(capture) for capture in bundled_captures()),
                         packets_summed_up(said))
        self.assertRegex(said, r"(?m)^health +alive yes, ready yes$")
        self.assertRegex(said, r"(?m)^monitors/ip6 created\nrevision 2 on 1 worker ")
        self.assertRegex(said, r"(?m)^    worker 0: [1-9]\d+ packets received, 0 sent, 0 dropped")

    def test_it_shows_the_running_daemon_until_it_is_interrupted_and_then_ends_it(self):
        with subprocess.Popen([REPOSITORY / "deploy/quickstart"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True) as quickstart:
            try:
                said = ""
                for line in quickstart.stdout:
                    said += line
                    if "packets/s" in line:
                        break
                (socket,) = re.findall(r"MOSAIC_ADDRESS=unix://(\S+)", said)
                self.assertTrue(pathlib.Path(socket).is_socket(), said)
                self.assertIsNone(quickstart.poll(), "it ends by itself")
                quickstart.send_signal(signal.SIGINT)
                self.assertEqual(130, quickstart.wait(timeout=20))
                self.assertRegex(quickstart.stdout.read(), "worker 0: .* packets received")
                self.assertFalse(pathlib.Path(socket).parent.exists())
            finally:
                quickstart.kill()


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    MOSAICD, REPOSITORY = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
