#!/usr/bin/env python3
"""Tests of check_built.py."""

import pathlib
import unittest

import check_built

ROOT = pathlib.Path("/tree")


class CheckBuiltTest(unittest.TestCase):

    def test_a_source_that_the_build_does_not_compile_is_found(self):
        built = check_built.built_files(ROOT, ["/tree/dataplane/base/check.cc"])
        self.assertEqual([], check_built.missing(["dataplane/base/check.cc"], built))
        self.assertEqual(1, len(check_built.missing(["tests/unit/base/check_test.cc"], built)))

    def test_a_header_counts_when_it_is_compiled_alone(self):
        built = check_built.built_files(
            ROOT, ["/tree/build/release/dataplane/mosaic_base_verify_interface_header_sets/"
                   "dataplane/base/check.h.cxx"])
        self.assertEqual([], check_built.missing(["dataplane/base/check.h"], built))
        self.assertEqual(1, len(check_built.missing(["dataplane/base/other.h"], built)))

    def test_headers_of_tests_and_other_files_need_not_be_built(self):
        self.assertEqual([], check_built.missing(["tests/support/packets.h", "README.md"], set()))


if __name__ == "__main__":
    unittest.main()
