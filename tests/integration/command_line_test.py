#!/usr/bin/env python3
"""mosaicd's command line: what it answers, and with which exit code, when it is
called rightly and wrongly.

usage: command_line_test.py MOSAICD REPOSITORY [unittest's options]
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

MOSAICD: pathlib.Path
REPOSITORY: pathlib.Path

OK, FAILED, USAGE, INVALID = 0, 1, 2, 4

# An ordinary user; named by number, for it need not have a name.
NOBODY = 65534

PCAP_HEADER_BYTES = 24
RECORD_HEADER_BYTES = 16


def data(name: str) -> pathlib.Path:
    return REPOSITORY / "tests/data" / name


class CommandLineTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="mosaic-cli-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_mosaicd(self, *words, expect: int, program=None, before=()) -> subprocess.CompletedProcess:
        """Runs mosaicd in the test's folder; fails if it does not exit with `expect`."""
        command = [*before, program or MOSAICD, *words]
        run = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                             timeout=120, check=False, cwd=self.folder, stdin=subprocess.DEVNULL)
        self.assertEqual(run.returncode, expect, f"{command}\n{run.stdout}{run.stderr}")
        return run

    def write(self, name: str, content) -> str:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    def diagnostics_of(self, yaml: str) -> list[str]:
        """What `check` says of a wrong file, line by line."""
        run = self.run_mosaicd("check", "-c", self.write("bad.yaml", yaml), expect=INVALID)
        self.assertEqual(run.stdout, "")
        return run.stderr.splitlines()

    # --- Help and usage -----------------------------------------------------------

    def test_help_and_version_go_to_standard_output(self):
        for words in [["--help"], ["replay", "--help"], ["check", "--help"]]:
            run = self.run_mosaicd(*words, expect=OK)
            self.assertIn("Usage: mosaicd", run.stdout)
            self.assertEqual(run.stderr, "")
        self.assertRegex(self.run_mosaicd("--version", expect=OK).stdout,
                         r"^mosaicd \d+\.\d+\.\d+ \(commit \S+, DPDK [0-9.]+\)\n$")

    def test_no_arguments_ask_for_a_command(self):
        run = self.run_mosaicd(expect=USAGE)
        self.assertEqual(run.stdout, "")
        self.assertIn("subcommand is required", run.stderr)

    def test_unknown_words_are_named(self):
        for words, unknown in [(["--frob"], "--frob"), (["replai"], "replai"),
                               (["replay", "--frob"], "--frob"),
                               (["replay", "a.pcap", "--overlap", "middle"], "middle"),
                               (["replay", "a.pcap", "--workers", "0"], "--workers"),
                               (["replay", "a.pcap", "--workers", "many"], "--workers"),
                               (["check"], "--config")]:
            self.assertIn(unknown, self.run_mosaicd(*words, expect=USAGE).stderr)

    def test_replay_of_nothing_asks_for_a_capture(self):
        self.assertIn("name a capture", self.run_mosaicd("replay", expect=USAGE).stderr)

    # --- Captures -----------------------------------------------------------------

    def test_missing_capture_is_named(self):
        run = self.run_mosaicd("replay", "nothing.pcap", expect=FAILED)
        self.assertIn("nothing.pcap: No such file", run.stderr)

    def test_text_is_no_capture(self):
        self.write("notes.pcap", "these are notes, not packets\n" * 4)
        run = self.run_mosaicd("replay", "notes.pcap", expect=INVALID)
        self.assertIn("notes.pcap: not a capture file", run.stderr)

    def test_empty_file_is_no_capture(self):
        self.write("empty.pcap", "")
        self.assertIn("empty.pcap", self.run_mosaicd("replay", "empty.pcap", expect=INVALID).stderr)

    def test_cut_capture_is_told_of_by_packet_and_byte_after_what_was_before(self):
        whole = data("dns.pcap").read_bytes()
        record = PCAP_HEADER_BYTES
        for _ in range(20):
            captured = int.from_bytes(whole[record + 8:record + 12], "little")
            record += RECORD_HEADER_BYTES + captured
        self.write("cut.pcap", whole[:record + RECORD_HEADER_BYTES + 5])

        run = self.run_mosaicd("replay", "cut.pcap", "--flows", "flows.jsonl", expect=INVALID)

        self.assertIn(f"cut.pcap: packet 21, byte {record}:", run.stderr)
        self.assertRegex(run.stdout, r"(?m)^packets +20 ")
        flows = (self.folder / "flows.jsonl").read_text().splitlines()
        self.assertRegex(run.stdout, rf"(?m)^flows +{len(flows)},")
        self.assertTrue(flows)

    def test_flows_that_cannot_be_written_fail_after_the_summary(self):
        run = self.run_mosaicd("replay", data("dns.pcap"), "--flows", "no/such/folder",
                               expect=FAILED)
        self.assertIn("packets", run.stdout)
        self.assertIn("no/such/folder", run.stderr)

    def test_flow_records_do_not_depend_on_the_number_of_workers(self):
        captures = sorted([*data(".").glob("*.pcap"), *data(".").glob("*.pcapng")])
        self.assertGreater(len(captures), 5)
        for capture in captures:
            records = []
            for workers in ["1", "3"]:
                self.run_mosaicd("replay", capture, "--workers", workers, "--flows", "flows.jsonl",
                                 expect=OK)
                records.append((self.folder / "flows.jsonl").read_text())
            self.assertEqual(records[0], records[1], capture.name)
            self.assertTrue(records[0], capture.name)
            for line in records[0].splitlines():
                json.loads(line)

    # --- Configurations -------------------------------------------------------------

    def test_examples_are_valid(self):
        examples = sorted((REPOSITORY / "deploy/examples").glob("*.yaml"))
        self.assertTrue(examples)
        for example in examples:
            self.assertIn(": valid, ", self.run_mosaicd("check", "-c", example, expect=OK).stdout)

    def test_missing_configuration_is_named(self):
        for command in ["check", "replay"]:
            run = self.run_mosaicd(command, "-c", "nothing.yaml", expect=INVALID)
            self.assertIn("nothing.yaml: cannot be opened", run.stderr)

    def test_every_fault_is_told_of_with_its_place(self):
        lines = self.diagnostics_of("system:\n"
                                    "  workrs: 3\n"
                                    "  burst_packets: many\n"
                                    "  replay: {loop: 7}\n")
        self.assertEqual(len(lines), 3, lines)
        self.assertTrue(lines[0].startswith("bad.yaml:2:3: system.workrs: unknown key"), lines[0])
        self.assertIn('did you mean "workers"?', lines[0])
        self.assertTrue(lines[1].startswith("bad.yaml:3:18: system.burst_packets: "), lines[1])
        self.assertTrue(lines[2].startswith("bad.yaml:4:18: system.replay.loop: "), lines[2])

    def test_fault_in_a_filter_has_the_text_of_libpcap(self):
        lines = self.diagnostics_of("config:\n"
                                    "  monitors:\n"
                                    "    - name: monitors/a\n"
                                    "      type: stream\n"
                                    "      syn_filter: tcp prt 80\n")
        self.assertEqual(len(lines), 1, lines)
        self.assertTrue(lines[0].startswith("bad.yaml:5:19: "), lines[0])
        self.assertIn("syntax error", lines[0])

    def test_replay_refuses_what_check_refuses(self):
        self.write("bad.yaml", "system: {workrs: 3}\n")
        check = self.run_mosaicd("check", "-c", "bad.yaml", expect=INVALID)
        replay = self.run_mosaicd("replay", "-c", "bad.yaml", expect=INVALID)
        self.assertEqual(check.stderr, replay.stderr)

    def test_loop_cannot_write_records(self):
        self.write("loop.yaml", "system: {replay: {loop: true}}\n")
        run = self.run_mosaicd("replay", "-c", "loop.yaml", data("dns.pcap"), "--flows", "f",
                               expect=USAGE)
        self.assertIn("--once", run.stderr)
        self.run_mosaicd("replay", "-c", "loop.yaml", data("dns.pcap"), "--flows", "f", "--once",
                         expect=OK)

    # --- Rights -----------------------------------------------------------------------

    def test_replay_needs_no_rights(self):
        program = self.folder / "mosaicd"
        shutil.copy(MOSAICD, program)
        shutil.copy(data("dns.pcap"), self.folder / "dns.pcap")
        self.folder.chmod(0o755)
        drop_rights = []
        if os.geteuid() == 0:
            drop_rights = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                           "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"]

        run = self.run_mosaicd("replay", "dns.pcap", expect=OK, program=program,
                               before=drop_rights)

        self.assertRegex(run.stdout, r"(?m)^packets +42 ")
        self.assertEqual(run.stderr, "")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    MOSAICD, REPOSITORY = (pathlib.Path(argument).resolve() for argument in sys.argv[1:3])
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]])
