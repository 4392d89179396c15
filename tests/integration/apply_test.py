#!/usr/bin/env python3
"""Changes of the configuration, twenty a second, while Mosaic carries traffic: none
fails, no worker stands still, no packet is lost.

usage: apply_test.py PROGRAMS [unittest's options]

Needs root.
"""

import json
import os
import time
import unittest

from testbed import suite
from testbed.api import common, system
from testbed.daemon import Daemon
from testbed.networks import WireNetwork
from testbed.traffic import Iperf

APPLIES = 200
PERIOD_SECONDS = 1 / 20
# Of a worker's thread, in the round that takes up a configuration and 63 after it.
MOST_CPU_SECONDS = 0.001
LOSSES = ("mosaic_core_dropped_packets_total", "mosaic_port_receive_missed_packets_total",
          "mosaic_port_receive_errors_total", "mosaic_port_receive_nombuf_total",
          "mosaic_port_transmit_errors_total")


class ApplyTest(unittest.TestCase):

    def setUp(self):
        self.network = WireNetwork()
        self.addCleanup(self.network.close)
        cpus = sorted(os.sched_getaffinity(0))
        # Two workers on one CPU: each apply waits for both. The hosts' kernels receive
        # on the other: a thread is charged for what the kernel does in its sends, here
        # all of TCP at both ends, and up to 8 ms of that at once. Its own sends are
        # system calls too, one for each packet of a burst.
        self.daemon = Daemon(self.network, workers=2, cpu=cpus[0], burst_packets=32)
        for host in (self.network.client, self.network.server):
            host.receive_on("eth0", cpus[-1])
        self.client = self.daemon.client

    def apply(self, number: int) -> int:
        """One change of the monitor, unlike the one before; its revision. Each fifth has
        a filter that was never seen, which is first tried in a process of its own."""
        live_flows = (common.LIVE_FLOWS_KEEP, common.LIVE_FLOWS_REEVALUATE)[number % 2]
        answer = self.client.update(
            "web", ["client.buffer_size_bytes", "stop_policies", "syn_filter"],
            live_flows=live_flows, client={"buffer_size_bytes": 65536 * (1 + number % 3)},
            stop_policies=[{"side": common.SIDE_SERVER, "payload_bytes": 1 << (20 + number % 2)}],
            syn_filter={"expression": f"tcp and not port {10000 + number // 5}"})
        self.assertEqual(2, answer.result.cores_applied)
        return answer.result.revision

    def test_two_hundred_changes_under_traffic_disturb_nothing(self):
        self.client.create("web", syn_filter={"expression": "tcp"})
        seconds = int(APPLIES * PERIOD_SECONDS) + 2
        iperf = Iperf(self.network).start(4, seconds, "--bitrate", "60M")
        time.sleep(0.5)
        before = self.daemon.metrics()

        began = time.monotonic()
        revisions = []
        for number in range(APPLIES):
            revisions.append(self.apply(number))
            time.sleep(max(0, began + (number + 1) * PERIOD_SECONDS - time.monotonic()))
        took = time.monotonic() - began
        cores = self.client.system.ListCores(system.ListCoresRequest()).cores

        first = revisions[0]
        self.assertEqual(list(range(first, first + APPLIES)), revisions)
        self.assertLess(took, APPLIES * PERIOD_SECONDS * 1.5)
        self.assertEqual([revisions[-1]] * 2, [core.applied_revision for core in cores])
        after = self.daemon.metrics()
        longest = max(after.values("mosaic_core_longest_apply_seconds"))
        self.assertGreater(longest, 0)
        self.assertLessEqual(longest, MOST_CPU_SECONDS)
        for family in LOSSES:
            self.assertEqual(before.sum(family), after.sum(family), family)
        self.assertEqual(0, iperf.wait(seconds + 20), iperf.said())
        report = json.loads(iperf.said())["end"]
        self.assertGreater(report["sum_received"]["bits_per_second"], 50e6)
        applies = after.sum("mosaic_config_applies_total", result="ok")
        self.assertEqual(APPLIES, applies - before.sum("mosaic_config_applies_total", result="ok"))


if __name__ == "__main__":
    suite.run(__doc__)
