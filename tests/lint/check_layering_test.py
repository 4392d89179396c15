#!/usr/bin/env python3
"""Tests of check_layering.py on trees that break one rule each."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

import check_layering

CHECK = pathlib.Path(__file__).with_name("check_layering.py")


def findings_of(path: str, *includes: str) -> list[str]:
    return check_layering.check_file(
        path, "// What it is.\n" + "".join(f"#include {name}\n" for name in includes))


class ArrowsTest(unittest.TestCase):

    def test_a_stage_may_include_its_own_folder_and_base(self):
        self.assertEqual([], findings_of("dataplane/parse/parser.cc", '"dataplane/parse/parser.h"',
                                         '"dataplane/base/packet.h"', "<cstdint>"))

    def test_an_include_against_an_arrow_is_named_with_file_line_and_rule(self):
        self.assertEqual(
            ["dataplane/base/packet.h:2: dataplane/base may not include dataplane/io/port.h; "
             "it may include nothing but itself"],
            findings_of("dataplane/base/packet.h", '"dataplane/io/port.h"'))

    def test_a_function_sees_what_it_may_but_no_other_function(self):
        self.assertEqual([], findings_of("nf/firewall/firewall.cc", '"dataplane/api/verdict.h"',
                                         '"nf/firewall/rule.h"', '"dataplane/base/flow_key.h"'))
        self.assertEqual(1, len(findings_of("nf/firewall/firewall.cc", '"nf/nat/nat.h"')))
        self.assertEqual(1, len(findings_of("nf/firewall/firewall.cc", '"nf/registry.h"')))
        self.assertEqual(1, len(findings_of("nf/firewall/firewall.cc", '"dataplane/flow/flow.h"')))

    def test_the_registry_of_functions_sees_all_of_them(self):
        self.assertEqual([], findings_of("nf/registry.cc", '"nf/firewall/firewall.h"'))

    def test_control_reaches_the_dataplane_only_through_its_seam(self):
        self.assertEqual([], findings_of("control/core/controller.cc",
                                         '"dataplane/command/publisher.h"',
                                         '"dataplane/engine/engine.h"'))
        self.assertEqual(1, len(findings_of("control/core/controller.cc",
                                            '"dataplane/engine/pipeline.h"')))
        self.assertEqual(1, len(findings_of("control/config/loader.cc",
                                            '"dataplane/engine/engine.h"')))

    def test_the_composition_root_sees_the_engine_and_the_registry(self):
        self.assertEqual([], findings_of("control/main.cc", '"dataplane/engine/engine.h"',
                                         '"nf/registry.h"', '"control/config/loader.h"'))
        self.assertEqual(1, len(findings_of("control/main.cc", '"nf/firewall/firewall.h"')))

    def test_nothing_depends_on_tests(self):
        self.assertEqual(1, len(findings_of("dataplane/parse/parser.cc",
                                            '"tests/support/packets.h"')))

    def test_a_folder_without_a_row_is_an_error(self):
        self.assertIn("has no row", findings_of("dataplane/extra/thing.h")[0])

    def test_a_name_that_only_begins_like_a_folder_is_not_below_it(self):
        self.assertEqual(1, len(findings_of("dataplane/io/port.cc", '"dataplane/baseline/x.h"')))

    def test_a_header_is_named_by_its_whole_path(self):
        self.assertEqual(1, len(findings_of("dataplane/io/port.cc", '"port.h"')))

    def test_every_row_names_rows(self):
        for row, targets in check_layering.ARROWS.items():
            for target in targets:
                self.assertTrue(
                    check_layering.row_of(target, check_layering.ARROWS) or
                    any(check_layering.is_under(other, target)
                        for other in check_layering.ARROWS), f"{row} -> {target}")


class BordersTest(unittest.TestCase):

    def test_dpdk_stays_in_io_and_in_sources_of_filter(self):
        self.assertEqual([], findings_of("dataplane/io/port.h", "<rte_ethdev.h>"))
        self.assertEqual([], findings_of("dataplane/filter/jit.cc", "<rte_bpf.h>"))
        self.assertEqual(1, len(findings_of("dataplane/filter/jit.h", "<rte_bpf.h>")))
        self.assertEqual(1, len(findings_of("dataplane/flow/flow_table.cc", "<rte_hash.h>")))

    def test_protobuf_stays_in_control(self):
        self.assertEqual([], findings_of("control/config/loader.cc", '"mosaic/v1/common.pb.h"'))
        self.assertEqual(1, len(findings_of("dataplane/policy/snapshot.cc",
                                            "<google/protobuf/message.h>")))


class ProgramTest(unittest.TestCase):

    def run_on(self, files: dict[str, str]) -> subprocess.CompletedProcess:
        with tempfile.TemporaryDirectory() as name:
            root = pathlib.Path(name)
            subprocess.run(["git", "init", "-q", name], check=True)
            for path, text in files.items():
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text)
            return subprocess.run([sys.executable, CHECK, name], capture_output=True, text=True,
                                  check=False)

    def test_a_bad_tree_fails_and_a_good_one_passes(self):
        good = self.run_on({"dataplane/base/a.h": "// A.\n"})
        self.assertEqual((0, ""), (good.returncode, good.stdout))
        bad = self.run_on({"dataplane/base/a.h": "// A.\n#include <rte_mbuf.h>\n"})
        self.assertEqual(1, bad.returncode)
        self.assertTrue(bad.stdout.startswith("dataplane/base/a.h:2: DPDK"), bad.stdout)

    def test_an_empty_tree_fails_because_nothing_was_checked(self):
        self.assertEqual(1, self.run_on({"README.md": "Nothing.\n"}).returncode)


if __name__ == "__main__":
    unittest.main()
