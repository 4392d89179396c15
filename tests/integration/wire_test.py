#!/usr/bin/env python3
"""Mosaic in the path: what two hosts say to each other through it, and what it knows of
that.

usage: wire_test.py PROGRAMS [unittest's options]

Needs root.
"""

import unittest

from testbed import suite
from testbed.api import common, system
from testbed.daemon import Daemon
from testbed.frames import FrameSocket, ether_type_of, frame, tag
from testbed.networks import CLIENT4, CLIENT6, SERVER4, SERVER6, WireNetwork
from testbed.traffic import HTTP_PORT, Iperf, WebServer, digest, ping

FILE_BYTES = 8_000_000
ADDRESSES = {4: (CLIENT4, SERVER4), 6: (CLIENT6, SERVER6)}
EVERY_TCP_FLOW = {"monitors": [{"name": "monitors/tcp", "type": "stream", "syn_filter": "tcp"}]}
ARP, IPV6 = b"\x08\x06", b"\x86\xdd"


class WireTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.network = WireNetwork()
        cls.addClassCleanup(cls.network.close)
        # Flows stay listed until the test has looked.
        cls.daemon = Daemon(cls.network, EVERY_TCP_FLOW, timeouts={"linger": "60s"})
        cls.client = cls.daemon.client
        cls.web = WebServer(cls.network)
        cls.iperf = Iperf(cls.network)

    def flow_of(self, version: int, port: int, **where):
        """The one flow to a port of the server over a version of IP."""
        client, server = ADDRESSES[version]
        flows = self.client.flows(server_ports=[port], server_cidrs=[server], **where)
        self.assertEqual(1, len(flows), flows)
        self.assertEqual((client, server), (flows[0].key.client_address,
                                            flows[0].key.server_address))
        return flows[0]

    def test_a_file_is_the_same_at_both_ends_and_its_flow_is_listed(self):
        published = self.web.publish("file", FILE_BYTES)
        for version in (4, 6):
            with self.subTest(version=version):
                self.assertEqual(digest(published), digest(self.web.fetch("file", version)))

                flow = self.flow_of(version, HTTP_PORT)
                self.assertEqual(["monitors/tcp"], list(flow.monitors))
                self.assertFalse(flow.picked_up)
                # The response's header comes before the file.
                response = flow.client.delivered_bytes
                self.assertGreater(response, FILE_BYTES)
                self.assertLess(response, FILE_BYTES + 1000)
                self.assertEqual(0, flow.server.gap_bytes)
                # A segment that repeats some bytes counts as resent as a whole.
                sent_once = flow.server.payload_bytes - flow.server.retransmitted_bytes
                self.assertLessEqual(sent_once, response)
                self.assertGreaterEqual(flow.server.payload_bytes, response)
                self.assertEqual(flow.client.payload_bytes, flow.server.delivered_bytes)
                # The client closes first.
                self.assertEqual(common.TCP_STATE_TIME_WAIT, flow.client.state)
                self.assertEqual(common.TCP_STATE_CLOSED, flow.server.state)

    def test_iperf_runs_in_both_directions(self):
        for version in (4, 6):
            for direction in ([], ["--reverse"]):
                with self.subTest(version=version, direction=direction):
                    end = self.iperf.measure(version, 1, *direction)
                    # A hundredth of what this reaches on two idle cores.
                    self.assertGreater(end["sum_received"]["bits_per_second"], 5e6)

    def test_neighbours_are_found_and_echoes_answered(self):
        client, server = FrameSocket(self.network.client), FrameSocket(self.network.server)
        self.addCleanup(client.close)
        self.addCleanup(server.close)
        self.network.client.run("ip", "neigh", "flush", "all")
        self.network.server.run("ip", "neigh", "flush", "all")
        for version, kind in ((4, ARP), (6, IPV6)):
            ping(self.network.client, version)
            server.receive(kind)
            client.receive(kind)

    def test_frames_of_every_kind_pass_unchanged(self):
        client, server = FrameSocket(self.network.client), FrameSocket(self.network.server)
        self.addCleanup(client.close)
        self.addCleanup(server.close)
        frames = [frame(60), frame(1514), frame(64, tag(100)), frame(1518, tag(4094)),
                  frame(1518, tag(1) + tag(2)), frame(60, ether_type=b"\x88\xcc"),
                  frame(200, ether_type=b"\x88\x47"), frame(300, tag(7), ether_type=b"\x88\x64")]
        for data in frames:
            for sender, receiver in ((client, server), (server, client)):
                sender.send(data)
                self.assertEqual(data, receiver.receive(ether_type_of(data)))

    def test_what_arrives_at_one_port_leaves_by_the_other_and_nothing_is_lost(self):
        before = self.daemon.metrics()
        for version in (4, 6):
            for direction in ([], ["--reverse"]):
                end = self.iperf.measure(version, 1, "--udp", "--bitrate", "20M", *direction)
                self.assertGreater(end["sum"]["packets"], 1000)
        after = self.daemon.metrics()
        for family in ("mosaic_core_dropped_packets_total",
                       "mosaic_port_receive_missed_packets_total",
                       "mosaic_port_receive_errors_total", "mosaic_port_receive_nombuf_total",
                       "mosaic_port_transmit_errors_total"):
            self.assertEqual(before.sum(family), after.sum(family), family)
        self.assertEqual(after.sum("mosaic_port_receive_packets_total"),
                         after.sum("mosaic_port_transmit_packets_total"))

    def test_the_ports_and_the_worker_count_what_passed(self):
        ping(self.network.client, 4, count=5)
        answer = self.client.system.ListPorts(system.ListPortsRequest())
        left, right = answer.ports
        self.assertEqual(("ports/left", "ports/right", "ports/left"),
                         (left.name, left.peer, right.peer))
        self.assertTrue(left.link_up and right.link_up)
        self.assertEqual("net_af_packet", left.driver)
        self.assertGreaterEqual(left.rx_packets, 5)
        self.assertGreaterEqual(right.tx_packets, 5)


class WithoutMosaicTest(unittest.TestCase):

    def test_nothing_but_mosaic_joins_the_hosts(self):
        network = WireNetwork()
        self.addCleanup(network.close)
        daemon = Daemon(network)
        for version in (4, 6):
            ping(network.client, version)

        self.assertEqual(0, daemon.stop())

        for version in (4, 6):
            self.assertNotEqual(0, network.client.attempt(
                "ping", f"-{version}", "-c", 1, "-W", "0.5", ADDRESSES[version][1]).returncode)


if __name__ == "__main__":
    suite.run(__doc__)
