#!/usr/bin/env python3
"""Fails on what a reader of the tree should not meet: notes to oneself, paths of
one machine, files too long to read at once, tests that do not run, a header that
does not say what it is, a link to a file that is not there.

usage: check_text.py REPOSITORY
"""

import pathlib
import posixpath
import re
import sys

import source_tree

MAX_LINES = 600

# The checks of every text file: what must not stand there, and what to do.
EVERYWHERE = [
    (re.compile(r"\b(?:TODO|FIXME|XXX)\b(?!\(issue \d+\))"),
     "a note to oneself names its issue: TODO(issue 12), or is not there"),
    (re.compile(r"(?<![\w.$}/*-])/(?:home|root|work|tmp)/"),
     "a path of one machine; make it relative or an option"),
    (re.compile(r"[ \t]+$"), "white space at the end of the line"),
    (re.compile(r"\r"), "a carriage return"),
]

# The same for C++.
IN_CPP = [
    (re.compile(r"\t"), "a tab"),
    (re.compile(r"\bDISABLED_\w|\bGTEST_SKIP\b"), "a test that does not run; fix or remove it"),
    (re.compile(r"\bNOLINT(?:NEXTLINE)?\b(?!\([^)]+\))"), "NOLINT names the check that is wrong"),
]

# Files whose content others define, or that must name what is forbidden.
EXEMPT = re.compile(r"LICENSE$|tests/lint/check_text(?:_test)?\.py$|tests/data/|tests/fuzz/corpus/")

VAGUE_NAMES = re.compile(r"(?:^|_)(?:utils?|common|helpers?|misc)(?:_test)?$")
# Programs written for mOS include it.
NAMED_BY_OTHERS = {"dataplane/mos/include/mtcp_util.h"}


def check_lines(path: str, lines: list[str], rules) -> list[str]:
    return [source_tree.finding(path, number, message)
            for number, line in enumerate(lines, start=1)
            for pattern, message in rules if pattern.search(line)]


def check_header(path: str, lines: list[str]) -> list[str]:
    """A header says what it is, then guards itself, then goes on."""
    findings = []
    if not re.match(r"// \S", lines[0] if lines else ""):
        findings.append(source_tree.finding(path, 1, "a header's first line says what it is"))
    code = [(number, line) for number, line in enumerate(lines, start=1)
            if line.strip() and not line.startswith("//")]
    if not code or code[0][1] != "#pragma once":
        findings.append(source_tree.finding(
            path, code[0][0] if code else 1, "#pragma once comes before all other code"))
    return findings


def check_links(path: str, lines: list[str], known: set[str]) -> list[str]:
    """Links of a Markdown file to others of the repository, whose files and
    folders are `known`."""
    folder = posixpath.dirname(path)
    return [source_tree.finding(path, number, f"{target} is not in the repository")
            for number, line in enumerate(lines, start=1)
            for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", line)
            if posixpath.normpath(posixpath.join(folder, target)) not in known]


def check_file(path: str, text: str) -> list[str]:
    """The findings of one file: `path` relative to the repository, its `text`."""
    lines = text.split("\n")
    findings = check_lines(path, lines, EVERYWHERE)
    if text and not text.endswith("\n"):
        findings.append(source_tree.finding(path, len(lines), "no newline at the end"))
    if path.endswith(source_tree.CPP_SUFFIXES):
        findings += check_lines(path, lines, IN_CPP)
        if text.count("\n") > MAX_LINES:
            findings.append(source_tree.finding(
                path, MAX_LINES + 1, f"{text.count(chr(10))} lines; split it by concept "
                f"(at most {MAX_LINES})"))
        if VAGUE_NAMES.search(pathlib.PurePath(path).stem) and path not in NAMED_BY_OTHERS:
            findings.append(source_tree.finding(path, 1, "a vague name; say what it holds"))
        if path.endswith(".h"):
            findings += check_header(path, lines)
    return findings


def main() -> int:
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    root = pathlib.Path(sys.argv[1])
    findings, looked_at = [], 0
    files = source_tree.repository_files(root)
    known = {posixpath.normpath(parent.as_posix())
             for path in files for parent in [pathlib.PurePosixPath(path),
                                              *pathlib.PurePosixPath(path).parents]}
    for path in files:
        if EXEMPT.search(path):
            continue
        content = (root / path).read_bytes()
        if b"\0" in content:
            continue
        looked_at += 1
        text = content.decode(errors="replace")
        findings += check_file(path, text)
        if path.endswith(".md"):
            findings += check_links(path, text.split("\n"), known)
    return source_tree.report("check_text", findings, looked_at)


if __name__ == "__main__":
    sys.exit(main())
