#!/usr/bin/env python3
"""The headers of the C API compile in every language version that a program may
use, with every compiler that is installed, without a warning; and values and
layouts are those that programs written for mOS were compiled with.

usage: headers_test.py REPOSITORY [unittest's options]
"""

import pathlib
import shutil
import subprocess
import sys
import unittest

REPOSITORY: pathlib.Path

HEADERS = ["mos_api.h", "mtcp_api.h", "mtcp_epoll.h", "mtcp_util.h"]
C_COMPILERS = ["gcc", "clang"]
CXX_COMPILERS = ["g++", "clang++"]
WARNINGS = ["-Wall", "-Wextra", "-pedantic", "-Werror"]


class HeadersTest(unittest.TestCase):
    def compile(self, compiler: str, language: str, standard: str, source: str):
        if shutil.which(compiler) is None:
            self.skipTest(f"{compiler} is not installed")
        run = subprocess.run(
            [compiler, "-x", language, f"-std={standard}", *WARNINGS, "-fsyntax-only",
             "-I", REPOSITORY / "dataplane/mos/include", "-"],
            input=source, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(run.returncode, 0, f"{compiler} {standard}\n{run.stderr}")

    def test_each_header_alone_is_c99_and_later(self):
        for compiler in C_COMPILERS:
            for standard in ["c99", "gnu99", "c11", "c17"]:
                for header in HEADERS:
                    with self.subTest(compiler=compiler, standard=standard, header=header):
                        self.compile(compiler, "c", standard,
                                     f"#include <{header}>\n#include <{header}>\nint used;\n")

    def test_each_header_alone_is_cxx(self):
        for compiler in CXX_COMPILERS:
            for standard in ["c++98", "c++11", "c++17", "c++20"]:
                for header in HEADERS:
                    with self.subTest(compiler=compiler, standard=standard, header=header):
                        self.compile(compiler, "c++", standard,
                                     f"#include <{header}>\n#include <{header}>\nint used;\n")

    def test_values_and_layouts_are_those_of_mos(self):
        source = (REPOSITORY / "tests/mos/layout.c").read_text()
        for compiler in C_COMPILERS:
            self.compile(compiler, "c", "c11", source)
        for compiler in CXX_COMPILERS:
            self.compile(compiler, "c++", "c++11", source)

    def test_a_layout_that_differs_is_found(self):
        source = (REPOSITORY / "tests/mos/layout.c").read_text()
        changed = source.replace("offsetof(struct pkt_info, offset) == 16",
                                 "offsetof(struct pkt_info, offset) == 24")
        self.assertNotEqual(source, changed)
        with self.assertRaises(AssertionError):
            self.compile("gcc", "c", "c11", changed)


if __name__ == "__main__":
    REPOSITORY = pathlib.Path(sys.argv.pop(1)).resolve()
    unittest.main()
