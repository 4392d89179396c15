#!/usr/bin/env python3
"""Fails where a source or a library's header is in the tree but not in the build:
a test that is not listed does not run, and nobody misses it.

usage: check_built.py REPOSITORY BUILD_FOLDER

Reads BUILD_FOLDER/compile_commands.json. A header counts as built if the target
all_verify_interface_header_sets compiles it alone.
"""

import json
import pathlib
import sys

import source_tree

FOLDERS = ("dataplane/", "control/", "nf/", "tests/")

# Headers of these are compiled alone; those of tests need not be a library's.
LIBRARY_FOLDERS = ("dataplane/", "control/", "nf/")


def built_files(root: pathlib.Path, compiled: list[str]) -> set[str]:
    """The repository's files among `compiled`, the build's sources."""
    built = set()
    for name in compiled:
        path = pathlib.Path(name)
        for part in path.parts:
            if part.endswith("_verify_interface_header_sets"):
                header = path.parts[path.parts.index(part) + 1:]
                built.add("/".join(header).removesuffix(".cxx"))
                break
        else:
            if path.is_relative_to(root):
                built.add(path.relative_to(root).as_posix())
    return built


def missing(paths: list[str], built: set[str]) -> list[str]:
    """The findings: which of the repository's `paths` should be built and are not."""
    findings = []
    for path in paths:
        if path in built:
            continue
        if path.endswith(".cc") and path.startswith(FOLDERS):
            findings.append(source_tree.finding(path, 1, "no CMakeLists.txt names this source"))
        if path.endswith(".h") and path.startswith(LIBRARY_FOLDERS):
            findings.append(source_tree.finding(
                path, 1, "no mosaic_library() has a source in this header's folder"))
    return findings


def main() -> int:
    if len(sys.argv) != 3:
        print(__doc__, file=sys.stderr)
        return 2
    root = pathlib.Path(sys.argv[1]).resolve()
    commands = json.loads((pathlib.Path(sys.argv[2]) / "compile_commands.json").read_text())
    built = built_files(root, [command["file"] for command in commands])
    return source_tree.report(
        "check_built", missing(source_tree.repository_files(root), built), len(built))


if __name__ == "__main__":
    sys.exit(main())
