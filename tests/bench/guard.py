#!/usr/bin/env python3
"""Fails when the engine has become much slower than what it is measured beside.

usage: guard.py MOSAIC_BENCH [--rounds N]

Speeds are compared with each other, never with a clock: a slow machine is slow
for both. They are packets per second of CPU time, runs alternate, and the
fastest of each counts, so that what else the machine does hurts neither. ratios.json has what each ratio is expected to
be; one that is worse by more than MARGIN fails. One that is better by as much is
told, for then the file is to be brought up to date.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

MARGIN = 0.4
EXPECTED = pathlib.Path(__file__).with_name("ratios.json")

# Some 400,000 packets each: long enough for a figure, short enough for a guard.
SHAPES = {"web": ["--connections", "10000", "--concurrent", "4096"],
          "small": ["--connections", "36000", "--concurrent", "16384"]}
WORKLOADS = ("floor", "events", "read")
# Room for all of either; less to make resident than by default.
LIMIT = ["--flows-limit", "65536"]


class Bench:
    def __init__(self, program: str, folder: pathlib.Path) -> None:
        self.program = program
        self.folder = folder

    def call(self, *arguments: str) -> str:
        done = subprocess.run([self.program, *arguments], capture_output=True, text=True,
                              check=False, timeout=60)
        if done.returncode != 0:
            sys.exit(f"guard: {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def generate(self, shape: str) -> str:
        trace = str(self.folder / f"{shape}.pcap")
        self.call("generate", shape, trace, *SHAPES[shape])
        return trace

    def speed(self, trace: str, workload: str) -> float:
        """The fastest of three, in millions of packets per second of CPU time."""
        told = json.loads(self.call("run", "--trace", trace, "--workload", workload,
                                    "--repeat", "3", "--json", *LIMIT))
        return 1e3 / told["cpu_nanos_per_packet_min"]

    def libnids_ratio(self, trace: str) -> float | None:
        """Fastest by fastest, turn by turn; nothing where it was built without libnids."""
        if "compare" not in self.call("--help"):
            return None
        told = json.loads(self.call("compare", "--trace", trace, "--workload", "read",
                                    "--repeat", "3", "--json", *LIMIT))
        return told["libnids_cpu_nanos_per_packet_min"] / told["mosaic_cpu_nanos_per_packet_min"]


def measure(bench: Bench, rounds: int) -> dict[str, float]:
    traces = {shape: bench.generate(shape) for shape in SHAPES}
    best: dict[tuple[str, str], float] = {}
    nids = []
    for _ in range(rounds):
        for shape, trace in traces.items():
            for workload in WORKLOADS:
                key = (workload, shape)
                best[key] = max(best.get(key, 0), bench.speed(trace, workload))
        nids.append(bench.libnids_ratio(traces["web"]))
    ratios = {}
    for shape in SHAPES:
        ratios[f"events/floor on {shape}"] = best["events", shape] / best["floor", shape]
    ratios["read/events on web"] = best["read", "web"] / best["events", "web"]
    if None not in nids:
        ratios["read/libnids on web"] = max(nids)
    return ratios


def verdicts(measured: dict[str, float], expected: dict[str, float]) -> tuple[list[str], bool]:
    """A line for each expected ratio, and whether all hold."""
    lines, good = [], True
    for name, want in expected.items():
        have = measured.get(name)
        if have is None:
            lines.append(f"{name:<24} not measured: built without libnids")
            continue
        word = "ok"
        if have < want * (1 - MARGIN):
            word, good = f"WORSE by more than {MARGIN:.0%}", False
        elif have > want / (1 - MARGIN):
            word = "better by far: bring ratios.json up to date"
        lines.append(f"{name:<24} {have:6.2f}  expected {want:6.2f}  {word}")
    return lines, good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("bench")
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mosaic-guard-") as folder:
        measured = measure(Bench(arguments.bench, pathlib.Path(folder)), arguments.rounds)
    lines, good = verdicts(measured, json.loads(EXPECTED.read_text()))
    print("\n".join(lines))
    print(f"{time.monotonic() - begin:.0f} s")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
