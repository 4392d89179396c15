#!/usr/bin/env python3
"""Mosaic beside the path: the flows that it lists and the events that it streams while
real programs talk.

usage: tap_test.py PROGRAMS [unittest's options]

Needs root.
"""

import unittest

from testbed import suite
from testbed.api import common, observer, system
from testbed.daemon import Daemon
from testbed.networks import CLIENT4, CLIENT6, SERVER4, SERVER6, TapNetwork
from testbed.processes import wait_until
from testbed.traffic import ADDRESSES, HTTP_PORT, Iperf, WebServer

# Every byte of every TCP flow is read, so streams are rebuilt.
EVERY_TCP_STREAM = {
    "monitors": [{"name": "monitors/tcp", "type": "stream", "syn_filter": "tcp",
                  "nf_instances": ["nfInstances/reader"]}],
    "nf_instances": [{"name": "nfInstances/reader",
                      "flow_log": {"output_path": "/dev/null", "payload_digests": True}}]}
CLIENTS = {4: CLIENT4, 6: CLIENT6}
SERVERS = {4: SERVER4, 6: SERVER6}
# Nothing listens there.
CLOSED_PORT = 81

START = observer.EVENT_TYPE_CONNECTION_START
DATA = observer.EVENT_TYPE_NEW_DATA
END = observer.EVENT_TYPE_CONNECTION_END


class TapTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.network = TapNetwork()
        cls.addClassCleanup(cls.network.close)
        # Ends are told soon.
        cls.daemon = Daemon(cls.network, EVERY_TCP_STREAM, timeouts={"linger": "0.5s"})
        cls.client = cls.daemon.client
        cls.web = WebServer(cls.network)

    def observe(self, version: int, port: int = HTTP_PORT):
        """The events of a server's port over a version of IP."""
        where = observer.FlowFilter(server_ports=[port], server_cidrs=[SERVERS[version]])
        observation = self.client.observe(allow=[observer.EventFilter(flow=where)],
                                          max_queue_events=65536)
        self.addCleanup(observation.cancel)
        return observation

    def test_a_download_is_listed_while_it_runs_with_its_state_and_growing_bytes(self):
        self.web.publish("slow", 3_000_000)
        for version in (4, 6):
            with self.subTest(version=version):
                download = self.web.start_fetch("slow", version, bytes_per_second=500_000)
                where = {"server_ports": [HTTP_PORT], "server_cidrs": [SERVERS[version]]}
                wait_until("the flow is listed", lambda: self.client.flows(**where))
                (first,) = self.client.flows(**where)
                self.assertEqual(common.TCP_STATE_ESTABLISHED, first.client.state)
                self.assertEqual(common.TCP_STATE_ESTABLISHED, first.server.state)
                self.assertEqual((CLIENTS[version], HTTP_PORT),
                                 (first.key.client_address, first.key.server_port))

                def grown():
                    flows = self.client.flows(**where)
                    return flows and flows[0].server.payload_bytes > first.server.payload_bytes

                wait_until("it has grown", grown)
                (later,) = self.client.flows(**where)
                self.assertEqual(first.flow_id, later.flow_id)
                self.assertEqual(later.server.payload_bytes - later.server.retransmitted_bytes,
                                 later.client.delivered_bytes + later.server.gap_bytes)
                by_id = self.client.observer.GetFlow(
                    observer.GetFlowRequest(flow_id=first.flow_id)).flow
                self.assertEqual(first.key, by_id.key)

                download.stop()
                wait_until("the flow has gone", lambda: not self.client.flows(**where))

    def test_start_data_and_end_of_a_download_are_streamed_in_order_without_a_gap(self):
        size = 300_000
        self.web.publish("file", size)
        for version in (4, 6):
            with self.subTest(version=version):
                observation = self.observe(version)
                self.web.fetch("file", version)
                wait_until("the flow ends", lambda: observation.events(END))

                responses = observation.responses()
                self.assertEqual(list(range(1, len(responses) + 1)),
                                 [response.sequence for response in responses])
                self.assertEqual("stream_started", responses[0].WhichOneof("payload"))
                self.assertEqual([], observation.lost())
                events = observation.events()
                self.assertEqual((START, END), (events[0].type, events[-1].type))
                self.assertEqual(1, len({event.flow_id for event in events}))
                self.assertEqual(observer.END_REASON_FIN, events[-1].end_reason)
                self.assertEqual(ADDRESSES[version], events[0].key.server_address)
                self.assertEqual(["monitors/tcp"], list(events[0].monitors))

                # In-order bytes, each once: offset after offset.
                for side, at_least in ((common.SIDE_SERVER, 50), (common.SIDE_CLIENT, size)):
                    offset = 0
                    for event in observation.events(DATA):
                        if event.side == side:
                            self.assertEqual(offset, event.stream_offset_bytes)
                            offset += event.length_bytes
                    self.assertGreater(offset, at_least)

    def test_a_refused_connection_ends_as_refused(self):
        for version in (4, 6):
            with self.subTest(version=version):
                observation = self.observe(version, CLOSED_PORT)
                host = f"[{SERVERS[6]}]" if version == 6 else SERVERS[4]
                refused = self.network.client.attempt(
                    "curl", "--silent", "--max-time", "5", f"http://{host}:{CLOSED_PORT}/")
                self.assertEqual(7, refused.returncode)
                wait_until("the flow ends", lambda: observation.events(END))
                self.assertEqual(observer.END_REASON_REFUSED,
                                 observation.events(END)[0].end_reason)

    def test_iperf_beside_it_is_measured_and_nothing_is_sent(self):
        iperf = Iperf(self.network)
        observation = self.observe(4, port=5201)
        end = iperf.measure(4, 1, "--bitrate", "50M")
        wait_until("both connections end", lambda: len(observation.events(END)) == 2)

        self.assertEqual([], observation.lost())
        received = {}
        for event in observation.events(DATA):
            if event.side == common.SIDE_SERVER:
                received[event.flow_id] = received.get(event.flow_id, 0) + event.length_bytes
        # The other connection is iperf's own, for its parameters.
        self.assertGreaterEqual(max(received.values()), end["sum_received"]["bytes"])
        self.assertLess(max(received.values()), end["sum_received"]["bytes"] * 1.05)
        (port,) = self.client.system.ListPorts(system.ListPortsRequest()).ports
        self.assertEqual(system.PORT_MODE_TAP, port.mode)
        self.assertGreater(port.rx_packets, 0)
        self.assertEqual(0, port.tx_packets)


if __name__ == "__main__":
    suite.run(__doc__)
