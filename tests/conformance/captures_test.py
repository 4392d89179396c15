#!/usr/bin/env python3
"""Real captures that others recorded, with independent ground truth, through
mosaicd: every stream with one right answer is exact, nothing crashes, and the
report does not depend on the number of workers.

usage: captures_test.py MOSAICD [unittest's options]

The captures are not part of the repository: MOSAIC_CAPTURES names their folder,
and ../tools/check_captures.py beside it scores a report. Without MOSAIC_CAPTURES
the test is skipped: it says so and exits with 77.
"""

import concurrent.futures
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile
import unittest

SKIPPED = 77

MOSAICD: pathlib.Path
CAPTURES: pathlib.Path

WORKERS = (1, 2, 3, 5)


def replay(capture: pathlib.Path, report: pathlib.Path, workers: int) -> subprocess.CompletedProcess:
    return subprocess.run(
        [MOSAICD, "replay", "--checksum", "ignore", "--workers", str(workers),
         "--flows", report, capture],
        capture_output=True, text=True, errors="replace", timeout=120, check=False)


def faults_of(capture: pathlib.Path) -> list[str]:
    """Replays `capture` with each number of workers; says what is wrong.

    A capture that is cut or damaged may be refused, with a message.
    """
    faults = []
    reports = {}
    with tempfile.TemporaryDirectory() as folder:
        for workers in WORKERS:
            report = pathlib.Path(folder) / f"flows-{workers}.jsonl"
            place = f"{capture.name} with {workers} workers"
            try:
                run = replay(capture, report, workers)
            except subprocess.TimeoutExpired:
                faults.append(f"{place}: no end after 120 s")
                continue
            if not 0 <= run.returncode < 128:
                faults.append(f"{place}: crashed, exit {run.returncode}: {run.stderr[-500:]}")
            elif run.returncode != 0 and not run.stderr.strip():
                faults.append(f"{place}: exit {run.returncode} without a word")
            reports[workers] = (run.returncode, report.read_bytes() if report.exists() else None)
    for workers, outcome in reports.items():
        if outcome != reports[min(reports)]:
            faults.append(f"{capture.name}: another report with {workers} workers than with "
                          f"{min(reports)}")
    return faults


class CapturesTest(unittest.TestCase):

    def test_every_stream_with_one_right_answer_is_exact(self):
        checker = CAPTURES / "../tools/check_captures.py"
        command = f"{shlex.quote(str(MOSAICD))} replay --checksum ignore --flows {{out}} {{pcap}}"
        run = subprocess.run(
            [sys.executable, checker, CAPTURES, "--command", command],
            capture_output=True, text=True, check=False)
        print(run.stdout)
        self.assertEqual(0, run.returncode, run.stdout + run.stderr)

    def test_no_capture_crashes_and_the_report_is_the_same_with_any_number_of_workers(self):
        captures = sorted(path for path in (CAPTURES / "pcap").iterdir() if path.is_file())
        self.assertNotEqual([], captures)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            faults = [fault for found in pool.map(faults_of, captures) for fault in found]
        print(f"{len(captures)} captures, {len(WORKERS)} numbers of workers, {len(faults)} faults")
        self.assertEqual([], faults, "\n".join(faults))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    if not os.environ.get("MOSAIC_CAPTURES"):
        print("skipped: MOSAIC_CAPTURES does not name a folder of captures")
        sys.exit(SKIPPED)
    MOSAICD = pathlib.Path(sys.argv[1]).resolve()
    CAPTURES = pathlib.Path(os.environ["MOSAIC_CAPTURES"]).resolve()
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]])
