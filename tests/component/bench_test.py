#!/usr/bin/env python3
"""mosaic-bench: what it makes up is what it says, in its own eyes and tshark's; the guard
and the plot that read its figures.

usage: bench_test.py MOSAIC_BENCH [unittest's options]
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

BENCH_FOLDER = pathlib.Path(__file__).resolve().parents[1] / "bench"
sys.path.insert(0, str(BENCH_FOLDER))
import guard  # pylint: disable=wrong-import-position

# Small enough for a test; the shapes keep what makes them different.
SIZES = {"web": ["--connections", "150", "--concurrent", "40", "--reorder", "0.1",
                 "--resend", "0.1"],
         "small": ["--connections", "500", "--concurrent", "200"],
         "bulk": ["--connections", "5", "--response-bytes", "300000"],
         "conc=100": ["--connections", "300"]}
WORKLOADS = ("floor", "events", "read", "crc")


class BenchTest(unittest.TestCase):
    bench: str

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mosaic-bench-")
        self.addCleanup(folder.cleanup)
        self.trace = pathlib.Path(folder.name) / "trace.pcap"

    def call(self, *arguments) -> subprocess.CompletedProcess:
        return subprocess.run([self.bench, *map(str, arguments)], capture_output=True, text=True,
                              check=False, timeout=120)

    def generate(self, shape: str, *options) -> dict[str, int]:
        """Its ground truth, as it is told and as it is written."""
        done = self.call("generate", shape, self.trace, *options)
        self.assertEqual(0, done.returncode, done.stderr)
        truth = pathlib.Path(f"{self.trace}.gt").read_text()
        self.assertEqual(done.stdout, truth)
        return {name: int(value)
                for name, value in (line.split("=") for line in truth.splitlines())}

    def test_each_workload_finds_in_each_shape_what_was_put_in(self):
        for shape, size in SIZES.items():
            self.generate(shape, *size)
            for workload in WORKLOADS:
                with self.subTest(shape=shape, workload=workload):
                    done = self.call("run", "--trace", self.trace, "--workload", workload,
                                     "--repeat", "1", "--flows-limit", "4096", "--json")
                    self.assertEqual((0, ""), (done.returncode, done.stderr))

    def test_a_truth_that_is_another_is_told(self):
        self.generate("small", *SIZES["small"])
        file = pathlib.Path(f"{self.trace}.gt")
        file.write_text(file.read_text().replace("conns=500", "conns=501"))
        done = self.call("run", "--trace", self.trace, "--repeat", "1")
        self.assertEqual(1, done.returncode)
        self.assertIn("conns: 500 is not the truth's 501", done.stderr)

    def test_tshark_finds_the_same_connections_and_bytes_and_no_bad_checksum(self):
        truth = self.generate("web", *SIZES["web"])
        rows = subprocess.run(
            ["tshark", "-r", self.trace, "-o", "ip.check_checksum:TRUE",
             "-o", "tcp.check_checksum:TRUE", "-T", "fields", "-e", "tcp.stream", "-e", "tcp.len",
             "-e", "ip.checksum.status", "-e", "tcp.checksum.status", "-e", "frame.len"],
            capture_output=True, text=True, check=True, timeout=120).stdout.splitlines()
        streams, lengths, ip_good, tcp_good, frames = zip(*(row.split("\t") for row in rows))
        self.assertEqual(truth["packets"], len(rows))
        self.assertEqual(truth["conns"], len(set(streams)))
        self.assertEqual(truth["wire_bytes"], sum(map(int, frames)))
        self.assertEqual(truth["data_packets"], sum(length != "0" for length in lengths))
        self.assertEqual(({"1"}, {"1"}), (set(ip_good), set(tcp_good)))
        self.assertGreater(truth["reordered"], 0)
        self.assertGreater(truth["retransmitted"], 0)

    def test_the_same_seed_gives_the_same_file_and_another_one_another(self):
        self.generate("web", *SIZES["web"])
        first = self.trace.read_bytes()
        self.generate("web", *SIZES["web"])
        self.assertEqual(first, self.trace.read_bytes())
        self.generate("web", *SIZES["web"], "--seed", "2")
        self.assertNotEqual(first, self.trace.read_bytes())

    def test_a_shape_that_cannot_be_is_refused_with_its_range(self):
        for shape, options, said in (
                ("webb", [], "webb is none of web, small, bulk, conc=N"),
                ("conc=0", [], "conc=0 is none of"),
                ("web", ["--mss", "1461"], "mss: 1461 is not in [1, 1460]"),
                ("web", ["--request-bytes", "10"], "request_bytes: 10 is not in [200, 65536]"),
                ("web", ["--reorder", "1.5"], "reorder: 1.5 is not in [0, 1]")):
            with self.subTest(shape=shape, options=options):
                done = self.call("generate", shape, self.trace, *options)
                self.assertEqual(2, done.returncode)
                self.assertIn(said, done.stderr)
                self.assertFalse(self.trace.exists())

    def test_a_file_that_cannot_be_written_is_told_with_the_reason(self):
        done = self.call("generate", "small", "/nowhere/trace.pcap")
        self.assertEqual(5, done.returncode)
        self.assertIn("cannot write /nowhere/trace.pcap: No such file or directory", done.stderr)

    def test_libnids_finds_the_same_streams(self):
        if "compare" not in self.call("--help").stdout:
            self.skipTest("libnids-dev was not installed when mosaic-bench was built")
        self.generate("web", *SIZES["web"])
        for workload in ("read", "crc"):
            with self.subTest(workload=workload):
                done = self.call("compare", "--trace", self.trace, "--workload", workload,
                                 "--repeat", "1")
                self.assertEqual((0, ""), (done.returncode, done.stderr))
                self.assertRegex(done.stdout, r"mosaic +\S+ Mpps +libnids +\S+ Mpps +ratio +\S+")

    def test_json_has_the_figures_of_a_run(self):
        truth = self.generate("small", *SIZES["small"])
        done = self.call("run", "--trace", self.trace, "--repeat", "1", "--json")
        figures = json.loads(done.stdout)
        self.assertEqual(truth["packets"], figures["packets"])
        self.assertGreater(figures["mpps"], 0)

    def test_a_run_with_more_flows_than_the_limit_fails_and_says_what_to_raise(self):
        self.generate("small", *SIZES["small"])
        done = self.call("run", "--trace", self.trace, "--repeat", "1", "--flows-limit", "64")
        self.assertEqual(1, done.returncode)
        self.assertRegex(done.stderr, r"[1-9]\d* flows refused or evicted: raise --flows-limit")
        done = self.call("run", "--trace", self.trace, "--repeat", "1", "--flows-limit", "500")
        self.assertEqual((0, ""), (done.returncode, done.stderr))

    def test_retained_bytes_change_no_result_and_have_a_price(self):
        self.generate("web", *SIZES["web"])
        for workload in ("read", "crc"):
            done = self.call("run", "--trace", self.trace, "--workload", workload, "--repeat", "1",
                             "--retain", "unacked", "--json")
            self.assertEqual((0, ""), (done.returncode, done.stderr))
            figures = json.loads(done.stdout)
            self.assertEqual("unacked", figures["retain"])
            self.assertGreater(figures["mpps_retain_none"], 0)
        done = self.call("run", "--trace", self.trace, "--repeat", "1", "--retain", "unacked")
        self.assertRegex(done.stdout, r"retain none +\S+ Mpps +retain unacked +\S+ Mpps +price \S+")

    def test_grow_tells_each_size_what_it_costs_and_that_nothing_is_lost(self):
        done = self.call("grow", "--workload", "read", "--sizes", "16,256", "--connections",
                         "600", "--repeat", "1", "--json")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        told = json.loads(done.stdout)
        self.assertEqual([16, 256], [point["concurrent"] for point in told["points"]])
        self.assertEqual([0, 0], [point["flows_lost"] for point in told["points"]])
        self.assertGreaterEqual(told["growth"], 1)
        for point in told["points"]:
            self.assertGreater(point["nanos_per_packet"], 0)

    def test_grow_refuses_a_size_that_cannot_be(self):
        done = self.call("grow", "--sizes", "16,0")
        self.assertEqual(2, done.returncode)
        self.assertIn("--sizes", done.stderr)

    def test_idle_flows_expire_all_and_no_more_of_them_in_a_round_than_the_budget(self):
        done = self.call("expire", "--flows", "5000", "--json")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        told = json.loads(done.stdout)
        self.assertEqual((5000, 5000), (told["flows_created"], told["flows_expired"]))
        self.assertLessEqual(told["most_in_one_round"], told["expiry_budget"])
        self.assertGreater(told["most_in_one_round"], 0)
        self.assertGreaterEqual(told["rounds"], 5000 // told["expiry_budget"])


class GuardTest(unittest.TestCase):
    def test_only_a_ratio_that_is_worse_by_more_than_the_margin_fails(self):
        margin = guard.MARGIN
        for have, good in ((1.0, True), (1 - margin + 0.01, True), (1 - margin - 0.01, False),
                           (3.0, True)):
            with self.subTest(have=have):
                lines, verdict = guard.verdicts({"read/events on web": have},
                                                {"read/events on web": 1.0})
                self.assertEqual(good, verdict)
                self.assertEqual(not good, "WORSE" in lines[0])

    def test_a_ratio_that_was_not_measured_fails_nothing_and_is_told(self):
        lines, verdict = guard.verdicts({}, {"read/libnids on web": 3.0})
        self.assertTrue(verdict)
        self.assertIn("not measured", lines[0])

    def test_every_expectation_is_a_ratio_that_is_above_zero(self):
        expected = json.loads(guard.EXPECTED.read_text())
        self.assertGreaterEqual(len(expected), 4)
        for name, ratio in expected.items():
            self.assertRegex(name, r"^(events/floor|read/events|read/libnids) on (web|small)$")
            self.assertGreater(ratio, 0)


class PlotTest(unittest.TestCase):
    RUN = {"workload": "events", "workers": 1, "feed": "split", "mpps": 20.0, "mpps_min": 19.0,
           "mpps_max": 21.0}
    GROWN = {"workload": "events", "growth": 1.1,
             "points": [{"concurrent": size, "nanos_per_packet": 40.0,
                         "nanos_per_packet_min": 39.0, "nanos_per_packet_max": 44.0}
                        for size in (1024, 1048576)]}

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mosaic-plot-")
        self.addCleanup(folder.cleanup)
        self.figures = pathlib.Path(folder.name) / "figures.jsonl"
        self.picture = pathlib.Path(folder.name) / "picture.png"

    def plot(self, *lines: str) -> subprocess.CompletedProcess:
        self.figures.write_text("".join(line + "\n" for line in lines))
        return subprocess.run([BENCH_FOLDER / "plot", self.figures, "--to", self.picture],
                              capture_output=True, text=True, check=False, timeout=120)

    def test_figures_of_grow_and_run_become_a_picture(self):
        second = {**self.RUN, "workers": 2, "feed": "handoff"}
        done = self.plot(*map(json.dumps, (self.GROWN, self.RUN, second)))
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertTrue(self.picture.read_bytes().startswith(b"\x89PNG"))

    def test_what_is_no_figure_is_told_with_its_line(self):
        done = self.plot(json.dumps(self.RUN), "{}")
        self.assertEqual(1, done.returncode)
        self.assertIn(":2: neither of `grow` nor of `run`", done.stderr)
        self.assertFalse(self.picture.exists())


if __name__ == "__main__":
    BenchTest.bench = sys.argv.pop(1)
    unittest.main()
