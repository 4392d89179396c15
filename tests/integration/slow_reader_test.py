#!/usr/bin/env python3
"""Somebody asks for events and does not read them: they lose events and are told how
many; nobody else does, and traffic goes on.

usage: slow_reader_test.py PROGRAMS [unittest's options]

Needs root.
"""

import unittest

from testbed import suite
from testbed.api import common, observer, seconds
from testbed.daemon import Daemon
from testbed.networks import WireNetwork
from testbed.processes import wait_until
from testbed.traffic import IPERF_PORT, Iperf

EVERY_TCP_FLOW = {"monitors": [{"name": "monitors/tcp", "type": "stream", "syn_filter": "tcp"}]}
QUEUE_EVENTS = 100
BITS_PER_SECOND = 30_000_000
# States in which an end has closed, and its peer too.
CLOSED = (common.TCP_STATE_TIME_WAIT, common.TCP_STATE_CLOSED)
PACKETS = observer.EventFilter(types=[observer.EVENT_TYPE_PACKET_IN],
                               flow=observer.FlowFilter(server_ports=[IPERF_PORT]))
STATES = observer.EventFilter(types=[observer.EVENT_TYPE_TCP_STATE_CHANGE],
                              flow=observer.FlowFilter(server_ports=[IPERF_PORT]))


class SlowReaderTest(unittest.TestCase):

    def setUp(self):
        self.network = WireNetwork()
        self.addCleanup(self.network.close)
        self.daemon = Daemon(self.network, EVERY_TCP_FLOW, timeouts={"linger": "60s"})
        self.client = self.daemon.client
        self.iperf = Iperf(self.network)

    def test_who_never_reads_loses_events_and_is_told_how_many(self):
        # gRPC's own buffers take some before the daemon has to hold anything back.
        sleeper = self.client.observer.Observe(observer.ObserveRequest(
            allow=[PACKETS], max_queue_events=QUEUE_EVENTS, heartbeat_interval=seconds(0.2)))
        self.addCleanup(sleeper.cancel)
        self.assertEqual("stream_started", next(sleeper).WhichOneof("payload"))
        reader = self.client.observe(allow=[STATES])
        self.addCleanup(reader.cancel)

        end = self.iperf.measure(4, 3, "--bitrate", str(BITS_PER_SECOND), "--set-mss", "300")

        # Whoever reads has everything, in time: two connections, of which both ends close.
        wait_until("both connections close", lambda: len(
            [event for event in reader.events() if event.new_state in CLOSED]) == 4)
        self.assertEqual([], reader.lost())
        # Traffic is not slowed.
        self.assertGreater(end["sum_received"]["bits_per_second"], 0.9 * BITS_PER_SECOND)
        metrics = self.daemon.metrics()
        self.assertEqual(0, metrics.sum("mosaic_core_dropped_packets_total"))

        # Every packet of the flows is either told or told to be lost.
        packets = sum(flow.client.packets + flow.server.packets
                      for flow in self.client.flows(server_ports=[IPERF_PORT]))
        events, lost = self.read_to_a_heartbeat(sleeper)
        self.assertGreater(lost, 0)
        self.assertEqual(packets, events + lost)
        self.assertEqual(lost, metrics.sum("mosaic_observer_events_total", result="lost_subscriber")
                         + metrics.sum("mosaic_observer_events_total", result="lost_core_ring"))

    def read_to_a_heartbeat(self, stream) -> tuple[int, int]:
        """The events and losses until the stream says that nothing more is to tell; it is
        asked to agree."""
        events = lost = 0
        sequence = 1
        for response in stream:
            sequence += 1
            self.assertEqual(sequence, response.sequence)
            kind = response.WhichOneof("payload")
            if kind == "event":
                events += 1
            elif kind == "lost":
                lost += response.lost.count
            elif kind == "heartbeat" and lost > 0:
                self.assertEqual(events, response.heartbeat.events_sent)
                self.assertEqual(lost, response.heartbeat.events_lost)
                return events, lost
        raise AssertionError("the stream ends")


if __name__ == "__main__":
    suite.run(__doc__)
