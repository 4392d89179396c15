#!/usr/bin/env python3
"""What the daemon opens when it starts, and how it starts where another one ended badly
or still runs.

usage: start_test.py PROGRAMS [unittest's options]

Needs root.
"""

import json
import unittest

from testbed import suite
from testbed.api import config, system
from testbed.daemon import Daemon
from testbed.networks import TapNetwork, WireNetwork
from testbed.suite import Programs
from testbed.traffic import ping

FAILED = 1


class OpenSocketsTest(unittest.TestCase):

    def setUp(self):
        self.network = TapNetwork()
        self.addCleanup(self.network.close)

    def listening(self) -> list[str]:
        """Addresses of the namespace that anybody could connect or send to, as ss tells
        them: TCP, UDP, raw IP, SCTP, and unix sockets with a name."""
        internet = self.network.mosaic.run("ss", "-Hnl", "--tcp", "--udp", "--raw", "--sctp")
        unix = self.network.mosaic.run("ss", "-Hnl", "--unix")
        return sorted([f"{fields[0]} {fields[4]}" for fields in map(str.split,
                                                                   internet.splitlines())]
                      + [f"unix {fields[4]}" for fields in map(str.split, unix.splitlines())])

    def test_only_the_socket_of_the_api_and_the_metrics_on_loopback_are_open(self):
        self.assertEqual([], self.listening())
        daemon = Daemon(self.network)
        self.assertEqual(["tcp 127.0.0.1:9464", f"unix {daemon.socket}"], self.listening())
        daemon.stop()
        self.assertEqual([], self.listening())

    def test_the_api_listens_on_tcp_and_metrics_are_off_when_that_is_asked_for(self):
        daemon = Daemon(self.network, metrics={"enabled": False},
                        control={"socket_path": str(self.network.folder / "mosaicd.sock"),
                                 "tcp_listen": "127.0.0.1:50051"})
        self.assertEqual(["tcp 127.0.0.1:50051", f"unix {daemon.socket}"], self.listening())

    def test_the_socket_is_for_its_owner_and_group_only_and_goes_with_the_daemon(self):
        daemon = Daemon(self.network)
        self.assertTrue(daemon.socket.is_socket())
        self.assertEqual(0, daemon.socket.stat().st_mode & 0o007)
        daemon.stop()
        self.assertFalse(daemon.socket.exists())


class CapabilitiesTest(unittest.TestCase):

    def test_it_tells_what_it_is_and_what_it_runs(self):
        network = TapNetwork()
        self.addCleanup(network.close)
        daemon = Daemon(network)
        first = daemon.client.system.GetCapabilities(system.GetCapabilitiesRequest())
        self.assertRegex(first.version, r"^\d+\.\d+\.\d+$")
        self.assertRegex(first.dpdk_version, r"^22\.11\.\d+$")
        self.assertRegex(first.git_commit, r"^[0-9a-f]{12}(-dirty)?$|^unknown$")
        self.assertEqual(1, first.running_revision)
        self.assertFalse(first.draining)


class NextStartTest(unittest.TestCase):

    def setUp(self):
        self.network = WireNetwork()
        self.addCleanup(self.network.close)

    def test_after_kill_minus_nine_the_next_one_serves_and_carries_traffic(self):
        daemon = Daemon(self.network)
        ping(self.network.client, 4)
        daemon.kill()
        self.assertTrue(daemon.socket.is_socket(), "nothing stale to start over")

        daemon.restart()

        daemon.client.config.GetConfig(config.GetConfigRequest())
        self.assertIn("mosaic_build_info", daemon.get("/metrics"))
        for version in (4, 6):
            ping(self.network.client, version)

    def test_a_second_daemon_on_the_same_socket_does_not_start_nor_disturb_the_first(self):
        daemon = Daemon(self.network)
        configuration = self.network.folder / "second.json"
        configuration.write_text(json.dumps({"system": {
            "ports": [{"id": "none", "device": "null:size=0"}], "metrics": {"enabled": False},
            "control": {"socket_path": str(daemon.socket)}, "workers": 1}}))

        second = self.network.mosaic.attempt(Programs.path("mosaicd"), "run", "-c", configuration)

        self.assertEqual(FAILED, second.returncode, second.stderr)
        self.assertIn(str(daemon.socket), second.stderr)
        self.assertTrue(daemon.client.is_ready())

    def test_a_second_daemon_on_the_same_metrics_address_says_which_is_taken(self):
        Daemon(self.network)
        configuration = self.network.folder / "second.json"
        configuration.write_text(json.dumps({"system": {
            "ports": [{"id": "none", "device": "null:size=0"}],
            "control": {"socket_path": str(self.network.folder / "other.sock")},
            "workers": 1}}))

        second = self.network.mosaic.attempt(Programs.path("mosaicd"), "run", "-c", configuration)

        self.assertEqual(FAILED, second.returncode, second.stderr)
        self.assertIn("127.0.0.1:9464", second.stderr)


if __name__ == "__main__":
    suite.run(__doc__)
