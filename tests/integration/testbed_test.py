#!/usr/bin/env python3
"""The networks of the other tests with the kernel in Mosaic's place: what fails here is
no fault of Mosaic's.

usage: testbed_test.py PROGRAMS [unittest's options]

Needs root.
"""

import os
import pathlib
import signal
import subprocess
import sys
import unittest

from testbed import suite
from testbed.frames import FrameSocket, frame, tag
from testbed.networks import TapNetwork, WireNetwork
from testbed.processes import wait_until
from testbed.traffic import HTTP_PORT, Iperf, WebServer, digest, ping

# A test of a network that is stopped half-way: prints what it started and waits.
HALF_WAY = """
import signal, sys, time
sys.path.insert(0, sys.argv[1])
from testbed.networks import TapNetwork
signal.signal(signal.SIGTERM, signal.default_int_handler)
network = TapNetwork()
process = network.server.start("sleep", "1000")
print(process.pid, network.folder, flush=True)
time.sleep(1000)
"""


class JoinedNetworkTest(unittest.TestCase):

    def setUp(self):
        self.network = WireNetwork()
        self.addCleanup(self.network.close)
        self.network.join_without_mosaic()

    def test_a_file_is_the_same_at_both_ends(self):
        web = WebServer(self.network)
        published = web.publish("file", 3_000_000)
        for version in (4, 6):
            self.assertEqual(digest(published), digest(web.fetch("file", version)))

    def test_iperf_measures_and_echoes_are_answered(self):
        iperf = Iperf(self.network)
        for version in (4, 6):
            ping(self.network.client, version)
            self.assertGreater(iperf.measure(version, 1)["sum_received"]["bytes"], 1_000_000)

    def test_frames_travel_whole_with_their_tags(self):
        client, server = FrameSocket(self.network.client), FrameSocket(self.network.server)
        self.addCleanup(client.close)
        self.addCleanup(server.close)
        for data in (frame(60), frame(1514), frame(64, tag(100))):
            client.send(data)
            self.assertEqual(data, server.receive())


class TapNetworkTest(unittest.TestCase):

    def test_mosaics_interface_sees_both_directions_of_what_the_hosts_say_once(self):
        network = TapNetwork()
        self.addCleanup(network.close)
        web = WebServer(network)
        web.publish("file", 100_000)
        capture = network.folder / "seen.pcap"
        dumpcap = network.mosaic.start("dumpcap", "-q", "-i", "tap0", "-f", "tcp", "-w", capture)
        wait_until("dumpcap listens", lambda: "File: " in dumpcap.said())

        for version in (4, 6):
            web.fetch("file", version)

        # Each connection: one SYN and one FIN from either end.
        flags = ["tshark", "-r", capture, "-T", "fields", "-e", "tcp.flags.syn", "-e",
                 "tcp.flags.fin"]

        def seen() -> list[str]:
            return subprocess.run(flags, capture_output=True, text=True, check=False,
                                  timeout=20).stdout.splitlines()

        wait_until("four FINs", lambda: seen().count("0\t1") == 4)
        self.assertEqual(4, seen().count("1\t0"))


class CleanUpTest(unittest.TestCase):

    def leftovers_after(self, number: int) -> tuple[int, pathlib.Path]:
        """A process and the folder of a test that a signal ended."""
        script = [sys.executable, "-c", HALF_WAY, str(pathlib.Path(__file__).parent)]
        with subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True) as test:
            pid, folder = test.stdout.readline().split()
            os.kill(test.pid, number)
        return int(pid), pathlib.Path(folder)

    def is_gone(self, pid: int) -> bool:
        return not pathlib.Path(f"/proc/{pid}/ns/net").exists()

    def test_a_terminated_test_leaves_nothing(self):
        pid, folder = self.leftovers_after(signal.SIGTERM)
        wait_until("the program ends", lambda: self.is_gone(pid))
        self.assertFalse(folder.exists())

    def test_a_killed_test_leaves_no_program(self):
        pid, folder = self.leftovers_after(signal.SIGKILL)
        wait_until("the program ends", lambda: self.is_gone(pid))
        subprocess.run(["rm", "-r", folder], check=True, timeout=20)

    def test_closing_a_network_ends_its_programs(self):
        network = WireNetwork()
        server = WebServer(network)
        self.assertTrue(network.server.listens(HTTP_PORT))
        folder = server.folder
        network.close()
        self.assertFalse(folder.exists())


if __name__ == "__main__":
    suite.run(__doc__)
