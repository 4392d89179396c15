#!/usr/bin/env python3
"""The metrics of a daemon under traffic, judged by promtool and scraped by a real
Prometheus.

usage: prometheus_test.py PROGRAMS [unittest's options]

Needs root.
"""

import json
import re
import shutil
import unittest
import urllib.parse

from testbed import suite
from testbed.api import common, config
from testbed.daemon import METRICS_URL, Daemon
from testbed.networks import CLIENT4, CLIENT6, SERVER4, SERVER6, WireNetwork
from testbed.processes import wait_until
from testbed.traffic import Iperf, WebServer

WORKERS = 2
EVERY_TCP_FLOW = {"monitors": [{"name": "monitors/tcp", "type": "stream", "syn_filter": "tcp"}]}
# Bounds that whoever sizes a Prometheus may count on. Nine of ten that belong to nothing
# in particular are of gRPC: each method with each code and bucket of time.
MOST_SERIES = 1100
MOST_SERIES_OF_A_WORKER = 240
MOST_SERIES_OF_A_PORT = 30
MOST_SERIES_OF_A_MONITOR = 20
PROMETHEUS = "127.0.0.1:9090"


class MetricsTest(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.network = WireNetwork()
        cls.addClassCleanup(cls.network.close)
        cls.daemon = Daemon(cls.network, EVERY_TCP_FLOW, workers=WORKERS)
        cls.client = cls.daemon.client
        cls.web = WebServer(cls.network)
        cls.web.publish("file", 100_000)
        cls.iperf = Iperf(cls.network)

    def test_promtool_finds_nothing_to_complain_about(self):
        for version in (4, 6):
            self.web.fetch("file", version)
        checked = self.network.mosaic.attempt(
            "bash", "-o", "pipefail", "-c",
            f"curl -sS {METRICS_URL}/metrics | promtool check metrics")
        self.assertEqual((0, "", ""), (checked.returncode, checked.stdout, checked.stderr))

    def test_the_daemon_is_healthy_and_ready_over_http(self):
        self.daemon.get("/healthz")
        self.daemon.get("/readyz")

    def test_traffic_makes_no_series_and_leaves_no_address_in_any(self):
        before = self.daemon.metrics()
        for _ in range(20):
            for version in (4, 6):
                self.web.fetch("file", version)
        after = self.daemon.metrics()
        self.assertEqual(len(before), len(after))
        for address in (CLIENT4, SERVER4, CLIENT6, SERVER6):
            self.assertNotIn(address, after.text)

    def test_each_monitor_adds_the_same_few_series_and_takes_them_away(self):
        counts = []
        for monitors in (0, 1, 5, 20, 0):
            self.client.config.ApplyConfig(config.ApplyConfigRequest(config=config.Config(
                monitors=[{"name": f"monitors/m{number}", "type": "MONITOR_TYPE_STREAM"}
                          for number in range(monitors)])))
            counts.append(len(self.daemon.metrics()))
        none, one, five, twenty, none_again = counts
        of_one = one - none
        self.assertGreater(of_one, 0)
        self.assertLessEqual(of_one, MOST_SERIES_OF_A_MONITOR)
        self.assertEqual([5 * of_one, 20 * of_one, 0],
                         [five - none, twenty - none, none_again - none])

    def test_the_number_of_series_is_bounded_by_workers_ports_and_monitors(self):
        ports, monitors = len(self.network.ports), 1
        bound = (MOST_SERIES + MOST_SERIES_OF_A_WORKER * WORKERS + MOST_SERIES_OF_A_PORT * ports
                 + MOST_SERIES_OF_A_MONITOR * monitors)
        self.assertLess(len(self.daemon.metrics()), bound)


class PrometheusTest(unittest.TestCase):

    def setUp(self):
        self.network = WireNetwork()
        self.addCleanup(self.network.close)
        self.daemon = Daemon(self.network, EVERY_TCP_FLOW, workers=WORKERS)
        # The configuration that is shipped, in a hurry.
        shipped = suite.REPOSITORY / "deploy/prometheus"
        shutil.copy(shipped / "rules.yml", self.network.folder)
        configuration = self.network.folder / "prometheus.yml"
        configuration.write_text(re.sub(r"_interval: 5s", "_interval: 500ms",
                                        (shipped / "prometheus.yml").read_text()))
        self.network.mosaic.start(
            "prometheus", f"--config.file={configuration}",
            f"--storage.tsdb.path={self.network.folder}/prometheus",
            f"--web.listen-address={PROMETHEUS}", "--log.level=warn")

    def ask(self, path: str) -> dict:
        """The data of an answer of Prometheus; none while it is not there yet."""
        answer = self.network.mosaic.attempt("curl", "--silent", "--max-time", "5",
                                             f"http://{PROMETHEUS}/api/v1/{path}")
        if answer.returncode != 0 or not answer.stdout.startswith("{"):
            return {}
        body = json.loads(answer.stdout)
        self.assertEqual("success", body["status"], body)
        return body["data"]

    def query(self, expression: str) -> list[dict]:
        """The result of an instant query."""
        return self.ask(f"query?{urllib.parse.urlencode({'query': expression})}").get("result", [])

    def test_a_real_prometheus_answers_the_rate_of_each_core(self):
        iperf = Iperf(self.network)
        streams = iperf.start(4, 8, "--bitrate", "10M", "--parallel", "4")
        rate = 'rate(mosaic_core_packets_total{direction="rx"}[3s])'

        def of_both_cores():
            result = self.query(rate)
            return len(result) == WORKERS and result

        result = wait_until("a rate of each core", of_both_cores)
        self.assertEqual({"0", "1"}, {series["metric"]["core"] for series in result})
        wait_until("packets show", lambda: sum(
            float(series["value"][1]) for series in self.query(rate)) > 100)
        (up,) = self.query("up")
        self.assertEqual("1", up["value"][1])
        self.assertEqual(0, streams.wait())
        # Each rule was evaluated on what a real daemon exports, and none finds a fault.
        rules = [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]
        self.assertGreater(len(rules), 5)
        self.assertEqual([], [rule for rule in rules if rule["health"] == "err"])
        self.assertEqual([], self.query('ALERTS{alertstate="firing"}'))


if __name__ == "__main__":
    suite.run(__doc__)
