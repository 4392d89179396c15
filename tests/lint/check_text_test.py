#!/usr/bin/env python3
"""Tests of check_text.py, one rule each."""

import unittest

import check_text

HEADER = "// SeqNum is a TCP sequence number.\n\n#pragma once\n\nclass SeqNum;\n"


class CheckTextTest(unittest.TestCase):

    def expect(self, path: str, text: str, *messages: str):
        findings = check_text.check_file(path, text)
        self.assertEqual(len(messages), len(findings), findings)
        for message, finding in zip(messages, findings):
            self.assertIn(message, finding)

    def test_a_good_header_passes(self):
        self.expect("dataplane/base/seq_num.h", HEADER)

    def test_a_note_without_an_issue_is_found_at_its_line(self):
        self.expect("a.cc", "int a;\n// TODO: more\n", "a.cc:2: a note to oneself")
        self.expect("a.cc", "// TODO(issue 7): more\n")

    def test_a_path_of_one_machine_is_found_in_any_file(self):
        self.expect("README.md", "See /home/me/notes.\n", "a path of one machine")
        self.expect("run.sh", "cd /work/main\n", "a path of one machine")
        self.expect("run.sh", "cd $ROOT/work/main /var/tmp/x ./tmp/y\n")

    def test_white_space(self):
        self.expect("a.md", "a \n", "white space")
        self.expect("a.cc", "\tint a;\n", "a tab")
        self.expect("a.md", "a\r\n", "carriage return")
        self.expect("a.md", "a", "no newline at the end")

    def test_the_longest_file_passes_and_one_line_more_does_not(self):
        self.expect("a.cc", "int a;\n" * check_text.MAX_LINES)
        self.expect("a.cc", "int a;\n" * (check_text.MAX_LINES + 1), "a.cc:601: 601 lines")

    def test_a_test_that_does_not_run_is_found(self):
        self.expect("a_test.cc", "TEST(A, DISABLED_B) {}\n", "does not run")

    def test_a_silenced_check_is_named(self):
        self.expect("a.cc", "int a;  // NOLINT\n", "names the check")
        self.expect("a.cc", "int a;  // NOLINT(google-explicit-constructor)\n")

    def test_a_header_without_a_first_sentence_or_guard_is_found(self):
        self.expect("a.h", "#pragma once\n", "says what it is")
        self.expect("a.h", "// A.\n\n#include <cstdint>\n#pragma once\n", "a.h:3: #pragma once")
        self.expect("a.h", "", "says what it is", "#pragma once")

    def test_a_vague_name_is_found(self):
        self.expect("string_utils.cc", "int a;\n", "vague name")
        self.expect("uncommon.cc", "int a;\n")

    def test_a_link_to_nothing_is_found(self):
        lines = ["See [a](../a/README.md#top), [b](b.md) and [c](https://example.org/c)."]
        self.assertEqual([], check_text.check_links("d/e.md", lines, {"a/README.md", "d/b.md"}))
        self.assertEqual(["d/e.md:1: b.md is not in the repository"],
                         check_text.check_links("d/e.md", lines, {"a/README.md"}))


if __name__ == "__main__":
    unittest.main()
